"""Code actions: tasks that fit here, and what can be done with a draft that stands in the note.

Everything follows from the range, never from what the client sends back of earlier answers; the
data of an action is all that its resolution needs, so that the server keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from doctorflan_ls.drafts import Draft
from doctorflan_ls.features.calculators import is_calculator, offered, shown
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.insertion import accept, block_at, discard, insert
from doctorflan_ls.notes.model import DraftBlock
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import fitting
from doctorflan_ls.text import Edit, Span

REWRITE = "refactor.rewrite.doctorflan"
SOURCE = "source.doctorflan"
QUICK_FIX = "quickfix.doctorflan"
CALCULATOR = f"{REWRITE}.calculator"
_SUMMARY = "case-summary"


@dataclass(frozen=True, slots=True)
class Action:
    """A code action. Without ``edits`` a job has to make them: ``data`` says which.

    ``data["op"]`` is ``draft``, ``regenerate``, ``accept``, ``discard`` or ``calculate``;
    ``made`` is the draft that a calculator's ``edits`` insert.
    """

    title: str
    kind: str
    data: Mapping[str, object] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    made: Draft | None = None


def actions(
    snapshot: Snapshot, span: Span, only: Sequence[str] | None = None
) -> tuple[Action, ...]:
    """The actions for ``span`` (empty: the cursor) of the kinds in ``only`` (None: all).

    Without ``only`` a task is listed once: for the selection or section where it fits there, for
    the whole note otherwise.
    """
    block = block_at(snapshot.note, span.start)
    if block is not None:
        return tuple(each for each in _on_draft(snapshot, block) if is_wanted(each.kind, only))
    found = [each for each in _here(snapshot, span) if is_wanted(each.kind, only)]
    if _asked(only, CALCULATOR):
        found.extend(each for each in _calculations(snapshot, span) if is_wanted(each.kind, only))
    listed = {each.data["task"] for each in found}
    found.extend(
        each
        for each in _whole_note(snapshot)
        if is_wanted(each.kind, only) and (only is not None or each.data["task"] not in listed)
    )
    return tuple(found)


def draft_data(snapshot: Snapshot, task: Task, span: Span, at: int) -> dict[str, object]:
    """What a job needs: the task, the case (``span``), and where its draft goes (``at``)."""
    return {
        "op": "draft",
        "uri": snapshot.note.uri,
        "version": snapshot.note.version,
        "task": task.id,
        "span": list(span),
        "at": at,
        "language": snapshot.language,
    }


def _here(snapshot: Snapshot, span: Span) -> Iterator[Action]:
    """Tasks for a selection, or for the section of the cursor with the whole note as the case."""
    note = snapshot.note
    whole = Span(0, len(note.text))
    selected = span.start < span.end
    section = note.section_at(span.start)
    if not selected and section is None:
        return
    here = span if selected or section is None else section.span
    case = span if selected else whole
    at = _last(span) if selected else here.end
    for task in fitting(note, here, snapshot.tasks):
        title = "actions.draft-selection" if selected else "actions.draft"
        yield Action(
            snapshot.say(title, task=task.title.in_(snapshot.locale)),
            f"{REWRITE}.{task.id}",
            draft_data(snapshot, task, case, at),
        )


def _calculations(snapshot: Snapshot, span: Span) -> Iterator[Action]:
    """A line for each result whose inputs stand in the selection or the section of the cursor."""
    note = snapshot.note
    section = note.section_at(span.start)
    here = span
    if span.start >= span.end:
        here = Span(0, len(note.text)) if section is None else section.span
    at = _last(span) if span.start < span.end else here.end
    for each in offered(note, here, span.start, snapshot.language):
        result = each.result
        yield Action(
            snapshot.say(
                "actions.calculate",
                title=result.calculator.title.in_(snapshot.locale),
                value=shown(result, snapshot.locale),
            ),
            f"{CALCULATOR}.{result.calculator.id}",
            {"op": "calculate", "uri": note.uri, "version": note.version, "task": each.task.id},
            (insert(note, each.draft, each.task, at),),
            each.draft,
        )


def _whole_note(snapshot: Snapshot) -> Iterator[Action]:
    whole = Span(0, len(snapshot.note.text))
    doc_type = snapshot.note.doc_type
    # Whoever asks from no section in particular most often wants the case in short.
    for task in sorted(snapshot.tasks, key=lambda task: task.id != _SUMMARY):
        if task.doc_types and doc_type is not None and doc_type not in task.doc_types:
            continue
        yield Action(
            snapshot.say("actions.draft-note", task=task.title.in_(snapshot.locale)),
            f"{SOURCE}.{task.id}",
            draft_data(snapshot, task, whole, whole.end),
        )


def _on_draft(snapshot: Snapshot, block: DraftBlock) -> Iterator[Action]:
    note = snapshot.note
    task = snapshot.task_title(block.task)
    data: dict[str, object] = {
        "uri": note.uri,
        "version": note.version,
        "task": block.task,
        "model": block.model,
        "block": block.id,
        "span": [0, len(note.text)],
        "language": snapshot.language,
    }
    yield Action(
        snapshot.say("actions.accept", task=task),
        f"{QUICK_FIX}.accept",
        {**data, "op": "accept"},
        accept(note, block),
    )
    yield Action(
        snapshot.say("actions.discard", task=task),
        f"{QUICK_FIX}.discard",
        {**data, "op": "discard"},
        (discard(note, block),),
    )
    if is_calculator(block.task):
        return
    yield Action(
        snapshot.say("actions.regenerate", task=task),
        f"{REWRITE}.{block.task}",
        {**data, "op": "regenerate"},
    )


def _last(span: Span) -> int:
    """The last character of a selection: one that ends at a line start ends on the line before."""
    return max(span.start, span.end - 1)


def _asked(only: Sequence[str] | None, kind: str) -> bool:
    """Whether anything at or below ``kind`` is wanted."""
    return only is None or any(
        is_wanted(kind, [asked]) or asked.startswith(f"{kind}.") for asked in only
    )


def is_wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether actions of ``kind`` are asked for.

    LSP 3.17: kinds are hierarchical, ``refactor`` asks for ``refactor.rewrite`` too.
    """
    return only is None or any(
        asked in ("", kind) or kind.startswith(f"{asked}.") for asked in only
    )
