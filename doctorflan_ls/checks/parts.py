"""The parts a document must have, and what of them is missing."""

from __future__ import annotations

from bisect import bisect_left

from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.notes import doctype
from doctorflan_ls.notes.headings import section_kind
from doctorflan_ls.notes.model import Section
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span


def required_parts(
    note: Note, doc_type: str | None, table: RuleTable | None = None, *, small: bool = False
) -> tuple[str, ...]:
    """Ids of the sections that ``doc_type`` asks for, in order; women's parts for women only.

    Short items (a date, a name) and what the host system keeps are left out unless ``small`` asks
    for them: only of a document that states its type does their absence say anything.
    """
    table = table or rule_table()
    elsewhere = table.elsewhere
    asked = table.parts_of.get(doc_type or "")
    if asked is None:
        asked = doctype.required_sections(doc_type, female=note.sex == "female")
    if small:
        return asked
    return tuple(part for part in asked if part not in elsewhere and not _is_field(part))


def missing_parts(
    note: Note, doc_type: str | None, table: RuleTable | None = None
) -> tuple[str, ...]:
    """The required parts that stand in the note neither by name nor under another one."""
    present = {section.id for section in note.sections}
    instead = (table or rule_table()).instead
    return tuple(
        part
        for part in required_parts(note, doc_type, table)
        if part not in present and present.isdisjoint(instead.get(part, ()))
    )


def first_line(note: Note) -> Span:
    """The first line of the record that holds words: what the whole note lacks is said there."""
    text = note.text
    for line in range(text.line_of(note.front), text.line_count):
        span = text.line_span(line)
        if note.slice(span).strip():
            return span
    return text.line_span(text.line_of(note.front))


def sections_over(note: Note, span: Span) -> tuple[Section, ...]:
    """The sections that share a character with ``span``, found without looking at all of them."""
    found = []
    at = bisect_left(note.sections, span.end, key=lambda section: section.span.start)
    for section in (note.sections[index] for index in range(at - 1, -1, -1)):
        if section.span.overlaps(span):
            found.append(section)
        # Sections of the first level follow one another: nothing earlier reaches so far.
        if section.level == 1 and section.span.start <= span.start:
            break
    return tuple(reversed(found))


def _is_field(part: str) -> bool:
    kind = section_kind(part)
    return kind is None or kind.field
