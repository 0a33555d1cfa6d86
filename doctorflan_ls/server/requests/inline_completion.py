"""textDocument/inlineCompletion (LSP 3.18): ghost text from the note's own words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from doctorflan_ls.server import jobs
from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from doctorflan_ls.features.inline_completion import Ghost
    from doctorflan_ls.features.snapshot import Snapshot
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json, Places
    from doctorflan_ls.server.documents import Document
    from doctorflan_ls.server.params import Params

# LSP 3.18, InlineCompletionTriggerKind: the doctor asked, no key did.
_INVOKED = 1
_SECONDS = 0.3
_INVOKED_SECONDS = 1.0


async def inline_completion(ls: Connection, params: Params) -> Json:
    """What goes on from the cursor; nothing where that is not certain.

    Where a completion is selected the ghost goes on from it, as the client shows no other.
    """
    from doctorflan_ls.features.inline_completion import quotes  # noqa: PLC0415

    document = ls.document(params.uri())
    places = ls.places(document)
    offset = places.offset(params.position("position"))
    context = params.object_or_none("context")
    invoked = context is not None and context.integer_or("triggerKind") == _INVOKED
    selected = context.object_or_none("selectedCompletionInfo") if context else None
    snapshot = ls.snapshot(document)
    if not ls.configuration.settings.draft.ghost:
        return {"items": []}
    if selected is not None:
        span, text = places.span(selected.range("range")), selected.string("text")
        note = snapshot.note.edited(span, text, document.version)
        ghosts = quotes(note, span.start + len(text))
        extended = [_extending(each, span, text) for each in ghosts]
        return {"items": [_item(each, places) for each in extended]}
    found = quotes(snapshot.note, offset)
    if not found:
        seconds = _INVOKED_SECONDS if invoked else _SECONDS
        found = await _opened(ls, document, snapshot, offset, seconds)
    return {"items": [_item(each, places) for each in found]}


async def _opened(
    ls: Connection, document: Document, snapshot: Snapshot, offset: int, seconds: float
) -> tuple[Ghost, ...]:
    """The text of an empty section, where it is made within ``seconds``."""
    from doctorflan_ls.engine import Lane  # noqa: PLC0415  # not before the first job
    from doctorflan_ls.features.inline_completion import filled, opening  # noqa: PLC0415
    from doctorflan_ls.prompts import Prompt  # noqa: PLC0415

    opened = opening(snapshot, offset)
    if opened is None:
        return ()
    case = opened.case
    prompt = Prompt(opened.task, case, Span(0, len(case.text)), snapshot.note.language)
    drafts = await jobs.run_briefly(ls, [prompt], seconds, Lane.INLINE)
    if not drafts or not ls.still(document, snapshot.note.text):
        return ()
    ghost = filled(snapshot, opened, drafts[0])
    return () if ghost is None else (ghost,)


def _extending(ghost: Ghost, span: Span, text: str) -> Ghost:
    """``ghost``, of the note with ``text`` in the place of ``span``, as an edit of the note."""
    end = span.start + len(text)
    return replace(ghost, span=span, text=text + ghost.text[end - ghost.span.start :])


def _item(ghost: Ghost, places: Places) -> Json:
    return {"insertText": ghost.text, "range": places.range(ghost.span)}
