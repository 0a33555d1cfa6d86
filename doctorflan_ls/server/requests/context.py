"""doctorflan/context: what a host knows of a note beside its text (schemas/protocol/context.json).

Most often a notification; sent as a request it answers what could not be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.documents import Document
    from doctorflan_ls.server.params import Params

# A log line that lists more helps nobody.
_MOST_TOLD = 10


def context(ls: Connection, params: Params) -> Json:
    """Keep the context with the open document and look at the document again; null clears it."""
    document = ls.document(params.string("uri"))
    problems = take(ls, document, params)
    ls.publisher.refresh()
    return {"problems": problems}


def take(ls: Connection, document: Document, params: Params) -> list[Json]:
    """Give ``document`` the ``context`` of ``params`` and tell, in one line, what is left out."""
    from doctorflan_ls.notes.context import read_context  # noqa: PLC0415  # starts faster

    if not params.has("context"):
        document.told = None
        return []
    reading = read_context(params.raw["context"])
    document.told = reading.context
    problems = reading.problems
    if problems:
        words = [
            f"{each.key or 'context'} ({each.expected})" if each.expected else each.key
            for each in problems[:_MOST_TOLD]
        ]
        keys = "; ".join(words) + (" …" if len(problems) > _MOST_TOLD else "")
        ls.log_to_client(ls.say("context.unread", keys=keys))
    return [
        {"key": each.key, "reason": each.reason, "expected": each.expected} for each in problems
    ]
