"""Holds a text against a record: facts first, then sides, clauses, dates and numbers.

What one step has found or confirmed the later ones leave alone.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from typing import Final

from doctorflan_ls.grounding import drugs, measures, names
from doctorflan_ls.grounding.clauses import Clause, clauses
from doctorflan_ls.grounding.dates import When, agree, dates, near
from doctorflan_ls.grounding.hits import Hit
from doctorflan_ls.grounding.numbers import Amount, amounts
from doctorflan_ls.grounding.record import Record
from doctorflan_ls.grounding.table import table
from doctorflan_ls.notes.facts.demographics import age_years
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.sides import Sided, sides
from doctorflan_ls.text import Span, Spans

_FINDINGS: Final = frozenset({"symptom", "sign", "diagnosis", "procedure"})
_ALLERGY: Final = re.compile(r"过敏|allerg|NKDA|NKA", re.IGNORECASE)
# So much before a name says whose it is.
_BEFORE: Final = 80
# Years; two statements of one age that differ by less are the same.
_AGE: Final = 0.05
_MORE: Final = "余多几"


def hits(text: str, record: Record, *, denies: bool = False) -> list[Hit]:
    """What of ``text`` the record does not say or says otherwise, in the order it stands.

    ``denies``: what the text names it denies (a list of negative findings).
    """
    return sorted(_Reader(text, record, denies).hits())


class _Reader:
    """One text against one record."""

    def __init__(self, text: str, record: Record, denies: bool) -> None:
        self.text = text
        self.record = record
        facts = parse_note(text).facts
        self.facts = tuple(map(_denied, facts)) if denies else facts
        self.found: list[Hit] = []
        # Where they stand, in order; none overlaps another.
        self._taken: list[Span] = []
        # What needs no other look: confirmed as part of a fact, or reported.
        self.settled: list[Span] = []

    def hits(self) -> list[Hit]:
        for fact in self.facts:
            found = list(self._fact(fact))
            if fact.kind in ("lab", "vital", "drug"):
                self.settled.append(fact.span)
            self._take(found)
        self._take(self._sides())
        when = dates(self.text)
        dated = [each.span for each in when]
        self._take(self._clauses(dated))
        self._take(self._dates(when))
        self._take(self._numbers(dated))
        return self.found

    def _take(self, found: Iterator[Hit] | Sequence[Hit]) -> None:
        for hit in found:
            at = bisect_left(self._taken, hit.span)
            if not any(hit.span.overlaps(near) for near in self._taken[max(at - 1, 0) : at + 1]):
                insort(self._taken, hit.span)
                self.found.append(hit)
                self.settled.append(hit.span)

    def _fact(self, fact: Fact) -> Iterator[Hit]:
        if fact.kind in ("lab", "vital"):
            yield from measures.check(fact, self.record)
        elif fact.kind == "drug":
            yield from drugs.check(fact, self.record)
        elif fact.kind == "allergy":
            if self._of_allergies(fact):
                yield from drugs.check_allergy(fact, self.record, self.text)
        elif fact.kind in _FINDINGS:
            before = self.text[max(fact.span.start - _BEFORE, 0) : fact.span.start]
            after = self.text[fact.span.end : fact.span.end + 3]
            yield from names.check(fact, self.record, before, after)
        elif fact.kind in ("age", "sex"):
            yield from self._patient(fact)

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _of_allergies(self, fact: Fact) -> bool:
        """True where the line says so itself; what merely stands below an allergy may be a drug."""
        end = self.text.find("\n", fact.span.start)
        line = self.text[self._line_start(fact.span.start) : end if end >= 0 else None]
        head = self.text.lstrip().partition("\n")[0]
        title = re.split("[：:]", head, maxsplit=1)[0]
        return _ALLERGY.search(line) is not None or _ALLERGY.search(title) is not None

    def _patient(self, fact: Fact) -> Iterator[Hit]:
        known = self.record.by_key.get((fact.kind, fact.kind), [])
        if not known or any(_same_patient(fact, other) for other in known):
            return
        # Menarche at 12 is no age of the patient, and the note has that number.
        if fact.kind == "age" and fact.value in self.record.by_value:
            return
        yield Hit(fact.span, "GR-PATIENT", known[0].text, known[0].span)

    def _sides(self) -> Iterator[Hit]:
        for one in sides(self.text):
            known = self.record.sides.get(one.organ, ())
            said = {other.side for other in known}
            if one.side in said or (one.side == "both" and {"left", "right"} <= said):
                continue
            if one.side != "both" and "both" in said:
                continue
            if known:
                other = known[0]
                says = self.record.text[slice(*other.span)]
                yield Hit(one.span, "GR-SIDE", says, other.span)
            elif self._unsided(one):
                yield Hit(one.span, "GR-SIDE")

    def _unsided(self, one: Sided) -> bool:
        """True where the record names the organ in the draft's words and gives no side at all."""
        organ = self.text[one.mark.end : one.span.end].lstrip("侧 -").lower()
        side = self.text[slice(*one.mark)].lower()
        return organ in self.record.folded and side not in self.record.folded

    def _clauses(self, dated: Sequence[Span]) -> Iterator[Hit]:
        for one in clauses(self.text, dated):
            known = self.record.frames.get(one.frame)
            if not known or any(_alike(one, other) for other in known):
                continue
            yield from self._differing(one, known[0])

    def _differing(self, one: Clause, other: Clause) -> Iterator[Hit]:
        says = self.record.text[slice(*other.span)].strip()
        for (side, span), hand in zip(one.sides, other.hands, strict=False):
            if side != hand:
                yield Hit(span, "GR-SIDE", says, other.span)
        settled = Spans(self.settled)
        for mine, theirs in zip(one.numbers, other.numbers, strict=False):
            if mine.size == theirs.size or settled.overlap(mine.span):
                continue
            if mine.value != theirs.value:
                yield Hit(mine.span, "GR-NUM", says, other.span)
            elif mine.unit is not None and theirs.unit is not None:
                yield Hit(mine.unit, "GR-UNIT", says, other.span)
        if one.hands == other.hands and one.values == other.values:
            yield from self._denied(one, other, says)

    def _denied(self, one: Clause, other: Clause, says: str) -> Iterator[Hit]:
        """What one clause denies and the other does not, where no term is looked up for it."""
        for at in sorted(one.denied ^ other.denied):
            marks = [span for place, span in (*one.denials, *one.claims) if place == at]
            theirs = [span for place, span in (*other.denials, *other.claims) if place == at]
            # A list's denial reaches on over commas: 无发热，畏寒.
            if at == 0 and self._goes_on(one if not marks else None, other if not theirs else None):
                continue
            if any(self._begins(self.facts, span) for span in marks) or any(
                self._begins(self.record.facts, span) for span in theirs
            ):
                continue
            yield Hit(marks[0] if marks else one.span, "GR-NEG", says, other.span)
            return

    def _begins(self, facts: Sequence[Fact], mark: Span) -> bool:
        """True where a fact stands right behind ``mark``: that was looked up by its name."""
        return any(
            fact.kind in _FINDINGS and mark.start <= fact.span.start <= mark.end + 1
            for fact in facts
        )

    def _goes_on(self, one: Clause | None, other: Clause | None) -> bool:
        """True where a denial before a clause that says nothing itself may reach into it."""
        denials = table().negations
        if one is not None:
            before = self.text[self._line_start(one.span.start) : one.span.start]
            if denials.search(before):
                return True
        if other is None:
            return False
        start = self.record.sentence(other.span.start).start
        return denials.search(self.record.text[start : other.span.start]) is not None

    def _dates(self, when: list[When]) -> Iterator[Hit]:
        for one in when:
            if any(agree(one, other) for other in self.record.dates):
                continue
            if one.clock == "" and all(m is None and d is None for _, m, d in one.meanings):
                year = one.meanings[0][0]
                if year is not None and self._has(float(year)):
                    continue
            other = next(
                (each for each in self.record.dates if not each.clock and near(one, each)), None
            )
            if other is None or one.clock:
                yield Hit(one.span, "GR-DATE")
            else:
                says = self.record.text[slice(*other.span)]
                yield Hit(one.span, "GR-DATE", says, other.span)

    def _has(self, number: float) -> bool:
        return number in self.record.by_value or number in self.record.in_dates

    def _numbers(self, taken: list[Span]) -> Iterator[Hit]:
        settled = Spans(self.settled)
        counted = [Span(*found.span()) for found in table().counted.finditer(self.text)]
        for one in amounts(self.text, [*taken, *counted]):
            if settled.overlap(one.span) or (one.worded and not self._counts(one)):
                continue
            hit = self._number(one)
            if hit is not None:
                yield hit

    def _counts(self, one: Amount) -> bool:
        """Number words are looked up where they measure: three days, not one of them."""
        return one.unit is not None and one.unit.dimension in ("time", "months", "mass", "volume")

    def _number(self, one: Amount) -> Hit | None:
        same = self.record.by_value.get(one.value, [])
        if one.base is not None and one.base in self.record.by_base:
            return None
        other = next((each for each in same if _fits(one, each)), None)
        if other is not None:
            return None
        if same and one.unit_span is not None:
            # The same number of something else: nothing is contradicted.
            return Hit(one.unit_span, "GR-UNIT")
        if same or self._rounded(one):
            return None
        if one.unit is None and one.value in self.record.in_dates:
            return None
        return Hit(one.span, "GR-NUM")

    def _rounded(self, one: Amount) -> bool:
        """约38 where the record says 37.9."""
        before = self.text[max(one.span.start - _BEFORE, 0) : one.span.start]
        if not table().about.search(before):
            return False
        return any(
            round(value + 1e-9, one.decimals) == one.value
            for value, known in self.record.by_value.items()
            if any(_fits(one, each) for each in known)
        )


def _denied(fact: Fact) -> Fact:
    if fact.kind in _FINDINGS and fact.assertion == "present":
        return fact._replace(assertion="denied")
    return fact


def _alike(one: Clause, other: Clause) -> bool:
    return one.values == other.values and one.hands == other.hands and one.denied == other.denied


def _fits(one: Amount, other: Amount) -> bool:
    if one.unit is None or other.unit is None:
        return True
    mine, theirs = one.unit.name, other.unit.name
    # 10 mg is said of 10 mg/day too.
    return mine == theirs or mine.startswith(f"{theirs}/") or theirs.startswith(f"{mine}/")


def _same_patient(one: Fact, other: Fact) -> bool:
    if one.kind == "sex":
        return one.value == other.value
    # Age: 14-day-old is read as 14 years behind its label.
    if one.value == other.value:
        return True
    mine, theirs = age_years(one), age_years(other)
    return mine is None or theirs is None or abs(mine - theirs) < _AGE
