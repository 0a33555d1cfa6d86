"""Which departments a note points to, by which of its words, and its emergency signs.

The words, weights and limits are ``data/departments.toml`` and ``data/emergency.toml``, which name
their sources. A word that the note denies, or tells of the family, never counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from doctorflan_ls.emergency import Sign, Urgency, vital_signs
from doctorflan_ls.lexicon import Hit, WordFinder, denied_before, group, place, table
from doctorflan_ls.notes.facts.demographics import age_years
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span, Spans

if TYPE_CHECKING:
    from doctorflan_ls.notes.note import Note

_CHILD = 14
# An illness that the visit follows up is over.
_AFTERWARDS = re.compile(
    r"\b(?:follow[- ]?up (?:after|of|for)|status post|s/p|history of)\b[^.;\n]{0,30}$",
    re.IGNORECASE,
)
_EMERGENCY = "急诊科"
_MOST = 5


@dataclass(frozen=True, slots=True)
class Ranked:
    """A department, how strongly the note points to it (no unit), and the words that do."""

    name: str
    name_en: str
    score: float
    evidence: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Triage:
    """Departments, best first, and the urgency with the signs it rests on, gravest first."""

    departments: tuple[Ranked, ...]
    urgency: Urgency
    signs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True)
class _Department:
    zh: str
    en: str
    sex: str | None
    max_age: float | None
    by_age: float


@cache
def _departments() -> tuple[tuple[_Department, ...], WordFinder]:
    data = table("departments")
    weights = data["weights"]
    found = []
    words: list[tuple[str, tuple[int, float]]] = []
    for index, row in enumerate(data["department"]):
        by_age = weights["by_age"] if row.get("by_age") else 0.0
        sex, max_age = row.get("sex"), row.get("max_age")
        found.append(_Department(row["zh"], row["en"], sex, max_age, by_age))
        for strength in ("strong", "medium", "weak"):
            words += [(word, (index, weights[strength])) for word in row.get(strength, [])]
    return tuple(found), WordFinder(words)


@cache
def _ignored() -> WordFinder:
    return WordFinder((phrase, None) for phrase in table("departments")["ignore"]["phrases"])


@cache
def _emergencies() -> WordFinder:
    cues = table("emergency")["cue"]
    return WordFinder(
        (word, (cue["level"], cue["source"])) for cue in cues for word in cue["terms"]
    )


def triage(note: Note, span: Span | None = None) -> Triage:
    """Rank the departments and find the emergency signs in ``span`` (the whole note by default)."""
    span = span or Span(0, len(note.text))
    reader = _Reader(note, span)
    signs = tuple(reader.signs())
    levels = {sign.level for sign in signs}
    urgency: Urgency = "routine"
    for level in ("urgent", "emergency"):
        if level in levels:
            urgency = level
    ranked = reader.departments()
    if urgency == "emergency":
        ranked = _emergency_first(ranked, signs)
    return Triage(tuple(ranked)[:_MOST], urgency, signs)


def _emergency_first(ranked: list[Ranked], signs: tuple[Sign, ...]) -> list[Ranked]:
    """The emergency department before all others, because of the signs."""
    row = next(row for row in table("departments")["department"] if row["zh"] == _EMERGENCY)
    own = next((one for one in ranked if one.name == _EMERGENCY), None)
    spans = tuple(sign.span for sign in signs if sign.level == "emergency")
    others = [one for one in ranked if one is not own]
    score = max((one.score for one in ranked), default=0.0)
    evidence = (*spans, *(own.evidence if own else ()))
    return [Ranked(row["zh"], row["en"], score, tuple(dict.fromkeys(evidence))), *others]


class _Reader:
    """One note, its text around drafts, and which of its words count."""

    def __init__(self, note: Note, span: Span) -> None:
        self.note = note
        self.span = span
        self.text = note.slice(span)
        self.facts = note.facts_in(span)
        self._fact_spans = Spans(fact.span for fact in self.facts)
        self.sex = _first(note.facts, "sex")
        age = next((fact for fact in note.facts if fact.kind == "age"), None)
        self.age = None if age is None else age_years(age)

    def _hits(self, finder: WordFinder) -> Iterator[tuple[Hit, Span]]:
        for hit in finder.find(self.text):
            span = Span(hit.start + self.span.start, hit.end + self.span.start)
            if not self._left_out.overlap(span):
                yield hit, span

    @cached_property
    def _left_out(self) -> Spans:
        """What is no complaint: drafts, phrases whose words are no sign (a stroke risk score is
        no stroke), and what an allergy looked like."""
        blocks = [block.span for block in self.note.draft_blocks]
        blocks += [section.span for section in self.note.sections_of("allergies")]
        blocks += [fact.span for fact in self.facts if fact.kind == "allergy"]
        start = self.span.start
        phrases = _ignored().find(self.text)
        return Spans((*blocks, *(Span(hit.start + start, hit.end + start) for hit in phrases)))

    @cached_property
    def _first_complaint(self) -> Span:
        """The chief complaint up to its first full comma or stop: what the patient came for."""
        for section in self.note.sections:
            if section.id == "chief_complaint" and section.body.start < section.body.end:
                said = self.note.slice(section.body).lstrip()
                start = section.body.end - len(said)
                ends = (at for mark in "，,。;；\n" if (at := said.find(mark)) > 0)
                return Span(start, start + min(ends, default=len(said)))
        return Span(0, 0)

    def _weight(self, span: Span) -> float:
        """How much a word counts by where it stands (``[places]`` of departments.toml)."""
        places: dict[str, float] = table("departments")["places"]
        where = self._place(span)
        if self._first_complaint.contains(span):
            return places["first_complaint"]
        if where == "reports" and any(f.kind == "diagnosis" for f in self._facts_at(span)):
            return places["reported_diagnosis"]
        return places[where] * self._rank(span, where)

    def _assertion(self, hit: Hit, span: Span) -> str:
        for fact in self._facts_at(span):
            if fact.kind in ("symptom", "sign", "diagnosis", "procedure"):
                return "denied" if fact.flag == "NEG" else fact.assertion
        denied = denied_before(self.text, hit.start, self.note.language)
        return "denied" if denied else "present"

    def _facts_at(self, span: Span) -> Iterator[Fact]:
        return (self.facts[at] for at in self._fact_spans.overlapping(span))

    def _rank(self, span: Span, where: str) -> float:
        """Less than 1 for a diagnosis that is not the first of its list, the main one."""
        section = self.note.section_at(span.start)
        if where != "diagnosis" or section is None:
            return 1.0
        before = str(self.note.text)[section.body.start : span.start].strip()
        later: float = table("departments")["weights"]["later_diagnosis"]
        return later if "\n" in before else 1.0

    def _place(self, span: Span) -> str:
        section = self.note.section_at(span.start)
        if section is None:
            return "other"
        found = place(section.id)
        return "past" if found == "other" and section.id in group("background") else found

    def departments(self) -> list[Ranked]:
        """Each word counts once for a department, at the place where it counts most."""
        departments, finder = _departments()
        places = table("departments")["places"]
        best: dict[tuple[int, str], tuple[float, Span]] = {}
        for hit, span in self._hits(finder):
            index, weight = hit.value
            if not self._allowed(departments[index]):
                continue
            assertion = self._assertion(hit, span)
            if assertion in ("denied", "family"):
                continue
            score = weight * (places["past"] if assertion == "historical" else self._weight(span))
            known = best.get((index, hit.word))
            if score and (known is None or score > known[0]):
                best[index, hit.word] = (score, span)
        return self._ranked(departments, best)

    def _ranked(
        self, departments: tuple[_Department, ...], best: dict[tuple[int, str], tuple[float, Span]]
    ) -> list[Ranked]:
        ranked = []
        for index, department in enumerate(departments):
            found = sorted(
                (pair for (owner, _), pair in best.items() if owner == index),
                key=lambda pair: (-pair[0], pair[1]),
            )
            score = sum(score for score, _ in found)
            spans = _widest(span for _, span in found)
            if department.by_age and self.age is not None and self.age < _CHILD:
                score += department.by_age
                spans = (*self._spans("age"), *spans)
            if score:
                ranked.append(Ranked(department.zh, department.en, round(score, 1), tuple(spans)))
        return sorted(ranked, key=lambda one: -one.score)

    def _allowed(self, department: _Department) -> bool:
        if department.sex and self.sex and department.sex != self.sex:
            return False
        return not (department.max_age and self.age is not None and self.age >= department.max_age)

    def _spans(self, kind: str) -> tuple[Span, ...]:
        return tuple(fact.span for fact in self.note.facts if fact.kind == kind)[:1]

    def signs(self) -> list[Sign]:
        """Abnormal vital signs and emergency words, gravest first."""
        found = [*vital_signs(self.facts, self.age), *self._word_signs()]
        taken: list[Span] = []
        signs = []
        for sign in sorted(found, key=lambda sign: (sign.level != "emergency", sign.span)):
            if not any(sign.span.overlaps(span) for span in taken):
                taken.append(sign.span)
                signs.append(sign)
        return signs

    def _word_signs(self) -> Iterator[Sign]:
        for hit, span in self._hits(_emergencies()):
            if _AFTERWARDS.search(self.text, max(hit.start - 50, 0), hit.start):
                continue
            place, assertion = self._place(span), self._assertion(hit, span)
            # A disease that is yet to be excluded stands in the plan as often as above it.
            suspected = assertion == "possible" and place not in ("past", "family")
            if suspected or (assertion == "present" and place not in ("past", "family", "plan")):
                level, source = hit.value
                yield Sign(span, level, source)


def _first(facts: tuple[Fact, ...], kind: str) -> float | str | None:
    return next((fact.value for fact in facts if fact.kind == kind), None)


def _widest(spans: Iterator[Span]) -> tuple[Span, ...]:
    """Without those that lie inside another (高血压 holds 血压高 of no one)."""
    kept: list[Span] = []
    for span in spans:
        if not any(other.contains(span) for other in kept):
            kept = [other for other in kept if not span.contains(other)] + [span]
    return tuple(kept)
