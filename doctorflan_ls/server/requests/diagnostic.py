"""textDocument/diagnostic: for clients that ask for findings."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params


async def diagnostic(ls: Connection, params: Params) -> Json:
    """A ``DocumentDiagnosticReport``; ``unchanged`` where it is the one the client has."""
    import json  # noqa: PLC0415  # starts faster

    from doctorflan_ls.drafts import digest  # noqa: PLC0415

    uri = params.uri()
    ls.publisher.asked()
    items = await _latest(ls, uri)
    # Of the findings themselves, so that no server need remember what it said.
    result_id = digest(json.dumps(items))[:32]
    if params.string_or("previousResultId") == result_id:
        return {"kind": "unchanged", "resultId": result_id}
    return {"kind": "full", "resultId": result_id, "items": items}


async def _latest(ls: Connection, uri: str) -> list[Json]:
    """The findings of the latest text, however often that changes while they are looked for: a
    client that is refused takes away the findings it has."""
    from doctorflan_ls.errors import Stale  # noqa: PLC0415
    from doctorflan_ls.server.publishing import report  # noqa: PLC0415

    while True:
        await ls.host.load.others_first()
        with suppress(Stale):
            return await report(ls, ls.document(uri))
