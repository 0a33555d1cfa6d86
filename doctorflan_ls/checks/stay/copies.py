"""Notes that say what another one said (ZC-06, ZF-05, ZO-04)."""

from __future__ import annotations

from collections.abc import Iterator

from doctorflan_ls.checks.model import Fields, Finding, Related
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.stay.moments import type_of
from doctorflan_ls.checks.stay.others import (
    Other,
    has_stay,
    named,
    others,
    related,
    rows,
    sections,
    type_list,
    words,
)
from doctorflan_ls.checks.stay.similar import Likeness, essence, likeness
from doctorflan_ls.checks.stay.wording import first_line, variant
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.notes.headings import title
from doctorflan_ls.notes.model import Section
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

# Of the longest that is compared: blanks, marks and dates are taken out first.
_LONGEST = 4


def checks() -> Iterator[Check]:
    """The checks of this module, each with the rules it reports."""
    table = rule_table()
    yield Check("copied-notes", (variant(table, "stay", "ZC-06"), table.rules["ZO-04"]), copied)
    yield Check("copied-features", (table.rules["ZF-05"],), copied_features)


def copied(at: Scope) -> Iterator[Finding]:
    """A progress note, or a return visit, that is another one again."""
    if not has_stay(at):
        return
    doc_type, table = type_of(at), at.table
    if doc_type in type_list(table, "daily"):
        rule, types = variant(table, "stay", "ZC-06"), type_list(table, "daily")
    elif doc_type == "outpatient_followup":
        rule, types = table.rules["ZO-04"], type_list(table, "outpatient")
    else:
        return
    # Nobody copies a book into a progress note; to look through one takes a second.
    if len(at.note.text) > _LONGEST * rows(at)["copies"]["most_chars"]:
        return
    mine = essence(_record(at))
    for other in others(at, *types):
        alike = likeness(mine, essence(other.text), rows(at)["copies"])
        if alike is not None:
            span = Span(other.note.front, len(other.note.text))
            fields: Fields = {"date": named(at, other), "alike": _how(at, alike)}
            yield Finding(rule, first_line(at), fields, related=(related(at, other, span),))
            # One is enough to look at.
            return


def _record(at: Scope) -> str:
    """The words of the note without its front matter and its unreviewed drafts."""
    note = at.note
    pieces, start = [], note.front
    for draft in note.draft_blocks:
        pieces.append(note.slice(Span(start, draft.span.start)))
        start = draft.span.end
    return "".join([*pieces, note.slice(Span(start, len(note.text)))])


def _how(at: Scope, alike: Likeness) -> Bilingual:
    return words(at, alike.kind, n=str(alike.n))


def copied_features(at: Scope) -> Iterator[Finding]:
    """Case features that are the history of the admission record, and a discussion that is the
    case features."""
    if not at.whole or type_of(at) != "first_progress_note":
        return
    for section, text in sections(at.note, "case_features"):
        for other, span, history in _histories(at):
            alike = _likeness(at, text, history)
            if alike is not None:
                there = words(at, "there", note=named(at, other), part=_title("hpi"))
                told = (related(at, other, span),)
                yield _feature(at, section, there, alike, told)
                break
        for again, repeated in sections(at.note, "discussion", "diagnosis_basis"):
            alike = _likeness(at, repeated, text)
            if alike is not None and not section.span.overlaps(again.heading_span):
                here = words(at, "here", part=_title("case_features"))
                yield _feature(at, again, here, alike)


def _likeness(at: Scope, one: str, two: str) -> Likeness | None:
    return likeness(essence(one), essence(two), rows(at)["copies"], "section_chars")


def _feature(
    at: Scope,
    section: Section,
    other: Bilingual,
    alike: Likeness,
    told: tuple[Related, ...] = (),
) -> Finding:
    fields: Fields = {"part": _title(section.id), "other": other, "alike": _how(at, alike)}
    return Finding(at.table.rules["ZF-05"], section.heading_span, fields, related=told)


def _histories(at: Scope) -> Iterator[tuple[Other, Span, str]]:
    for other in others(at, *type_list(at.table, "admission")):
        for section, text in sections(other.note, "hpi"):
            yield other, section.span, text


def _title(section_id: str) -> Bilingual:
    return Bilingual(title(section_id, "zh"), title(section_id, "en"))
