"""Ghost text at an empty heading: what its section says, where that follows from the note."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from doctorflan_ls.drafts import Draft
from doctorflan_ls.features.quotes import Ghost, quotes
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.insertion import line_end_of
from doctorflan_ls.lexicon import table
from doctorflan_ls.notes.model import Section
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span

_NUMBER = re.compile(r"\d+\. ")
_LINE_END = re.compile(r"\r\n|\r")
_MOST_LINES = 8
_LONGEST = 1200


@dataclass(frozen=True, slots=True)
class Opening:
    """A section whose text goes on at ``offset`` from ``typed``, what stands there so far.

    A draft of ``task``, which has only the parts that belong there, about ``case``, the note
    without ``typed``, says how.
    """

    offset: int
    typed: str
    task: Task
    case: Note


def opening(snapshot: Snapshot, offset: int) -> Opening | None:
    """The section at ``offset`` where nothing else stands in it and the rest of the note fills it.

    Raises BadRequest where the table names a task that there is not.
    """
    note = snapshot.note
    section = _section(note, offset)
    if section is None or not _is_empty_behind(note, section, offset):
        return None
    plan = _plans()[section.id]
    task = get_task(plan["task"], snapshot.tasks)
    parts = {part.key: part for part in task.elements}
    # An id of its own: what is kept about the whole task must not answer for a part of it.
    part = replace(
        task,
        id=f"{task.id}/{section.id}",
        elements=tuple(parts[key] for key in plan["elements"]),
    )
    typed = _LINE_END.sub("\n", note.slice(Span(section.body.start, offset)))
    # Without its heading too: an empty section is no evidence.
    case = note.edited(Span(section.span.start, offset), "", note.version)
    return Opening(offset, typed, part, case)


def filled(snapshot: Snapshot, opened: Opening, draft: Draft) -> Ghost | None:
    """What goes on from what is typed; None where the note leaves a gap or something else is typed.

    ``draft`` is of the opening's task and case.
    """
    lines = _lines(opened.task, draft)
    if draft.gaps or not lines or len(lines) > _MOST_LINES:
        return None
    alone = len(lines) == 1
    whole = lines[0] if alone else "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1))
    typed = opened.typed.lstrip()
    if len(whole) > _LONGEST or not whole.startswith(typed) or whole == typed:
        return None
    lead = ""
    if not typed and "\n" not in opened.typed:
        # Behind the colon of the heading.
        blank = " " if snapshot.note.language == "en" and not opened.typed else ""
        lead = blank if alone else "\n"
    rest = (lead + whole[len(typed) :]).replace("\n", line_end_of(snapshot.note.text))
    return Ghost(Span(opened.offset, opened.offset), rest)


def _plans() -> Mapping[str, Mapping[str, Any]]:
    plans: Mapping[str, Mapping[str, Any]] = table("ghost")["sections"]
    return plans


def _section(note: Note, offset: int) -> Section | None:
    """The section with a plan in whose text ``offset`` stands.

    A line of a ghost that is half typed (``2. 生命体征``) may read as a heading: those are passed
    over.
    """
    before = [each for each in note.sections if each.body.start <= offset]
    for section in reversed(before):
        if offset - section.body.start > _LONGEST:
            return None
        if section.id in _plans():
            return section
        line = note.text.line_span(note.text.line_of(section.heading_span.start))
        if not _NUMBER.match(note.slice(line)):
            return None
    return None


def _is_empty_behind(note: Note, section: Section, offset: int) -> bool:
    """True where nothing stands behind ``offset`` in the section, not even parts of it."""
    following = next((each for each in note.sections if each.span.start >= offset), None)
    if following is None:
        end = len(note.text)
    elif following.level > section.level:
        # Its parts are its text.
        return False
    else:
        end = following.span.start
    return not note.slice(Span(offset, end)).strip()


def _lines(task: Task, draft: Draft) -> list[str]:
    """The lines of the draft's parts without titles and numbers; none where one has no evidence."""
    lines: list[str] = []
    titles = {part.key: part.title.in_(draft.provenance.language) for part in task.elements}
    for part in draft.parts:
        start = part.span.start + len(titles[part.element])
        for line in re.finditer(r"[^\n]+", draft.text[start : part.span.end]):
            text = line[0].lstrip("：: ")
            if not text:
                continue
            span = Span(start + line.start(), start + line.end())
            if not any(each.span.overlaps(span) for each in draft.statements):
                return []
            lines.append(_NUMBER.sub("", text, count=1) if _NUMBER.match(text) else text)
    return lines


__all__ = ["Ghost", "Opening", "filled", "opening", "quotes"]
