"""The checks over a note."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, islice

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.notes.model import Section
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span, Spans
from doctorflan_tcm import limits
from doctorflan_tcm.herbs import Mention, mentions
from doctorflan_tcm.sections import plain_id

# What stands here was taken at another time, or not at all.
_EARLIER = frozenset(
    {"past_history", "past_medical_history", "past_surgical_history", "personal_history"}
    | {"social_history", "family_history", "allergies", "differential"}
)
# A section of these is one prescription, or the prescriptions of one visit.
_PRESCRIBING = frozenset(
    {"prescription", "treatment_plan", "tcm_treatment", "formula_changes", "decoction", "orders"}
    | {"plan", "discharge_orders", "discharge_medications", "patent_medicine"}
)
# Code points between two herbs of one prescription: in such a section, and elsewhere.
_FAR, _NEAR = 600, 150
# More findings than this help nobody, and the server takes no more.
MOST = 100


def checks() -> tuple[Check, ...]:
    """Both checks."""
    pairs = (limits.rule(limits.INCOMPATIBLE), limits.rule(limits.WITH_NOTE))
    doses = (limits.rule(limits.DOSE), limits.rule(limits.DOSE_FAR))
    return (
        Check("herb-pairs", pairs, lambda scope: islice(_pairs(scope), MOST)),
        Check("herb-doses", doses, lambda scope: islice(_doses(scope), MOST)),
    )


def given(note: Note) -> list[tuple[Mention, Section | None]]:
    """The herbs that the note gives at this time, each with the section it stands in.

    What stands in a draft that nobody has accepted is not the note's.
    """
    drafts = Spans(block.span for block in note.draft_blocks)
    told = []
    for herb in mentions(str(note.text)):
        section = note.section_at(herb.span.start)
        earlier = section is not None and plain_id(section) in _EARLIER
        if not earlier and not drafts.overlap(herb.span):
            outside = section is not None and plain_id(section) == "external_treatment"
            told.append((replace(herb, external=herb.external or outside), section))
    return told


def prescribed(note: Note) -> list[Mention]:
    """The herbs that stand in a section that prescribes."""
    return [herb for herb, section in given(note) if section and plain_id(section) in _PRESCRIBING]


def _pairs(scope: Scope) -> Iterator[Finding]:
    text = str(scope.note.text)
    seen: set[tuple[Span | None, frozenset[str]]] = set()
    for (one, section), (other, place) in _close(given(scope.note)):
        # A part of a prescription, such as how to boil it, names its herbs again.
        whole = max((each.span for each in (section, place) if each), key=_length, default=None)
        key = (whole, frozenset((one.name, other.name)))
        if key in seen or not _one_place(section, place):
            continue
        far = section is not None and plain_id(section) in _PRESCRIBING
        found = limits.clash(other, one)
        if found and together(text, one.span, other.span, far=far) and _asked(scope, found):
            seen.add(key)
            yield found


def _length(span: Span) -> int:
    return span.end - span.start


def _one_place(section: Section | None, place: Section | None) -> bool:
    """True for one section, and for a part of a prescription (加减) with the whole."""
    if section is None or place is None or section.span == place.span:
        return section == place
    prescribing = {plain_id(section), plain_id(place)} <= _PRESCRIBING
    return prescribing and (section.span.contains(place.span) or place.span.contains(section.span))


def _close(
    told: list[tuple[Mention, Section | None]],
) -> Iterator[tuple[tuple[Mention, Section | None], tuple[Mention, Section | None]]]:
    """The pairs that clash, the second no further than ``_FAR`` behind the first."""
    clashing = [each for each in told if each[0].name in limits.partners()]
    for at, first in enumerate(clashing):
        partners = limits.partners()[first[0].name]
        for second in islice(clashing, at + 1, None):
            if second[0].span.start - first[0].span.end > _FAR:
                break
            if second[0].name in partners:
                yield first, second


def together(text: str, one: Span, other: Span, *, far: bool) -> bool:
    """True where what stands between does not part two prescriptions.

    Without a section that prescribes, a sentence's end parts them too.
    """
    between = text[one.end : other.start].replace("\r\n", "\n")
    if "\n\n" in between or len(between) > (_FAR if far else _NEAR):
        return False
    return far or "。" not in between


def clashes_in(text: str, told: list[Mention]) -> Iterator[Finding]:
    """The clashes of a text without sections, each pair once, at its second herb."""
    seen: set[frozenset[str]] = set()
    for one, other in combinations(told, 2):
        key = frozenset((one.name, other.name))
        found = limits.clash(other, one) if key not in seen else None
        if found and together(text, one.span, other.span, far=False):
            seen.add(key)
            yield found


def _doses(scope: Scope) -> Iterator[Finding]:
    for found in limits.above(herb for herb, _ in given(scope.note)):
        if _asked(scope, found):
            yield found


def _asked(scope: Scope, found: Finding) -> bool:
    return scope.whole or found.span.overlaps(scope.span)
