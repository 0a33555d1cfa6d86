"""codeLens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.server.capabilities import ACCEPT_COMMAND, DISCARD_COMMAND, REGENERATE_COMMAND

if TYPE_CHECKING:
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params

_COMMANDS = {
    "accept": ACCEPT_COMMAND,
    "discard": DISCARD_COMMAND,
    "regenerate": REGENERATE_COMMAND,
}


def code_lens(ls: Connection, params: Params) -> list[Json]:
    """The lenses; none for a client that takes no edits, to which they would lead."""
    from doctorflan_ls.features.code_lens import code_lenses  # noqa: PLC0415

    document = ls.document(params.uri())
    if not ls.client.apply_edit:
        return []
    places = ls.places(document)
    return [
        {
            "range": places.range(lens.span),
            "command": {
                "title": lens.title,
                "command": _COMMANDS[lens.operation],
                "arguments": [{"uri": document.uri, "block": lens.block}],
            },
        }
        for lens in code_lenses(ls.snapshot(document))
    ]
