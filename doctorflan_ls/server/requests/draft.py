"""doctorflan/draft: run a task and stream its draft (schemas/protocol/draft.json)."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

from doctorflan_ls.server import jobs, reviewing
from doctorflan_ls.server.orders import draft_edit, same_model, standing
from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from doctorflan_ls.drafts import Draft
    from doctorflan_ls.i18n import Locale
    from doctorflan_ls.notes.note import Note
    from doctorflan_ls.prompts import Prompt, Turn
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json, Places
    from doctorflan_ls.server.params import Params


async def draft(ls: Connection, params: Params) -> Json:
    """The finished draft and the edit that would insert it; nothing is inserted by itself."""
    from doctorflan_ls.drafts import to_json  # noqa: PLC0415

    prompt = await read_prompt(ls, params)
    model = params.string_or("model")
    block_id = params.string_or("block")
    chosen = model
    if block_id is not None:
        # Before the work: what cannot be replaced is said at once.
        block = standing(prompt.note, block_id)
        chosen = model or same_model(ls, prompt.note, block)
    partial = params.token("partialResultToken")
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # a request handler runs in a task of its own
    title = prompt.task.title.in_(ls.locale)

    def send(offset: int, text: str) -> None:
        if partial is not None:
            ls.progresses.notify(partial, {"offset": offset, "text": text})
        progress.grow(text)

    follow = jobs.Follow(send, is_behind=lambda: ls.protocol.behind)
    wanted = jobs.Wanted(prompt, chosen, insist=model is not None)
    with ls.progresses.begin(params.token("workDoneToken"), title, task.cancel) as progress:
        try:
            made = await jobs.run(ls, wanted, follow.see)
        finally:
            follow.stop()
    finished = made.draft
    document = ls.document(finished.provenance.uri)
    places = ls.places(document)
    answer: Json = {
        "draft": to_json(finished),
        "evidence": _evidence(finished, places),
        "fallback": made.fallback and asdict(made.fallback),
    }
    if block_id is None:
        answer["edit"] = draft_edit(ls, document, finished, _place(params, places, prompt))
        return answer
    # The doctor may have changed the note elsewhere, or this very draft.
    block = standing(document.note, block_id)
    answer["edit"] = draft_edit(ls, document, finished, block.span.start, block)
    answer["reviewed"] = reviewing.report(document, block, "regenerated")
    return answer


async def read_prompt(ls: Connection, params: Params) -> Prompt:
    """What is asked; raises InvalidParams or BadRequest where it makes no sense."""
    from doctorflan_ls.prompts import Prompt  # noqa: PLC0415
    from doctorflan_ls.server import plugged  # noqa: PLC0415

    ls.document(params.uri())
    task = await plugged.task_named(ls, params.string("task"))
    document = ls.document(params.uri())
    note = document.note
    span = Span(0, len(note.text))
    if params.has("range"):
        chosen = ls.places(document).span(params.range("range"))
        # A bare cursor means the whole note.
        span = chosen if chosen.start < chosen.end else span
    return Prompt(task, note, span, _language(ls, params, note), _turn(ls, params, note))


def _language(ls: Connection, params: Params, note: Note) -> Locale:
    tag = params.string_or("language")
    if tag is None:
        return ls.draft_language or note.language
    from doctorflan_ls.i18n import locale_of  # noqa: PLC0415

    return locale_of(tag)


def _turn(ls: Connection, params: Params, note: Note) -> Turn | None:
    earlier = params.string_or("previousDraft")
    if earlier is None:
        return None
    from doctorflan_ls.prompts import Turn  # noqa: PLC0415

    draft = ls.drafts.get(earlier, note.uri)
    return Turn(draft, params.string_or("question") or "", ls.drafts.turn(earlier))


def _place(params: Params, places: Places, prompt: Prompt) -> int:
    """Where the draft would go: behind ``position``, else behind what it is about."""
    if params.has("position"):
        return places.offset(params.position("position"))
    # A range that ends at the start of a line ends, to the eye, on the line before.
    return max(prompt.span.start, prompt.span.end - 1)


def _evidence(finished: Draft, places: Places) -> list[Json]:
    """Where each statement of the draft's text comes from, as ranges to go to."""
    return [
        {"span": list(item.span), "ranges": [places.range(span) for span in item.evidence]}
        for item in finished.statements
    ]
