"""``doctorflan-draft``: drafts of the tasks that fit the hook, each as a card with a suggestion."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, replace

from doctorflan_cds_hooks.answers.offered import Offered, offered_card
from doctorflan_cds_hooks.backend import Backend
from doctorflan_cds_hooks.call import Call
from doctorflan_cds_hooks.cards import Card
from doctorflan_cds_hooks.fhir.notes import read_notes
from doctorflan_cds_hooks.threads import in_thread
from doctorflan_ls.audit import draft_event
from doctorflan_ls.drafts import Draft
from doctorflan_ls.engine import Job
from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.i18n import Locale
from doctorflan_ls.models import choice
from doctorflan_ls.models.catalogue import DEFAULT_MODEL
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.plugins.hooks import examined, prepared
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import fitting
from doctorflan_ls.text import Span

# What the chosen model may take of the time; the skeleton, which stands in for it, needs a moment.
_MODEL_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class _Made:
    draft: Draft
    fallback: DoctorFlanError | None = None


async def answer(backend: Backend, call: Call) -> list[Card]:
    """A card for each draft that was ready in time, made from the newest note."""
    until = time.monotonic() + backend.deadline
    notes = await in_thread(read_notes, call.prefetch, call.patient)
    if not notes.read:
        return []
    source = notes.read[0]
    # A name that no other call has: nothing of a note is kept for the next.
    note = await in_thread(_parsed, source.text, f"cds:{secrets.token_hex(8)}")
    tasks = _tasks(backend, call, note)
    try:
        made = await asyncio.gather(*(_make(backend, task, note, until) for task in tasks))
    finally:
        backend.engine.forget(note.uri)
    return [
        offered_card(Offered(task, each.draft, note, source, each.fallback), call)
        for task, each in zip(tasks, made, strict=True)
        if each.draft.state == "ready" and each.draft.text.strip()
    ]


def _parsed(text: str, uri: str) -> Note:
    note = parse_note(text, uri)
    # Read on this thread: the models' own would do it one after the other.
    _ = note.facts, note.doc_type
    return note


def _tasks(backend: Backend, call: Call, note: Note) -> list[Task]:
    wanted = call.service.tasks[call.hook]
    fit = fitting(note, Span(0, len(note.text)), backend.plugins.registry.tasks)
    by_id = {task.id: task for task in fit}
    return [by_id[each] for each in wanted if each in by_id]


def _language(backend: Backend, note: Note) -> Locale:
    chosen = backend.settings.draft.language
    return note.language if chosen == "auto" else chosen


async def _make(backend: Backend, task: Task, note: Note, until: float) -> _Made:
    settings = backend.settings
    plain = Prompt(task, note, Span(0, len(note.text)), _language(backend, note))
    prompt = await in_thread(prepared, backend.plugins, plain)
    left = max(until - time.monotonic(), 0.1)
    job = Job(
        f"{note.uri} {task.id}",
        prompt,
        choice.choose(task, prompt.language, settings),
        deadline=left * _MODEL_SHARE,
        sampling=choice.sampling(settings),
        options=choice.options(settings),
    )
    made = _Made(await backend.engine.run(job))
    failure = made.draft.failure
    if failure is not None and job.model != DEFAULT_MODEL:
        left = max(until - time.monotonic(), 0.1)
        stand_in = replace(job, model=DEFAULT_MODEL, deadline=left)
        made = _Made(await backend.engine.run(stand_in), failure)
    if made.draft.state == "ready":
        draft = await in_thread(examined, backend.plugins, prompt, made.draft)
        made = replace(made, draft=draft)
    await in_thread(backend.note, draft_event(made.draft))
    return made
