"""textDocument/diagnostic: for clients that ask for findings."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.documents import Document
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
    """The findings of the text as it is once no client's message waits.

    All who ask until then are answered with the same: while typing comes faster than findings are
    made, there is one piece of work for a document and not one for each key.
    """
    import asyncio  # noqa: PLC0415  # starts faster

    document = ls.document(uri)
    if document.due is None:
        due = document.due = asyncio.get_running_loop().create_future()
        # Whoever asked may be gone by the time it fails.
        due.add_done_callback(lambda done: done.cancelled() or done.exception())
        ls.protocol.background(_make(ls, document, due))
    return await asyncio.shield(document.due)


async def _make(ls: Connection, document: Document, due: asyncio.Future[list[Json]]) -> None:
    try:
        await ls.host.load.others_first()
        # Who asks from here on may ask of a later text.
        document.due = None
        due.set_result(await _report(ls, document.uri))
    # Each who waits is answered with it, as with a failure of his own.
    except Exception as error:  # noqa: BLE001
        due.set_exception(error)


async def _report(ls: Connection, uri: str) -> list[Json]:
    """The findings of the latest text, however often that changes while they are looked for: a
    client that is refused takes away the findings it has."""
    from doctorflan_ls.errors import Stale  # noqa: PLC0415
    from doctorflan_ls.server.publishing import report  # noqa: PLC0415

    while True:
        with suppress(Stale):
            return await report(ls, ls.document(uri))
