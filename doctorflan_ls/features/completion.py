"""Completion: headings the document lacks, ``/`` for tasks at the start of a line, terms.

No model is asked here: a task's item completes the task's name; ``in_place`` is the edit that puts
a draft where the typed words stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from doctorflan_ls.checks.parts import missing_parts
from doctorflan_ls.drafts import Draft
from doctorflan_ls.features.actions import draft_data
from doctorflan_ls.features.guides import guide_for
from doctorflan_ls.features.items import Item
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.features.terms import complete_terms
from doctorflan_ls.i18n import Locale
from doctorflan_ls.insertion import block_at, insert, line_end_of
from doctorflan_ls.notes import doctype, headings
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import fitting, get_task, search
from doctorflan_ls.text import Edit, Span

# A Chinese input method types 、 or ／ where the key says /.
_TASK_QUERY = re.compile(r"[ \t\u3000]*(?P<typed>[/、／](?P<query>[^\r\n，。；]{0,30}))")
_HEADING_START = re.compile(r"[ \t\u3000]*(?P<typed>[^\s：:，。；]{0,20})")
_LONGEST_LINE = 40
# What a note that says nothing of its type is most likely to become.
_USUAL_TYPE: Mapping[Locale, str] = {"zh": "outpatient_initial", "en": "history_and_physical"}


@dataclass(frozen=True, slots=True)
class Completion:
    """What fits at a position. ``incomplete``: ask again when more was typed."""

    items: tuple[Item, ...] = ()
    incomplete: bool = False


def complete(snapshot: Snapshot, offset: int) -> Completion:
    """What fits at ``offset``: something only where nothing but a query is before it."""
    text = snapshot.note.text
    line = text.line_span(text.line_of(offset))
    if offset - line.start > _LONGEST_LINE:
        terms = complete_terms(snapshot, offset)
        return Completion(terms, incomplete=bool(terms))
    before = text.slice(Span(line.start, offset))
    query = _TASK_QUERY.fullmatch(before)
    if query is not None:
        span = Span(line.start + query.start("typed"), offset)
        return Completion(tuple(_tasks(snapshot, span, query)), incomplete=True)
    terms = complete_terms(snapshot, offset)
    heading = _HEADING_START.fullmatch(before)
    if heading is None or text.slice(Span(offset, line.end)).strip():
        return Completion(terms, incomplete=bool(terms))
    span = Span(line.start + heading.start("typed"), offset)
    items = (*_headings(snapshot, span, heading["typed"]), *terms)
    return Completion(items, incomplete=bool(terms))


def documentation(snapshot: Snapshot, data: Mapping[str, object]) -> str:
    """What to show beside the item that carries ``data``; Markdown where the client renders it.

    Needs no note. Raises BadRequest where the data names a task there is not.
    """
    task_id, section = data.get("task"), data.get("section")
    if isinstance(task_id, str):
        task = get_task(task_id, snapshot.tasks)
        bullet = "- " if snapshot.markdown else "· "
        parts = [f"{bullet}{each.title.in_(snapshot.locale)}" for each in task.elements]
        head = [task.description.in_(snapshot.locale), ""]
        return "\n".join([*head, *parts, "", snapshot.say("features.draft-note")])
    guide = guide_for(section) if isinstance(section, str) else None
    if guide is None:
        return ""
    return f"{guide.requires.in_(snapshot.locale)}\n\n{guide.article.in_(snapshot.locale)}"


def _tasks(snapshot: Snapshot, span: Span, query: re.Match[str]) -> Iterator[Item]:
    note = snapshot.note
    fits = {task.id for task in fitting(note, span, snapshot.tasks)}
    # Best match first; with nothing typed yet, what fits the section first.
    found = list(search(query["query"].strip(), snapshot.tasks))
    found.sort(key=lambda task: task.id not in fits)
    for rank, task in enumerate(found):
        yield Item(
            label=f"/{task.title.in_(snapshot.locale)}",
            kind="task",
            span=span,
            # A client that runs no commands still has what the doctor meant, and asks with it.
            text=f"/{task.title.in_(snapshot.locale)}",
            snippet=False,
            # The search was ours (pinyin initials too): the client need not agree with it.
            filter_text=query["typed"],
            sort_text=f"{rank:03}",
            detail=_other_name(task, snapshot.locale),
            data=draft_data(snapshot, task, Span(0, len(note.text)), span.start),
        )


def without_typed(note: Note, typed: Span) -> Note:
    """The note that a task is asked about: ``typed`` is a request and no part of the record."""
    return note.edited(typed, "", note.version)


Insertion = Callable[[Note, Draft, Task, int], Edit]
"""``insertion.insert`` or ``insert_snippet``."""


def in_place(
    note: Note, typed: Span, draft: Draft, task: Task, inserted: Insertion = insert
) -> Edit:
    """Put ``draft`` where the request ``typed`` stands, as ``inserted`` makes it.

    Where it cannot stand there (markers start a line, and no draft is inside another), it goes
    after the line, and ``typed`` stays.
    """
    line = note.text.line_span(note.text.line_of(typed.start))
    if typed.start != line.start or block_at(note, typed.start) is not None:
        return inserted(note, draft, task, typed.start)
    text = inserted(without_typed(note, typed), draft, task, typed.start).text.strip("\r\n")
    is_last = not note.slice(Span(typed.end, line.end)).strip()
    return Edit(typed, text if is_last else text + line_end_of(note.text))


def _other_name(task: Task, locale: Locale) -> str:
    return task.title.in_("en" if locale == "zh" else "zh")


def _headings(snapshot: Snapshot, span: Span, typed: str) -> Iterator[Item]:
    note = snapshot.note
    language = note.language
    missing = missing_parts(note, note.doc_type or _USUAL_TYPE[language])
    for rank, part in enumerate(_from_here(snapshot, missing, span.start)):
        name = headings.title(part, language)
        if not _may_be(typed, part, name):
            continue
        guide = guide_for(part)
        yield Item(
            label=name,
            kind="section",
            span=span,
            text=_heading_text(snapshot, part, name),
            snippet=snapshot.snippets,
            filter_text=typed if typed and not name.startswith(typed) else name,
            sort_text=f"{rank:03}",
            detail=guide.requires.in_(snapshot.locale) if guide else "",
            data={"section": part, "uri": note.uri, "version": note.version},
        )


def _heading_text(snapshot: Snapshot, part: str, name: str) -> str:
    """Heading and scaffold; the heading alone where places could not be jumped to."""
    language = snapshot.note.language
    line_end = line_end_of(snapshot.note.text)
    head = f"{name}：" if language == "zh" else f"{name}:{line_end}"
    if not snapshot.snippets:
        return head
    guide = guide_for(part)
    body = guide.snippet(language).replace("\n", line_end) if guide else ""
    return f"{head}{body}$0"


def _from_here(snapshot: Snapshot, missing: tuple[str, ...], offset: int) -> tuple[str, ...]:
    """The missing parts, those that follow the section above first."""
    note = snapshot.note
    above = note.section_at(offset)
    order = doctype.required_sections(
        note.doc_type or _USUAL_TYPE[note.language], female=note.sex == "female"
    )
    if above is None or above.id not in order:
        return missing
    at = order.index(above.id)
    later = [part for part in missing if order.index(part) > at]
    return (*later, *(part for part in missing if part not in later))


def _may_be(typed: str, part: str, name: str) -> bool:
    start = typed.casefold()
    return name.casefold().startswith(start) or part.startswith(start)
