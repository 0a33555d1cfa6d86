"""What the doctor sees over a finding, a value, a drug, an allergy, a heading or a draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.features.calculators import hover_lines
from doctorflan_ls.features.evidence import Remembered, evidence
from doctorflan_ls.features.guides import guide_for
from doctorflan_ls.features.ranges import reference_ranges
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.insertion import block_at
from doctorflan_ls.notes.headings import title
from doctorflan_ls.notes.model import DraftBlock, Fact, Section
from doctorflan_ls.text import Span

_ALLERGY = "ZY-01"
_SEVERITIES = ("error", "warning", "information")
_ESCAPED = str.maketrans({each: f"\\{each}" for each in "\\`*_{}[]<>#|"})


@dataclass(frozen=True, slots=True)
class Hover:
    """``lines`` about ``span``; the first is the title. ``text`` renders them."""

    span: Span
    text: str


def hover(
    snapshot: Snapshot, offset: int, recall: Callable[[str], Remembered | None] = lambda _: None
) -> Hover | None:
    """What there is to say at ``offset``; None where there is nothing.

    ``recall`` gives the draft of an id as far as it is still remembered.
    """
    block = block_at(snapshot.note, offset)
    if block is not None:
        return _draft(snapshot, block, offset, recall(block.id))
    said = _recorded(snapshot, offset)
    found = _findings(snapshot, offset)
    if not found:
        return None if said is None else Hover(said[0], _rendered(snapshot, said[1]))
    span, lines = said if said is not None else (found[0].span, [])
    return Hover(span, _rendered(snapshot, [*_told(snapshot, found), *lines]))


def _told(snapshot: Snapshot, found: list[Finding]) -> list[str]:
    return [
        snapshot.say(
            "hover.finding",
            message=each.message(snapshot.locale),
            source=each.authority(snapshot.locale),
        )
        for each in found
    ]


def _findings(snapshot: Snapshot, offset: int) -> list[Finding]:
    """What the checks say of the words at ``offset``: an allergy first, then the gravest."""
    note = snapshot.note
    line = note.text.line_span(note.text.line_of(offset))
    found = [each for each in snapshot.findings(line) if each.span.start <= offset < each.span.end]
    return sorted(
        found, key=lambda each: (each.rule.id != _ALLERGY, _SEVERITIES.index(each.rule.severity))
    )


def _recorded(snapshot: Snapshot, offset: int) -> tuple[Span, list[str]] | None:
    """The heading or fact at ``offset`` and the lines about it."""
    section = snapshot.note.section_at(offset)
    if section is not None and section.heading_span.start <= offset < section.heading_span.end:
        lines = _heading(snapshot, section)
        return (section.heading_span, lines) if lines else None
    under = [
        fact
        for fact in snapshot.note.facts_in(Span(offset, offset + 1))
        if fact.span.start <= offset < fact.span.end
    ]
    # The innermost fact is the one that was pointed at.
    for fact in sorted(under, key=lambda fact: fact.span.end - fact.span.start):
        lines = _fact_lines(snapshot, fact)
        counted = hover_lines(snapshot.note, fact.span, fact.kind, snapshot.locale)
        if counted and not lines:
            lines = [" ".join(fact.text.split())]
        lines += counted
        if lines:
            return fact.span, lines
    return None


def _draft(
    snapshot: Snapshot, block: DraftBlock, offset: int, remembered: Remembered | None
) -> Hover:
    task = snapshot.task_title(block.task)
    line = snapshot.say("hover.draft", id=block.id, task=task, model=block.model)
    if not block.body.start <= offset < block.body.end:
        return Hover(block.span, _rendered(snapshot, [line]))
    said = _findings(snapshot, offset)
    told = _told(snapshot, said)
    found = None if remembered is None else evidence(snapshot, block, remembered, offset)
    if found is None:
        forgotten = snapshot.say("hover.evidence-unknown")
        span = said[0].span if said else block.span
        return Hover(span, _rendered(snapshot, [*told, line, forgotten]))
    span, lines = found
    return Hover(said[0].span if said else span, _rendered(snapshot, [*told, *lines, line]))


def _heading(snapshot: Snapshot, section: Section) -> list[str]:
    guide = guide_for(section.id)
    if guide is None:
        return []
    locale = snapshot.locale
    return [
        title(section.id, locale),
        snapshot.say("hover.requires", requires=guide.requires.in_(locale)),
        guide.article.in_(locale),
    ]


def _fact_lines(snapshot: Snapshot, fact: Fact) -> list[str]:
    if fact.kind in ("lab", "vital"):
        return _measurement(snapshot, fact)
    if fact.kind == "drug":
        parts = (fact.dose, fact.route, fact.frequency)
        details = " ".join(part for part in parts if part)
        return [snapshot.say("hover.drug", name=fact.name), *([details] if details else [])]
    if fact.kind == "allergy":
        if fact.assertion == "denied":
            return [snapshot.say("hover.allergy-denied")]
        return [snapshot.say("hover.allergy-present", name=fact.name)]
    return []


def _measurement(snapshot: Snapshot, fact: Fact) -> list[str]:
    flag = f" {snapshot.say(f'hover.flag-{fact.flag}')}" if fact.flag else ""
    # In the note's own words: the names of the tables are English where laboratories' are.
    lines = [" ".join(fact.text.split()) + flag]
    lines.extend(
        snapshot.say("hover.range", range=each.shown, source=each.source)
        for each in reference_ranges(snapshot.note, fact)
    )
    return lines


def _rendered(snapshot: Snapshot, lines: list[str]) -> str:
    if not snapshot.markdown:
        return "\n".join(lines)
    # What is quoted from a note must not turn into links or images.
    first, *rest = (line.translate(_ESCAPED) for line in lines)
    return "\n\n".join([f"**{first}**", *rest])
