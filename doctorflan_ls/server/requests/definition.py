"""definition: from a statement of a draft to what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params


def definition(ls: Connection, params: Params) -> list[Json]:
    """The places of the evidence; none outside of drafts and for those no longer remembered."""
    from doctorflan_ls.features.evidence import sources  # noqa: PLC0415
    from doctorflan_ls.insertion import block_at  # noqa: PLC0415

    document = ls.document(params.uri())
    places = ls.places(document)
    offset = places.offset(params.position("position"))
    block = block_at(document.note, offset)
    made = None if block is None else ls.drafts.recall(block.id, document.uri)
    if block is None or made is None:
        return []
    found = sources(document.note, block, made, offset)
    return [{"uri": document.uri, "range": places.range(span)} for span in found]
