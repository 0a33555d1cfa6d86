"""inlayHint."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params


def inlay_hint(ls: Connection, params: Params) -> list[Json]:
    """The marks in the range."""
    from doctorflan_ls.features.inlay_hints import inlay_hints  # noqa: PLC0415

    document = ls.document(params.uri())
    places = ls.places(document)
    span = places.span(params.range("range"))
    return [
        {
            "position": places.position(hint.offset),
            "label": hint.label,
            "tooltip": hint.tooltip,
            "paddingLeft": True,
        }
        for hint in inlay_hints(ls.snapshot(document), span)
    ]
