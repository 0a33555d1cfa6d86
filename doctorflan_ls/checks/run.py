"""Runs the rules over a note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from doctorflan_ls.checks import rules
from doctorflan_ls.checks.model import CheckOptions, Finding
from doctorflan_ls.checks.parts import sections_over
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span


def check(
    note: Note, options: CheckOptions | None = None, span: Span | None = None
) -> tuple[Finding, ...]:
    """What the rules find, in document order.

    With a ``span`` only what stands in it, at the cost of what stands in it: whether the whole
    document lacks a part is then not asked.
    """
    options = options or CheckOptions()
    found = [
        finding for finding in _all(note, options, span) if finding.rule.id not in options.disabled
    ]
    return tuple(sorted(found, key=lambda finding: finding.span))


def _all(note: Note, options: CheckOptions, span: Span | None) -> Iterator[Finding]:
    everywhere: Iterable[Iterator[Finding]] = ()
    if span is None:
        span = Span(0, len(note.text))
        everywhere = (rules.missing(note),)
        facts = note.facts
    else:
        facts = note.facts_in(span)
    sections = sections_over(note, span)
    for findings in (
        *everywhere,
        rules.empty(note, sections),
        rules.chief_complaint(note, sections, options.chief_complaint_max),
        rules.impossible_vitals(note, span, facts),
        rules.drug_against_allergy(note, facts),
        rules.placeholders(note, span),
        rules.sex_contradictions(note, sections, facts),
    ):
        yield from findings
