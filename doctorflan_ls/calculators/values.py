"""The quantities of a note, in the units that formulas take.

A value told as earlier, as highest or of a relative is not used, nor one whose unit is not known.
Of several the last of the examination and results is used, else the last that is stated; where a
formula takes several quantities, those that stand together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from doctorflan_ls.calculators.model import Input, Quantity
from doctorflan_ls.calculators.reading import AIR, read, visit
from doctorflan_ls.calculators.scope import Scope, is_measured
from doctorflan_ls.calculators.table import quantities
from doctorflan_ls.checks.scope import Scope as Checked
from doctorflan_ls.notes.facts.demographics import age_years
from doctorflan_ls.notes.facts.lab_table import Analyte, lab_table
from doctorflan_ls.notes.facts.measurements import load
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.notes.model import Fact, Sentence
from doctorflan_ls.text import Span

# A specimen that a list of results is told of; 尿钠 by itself says nothing of what follows it.
_OTHER_SPECIMEN = re.compile(
    r"(尿(?:液|常规|检|生化|电解质|[:：])|脑脊液|胸水|腹水|胸腔积液|静脉血气|混合静脉|引流液"
    r"|urinalysis|urine (?:studies|electrolytes|chemistry)|urine:|\bCSF\b|cerebrospinal|pleural"
    r"|ascitic|peritoneal fluid|venous (?:blood )?gas|VBG)"
    r"(?![^,，]*(?:血清|血浆|血生化|动脉血|serum|plasma|arterial))",
    re.IGNORECASE,
)
_URINE = re.compile(r"(?:尿液?|\burin(?:e|ary))\s*$", re.IGNORECASE)
# 60 mg/dL of urea are 28 of its nitrogen, which one name of the tables means; in mmol/L both agree.
_UREA = re.compile(r"(?:尿素(?!氮)|\burea\b(?! nitrogen)).*mg/dL", re.IGNORECASE)
_BIRTH = re.compile(r"出生|birth", re.IGNORECASE)
_FEET = re.compile(r"(\d)\s*(?:'|’|feet|foot|ft)\D{0,3}?(?:(\d{1,2}(?:\.\d)?))?")
_PRESSURE = re.compile(r"(\d{2,3})(?:[-~]\d+)?/(\d{2,3})")
_GRAMS_FROM = 500
# Values this close together, in code points, are taken for those of one time.
_NEAR = 300
_COMPARED = 8
# What holds for the whole of a note, wherever it stands.
_LASTING = frozenset(("weight", "height", "cigarettes", "smoking_years", "last_period", "visit"))


class _Candidate(NamedTuple):
    rank: int
    value: float
    span: Span


class Values:
    """The quantities of one scope: ``known`` holds the one of each that is used by itself."""

    def __init__(self, patient: dict[str, Input], stated: dict[str, list[_Candidate]]) -> None:
        self._stated = stated
        self._best = {name: _best(every) for name, every in stated.items()}
        self.known = patient | {
            name: _chosen(quantities()[name], every, self._best[name][-1])
            for name, every in stated.items()
        }

    def together(self, names: tuple[str, ...]) -> dict[str, Input]:
        """Those of ``names`` that are known, of one time where the note states several.

        A sodium of the admission and a chloride of a week later give no anion gap: what stands
        closest together is taken, and of several such places the last.
        """
        known = {name: self.known[name] for name in names if name in self.known}
        several = {
            name: self._best[name][-_COMPARED:]
            for name in known
            if name in self._stated and name not in _LASTING
        }
        if len(several) < 2 or all(len(each) == 1 for each in several.values()):
            return known
        anchors = [each for every in several.values() for each in every]
        places = (_around(anchor, several) for anchor in anchors)
        best = min(places, key=_apart)
        return known | {
            name: _chosen(quantities()[name], self._stated[name], candidate)
            for name, candidate in best.items()
        }


def _around(anchor: _Candidate, several: dict[str, list[_Candidate]]) -> dict[str, _Candidate]:
    """The candidate of each quantity that is nearest to ``anchor``."""
    at = anchor.span.start
    return {
        name: min(every, key=lambda each: abs(each.span.start - at))
        for name, every in several.items()
    }


def _apart(place: dict[str, _Candidate]) -> tuple[int, int]:
    """How far apart a place's values are, none within a few lines; then the later first."""
    starts = [each.span.start for each in place.values()]
    apart = max(starts) - min(starts)
    return (0 if apart <= _NEAR else apart, -max(starts))


def _best(candidates: list[_Candidate]) -> list[_Candidate]:
    """Those of the highest rank, in the order they stand."""
    highest = max(each.rank for each in candidates)
    return sorted(
        (each for each in candidates if each.rank == highest), key=lambda each: each.span.start
    )


def read_values(scope: Scope) -> Values:
    """Every quantity that ``scope`` gives."""
    stated = sorted(scope.gather(_stated), key=lambda each: each[1].worded)
    has_oxygen = any(each.name == AIR and not each.candidate.value for _, each in stated)
    found: dict[str, list[_Candidate]] = {}
    for start, (name, candidate, _) in stated:
        if name == AIR and has_oxygen:
            continue
        here = _Candidate(candidate.rank, candidate.value, _moved(candidate.span, start))
        found.setdefault("fio2" if name == AIR else name, []).append(here)
    day = visit(scope)
    if day is not None:
        rank = 1 if is_measured(scope.section(day.span.start)) else 0
        found.setdefault(day.name, []).append(_Candidate(rank, day.value, day.span))
    return Values(_patient(scope), found)


