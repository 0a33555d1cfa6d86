"""hover."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params


async def hover(ls: Connection, params: Params) -> Json | None:
    """What there is to say at the position."""
    from doctorflan_ls.features import hover as feature  # noqa: PLC0415
    from doctorflan_ls.server import plugged  # noqa: PLC0415

    document = ls.document(params.uri())
    text = document.text
    brought = await plugged.findings(ls, document, wait=False)
    plugged.tell_resting(ls)
    if not ls.still(document, text):
        # The position was one of the text before.
        return None
    places = ls.places(document)
    markdown = ls.client.markdown_hover
    offset = places.offset(params.position("position"))
    found = feature.hover(
        ls.snapshot(document, markdown=markdown, brought=brought),
        offset,
        lambda draft_id: ls.drafts.recall(draft_id, document.uri),
    )
    if found is None:
        return None
    kind = "markdown" if markdown else "plaintext"
    return {"contents": {"kind": kind, "value": found.text}, "range": places.range(found.span)}
