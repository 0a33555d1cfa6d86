"""doctorflan/check: a note that need not be open (schemas/protocol/check.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.server.requests.context import take
from doctorflan_ls.server.requests.drafts import row
from doctorflan_ls.text import Text

if TYPE_CHECKING:
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params


async def check(ls: Connection, params: Params) -> Json:
    """What there is to report of ``text``; nothing of it is kept."""
    from doctorflan_ls.features.diagnostics import diagnostics  # noqa: PLC0415
    from doctorflan_ls.features.standing import standing  # noqa: PLC0415
    from doctorflan_ls.server import plugged  # noqa: PLC0415
    from doctorflan_ls.server.background import in_thread  # noqa: PLC0415
    from doctorflan_ls.server.documents import Document  # noqa: PLC0415
    from doctorflan_ls.server.publishing import to_json  # noqa: PLC0415

    document = Document(params.string("uri"), 0, Text(params.string("text")))
    take(ls, document, params)
    await plugged.loaded(ls)
    # A note of some megabytes takes seconds to read: typing in the open one goes on.
    await in_thread(lambda: document.note.facts)
    brought = await plugged.findings(ls, document)
    snapshot = ls.snapshot(document, brought=brought)
    places = ls.places(document)
    found = await in_thread(lambda: diagnostics(snapshot))
    return {
        "diagnostics": to_json(ls, document, found),
        "drafts": [row(each, places) for each in standing(snapshot, lambda _: None)],
        "docType": document.note.doc_type,
    }