class _Stated(NamedTuple):
    """A value of the quantity ``name``, its place counted from its part's start."""

    name: str
    candidate: _Candidate
    worded: bool


def _stated(part: Checked) -> Iterator[_Stated]:
    scope, by = Scope(part.note, part.span), -part.span.start
    for fact in scope.facts:
        if fact.kind in ("lab", "vital") and fact.assertion == "present":
            for name, value in _values(scope, fact):
                rank = 1 if is_measured(fact.section) else 0
                yield _Stated(name, _Candidate(rank, value, _moved(fact.span, by)), worded=False)
    for each in read(scope):
        rank = 1 if is_measured(scope.section(each.span.start)) else 0
        candidate = _Candidate(rank, each.value, _moved(each.span, by))
        yield _Stated(each.name, candidate, worded=True)


def _moved(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)


def _chosen(quantity: Quantity, candidates: list[_Candidate], best: _Candidate) -> Input:
    others = tuple(each.span for each in candidates if each.value != best.value)
    return Input(quantity.name, quantity.label, best.value, quantity.unit, best.span, others)


def _patient(scope: Scope) -> dict[str, Input]:
    """Age and sex with the words that state them."""
    patient, table = scope.note.patient, quantities()
    found: dict[str, Input] = {}
    for fact in scope.head:
        if fact.kind == "age" and "age" not in found and age_years(fact) == patient.age_years:
            row = table["age"]
            value = patient.age_years or 0
            found["age"] = Input("age", row.label, value, row.unit, fact.span)
        elif fact.kind == "sex" and "female" not in found and fact.value == patient.sex:
            row = table["female"]
            value = 1 if patient.sex == "female" else 0
            found["female"] = Input("female", row.label, value, row.unit, fact.span)
    return found


def _values(scope: Scope, fact: Fact) -> Iterator[tuple[str, float]]:
    """What ``fact`` is worth to each quantity that is read from it."""
    name = fact.name
    if fact.kind == "lab" and name in _names():
        if _URINE.search(scope.before(fact, 12)):
            name = f"urine {name}"
        elif _OTHER_SPECIMEN.search(scope.before(fact, 60)):
            return
    for quantity in _names().get(name, ()):
        value = _lab(scope, quantity, fact) if fact.kind == "lab" else _vital(scope, quantity, fact)
        low, high = quantity.plausible or (float("-inf"), float("inf"))
        if value is not None and low <= value <= high:
            yield quantity.name, value


@cache
def _names() -> Mapping[str, tuple[Quantity, ...]]:
    found: dict[str, tuple[Quantity, ...]] = {}
    for quantity in quantities().values():
        for name in quantity.facts:
            found[name] = (*found.get(name, ()), quantity)
    return found


@cache
def _analytes() -> Mapping[str, Analyte]:
    return {each.name: each for group in lab_table().analytes.values() for each in group}


def _lab(scope: Scope, quantity: Quantity, fact: Fact) -> float | None:
    if not isinstance(fact.value, float):
        return None
    if fact.unit is not None:
        written = lab_table().unit(fact.unit)
        name = f"urea {written}" if _UREA.search(fact.text) else written
    else:
        analyte = _analytes().get(fact.name)
        told = Sentence("", fact.section, scope.note.language)
        assumed = None if analyte is None else analyte.assumed_unit(fact.value, told)
        name = assumed or ""
    factor = quantity.factors.get(name)
    return None if factor is None else fact.value * factor


def _vital(scope: Scope, quantity: Quantity, fact: Fact) -> float | None:
    if fact.name == "blood_pressure":
        return _pressure(quantity.name, fact)
    if fact.name == "height":
        return _height(fact)
    if not isinstance(fact.value, float):
        return None
    if fact.name == "temperature":
        return round((fact.value - 32) / 1.8, 1) if fact.value > 80 else fact.value
    if fact.name == "weight":
        return None if _BIRTH.search(fact.text) else _weight(scope, fact, fact.value)
    return fact.value


def _pressure(name: str, fact: Fact) -> float | None:
    found = _PRESSURE.fullmatch(half_width(str(fact.value)))
    if found is None:
        return None
    return float(found[1] if name == "systolic" else found[2])


def _weight(scope: Scope, fact: Fact, value: float) -> float | None:
    if fact.unit is None:
        # An American note's bare weight may be in pounds.
        return value if scope.note.language == "zh" and value < _GRAMS_FROM else None
    return value * _scale("weight", fact.unit)


def _height(fact: Fact) -> float | None:
    if isinstance(fact.value, float):
        if fact.unit is None:
            return fact.value if fact.value >= 100 else None
        return fact.value * _scale("height", fact.unit)
    feet = _FEET.match(half_width(str(fact.value)))
    return None if feet is None else (float(feet[1]) * 12 + float(feet[2] or 0)) * 2.54


@cache
def _scales() -> Mapping[str, Mapping[str, float]]:
    return {row["name"]: row.get("scale", {}) for row in load("vitals.toml")["vital"]}


def _scale(name: str, unit: str) -> float:
    return _scales()[name].get(half_width(unit).lower(), 1.0)
