"""Whether the unit of a test fits it, and its value the unit (ZC-10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from doctorflan_ls.checks.model import Fields, Finding, Fix
from doctorflan_ls.checks.patterns import filled, limit, pattern, phrase, rows, rules_of
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.notes.facts.lab_table import lab_table
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Edit, Span


class _Range(NamedTuple):
    unit: str
    shown: str
    low: float
    high: float


class _Mistake(NamedTuple):
    """Values from ``low`` to ``high`` in ``unit`` are meant in ``meant``; ``sure``: for certain."""

    unit: str
    low: float
    high: float
    meant: str
    sure: bool


class _Analyte(NamedTuple):
    shown: Bilingual
    possible: Sequence[_Range]
    mistaken: Sequence[_Mistake]


def checks() -> Iterator[Check]:
    """The check of this module."""
    yield Check("units", rules_of("ZC-10"), units, "part")


@lru_cache(maxsize=4)
def _analytes(table: RuleTable) -> Mapping[str, _Analyte]:
    """By name; the built-in ones where a hospital's file has rows of another form."""
    try:
        return {row["name"]: _analyte(row) for row in rows(table, "units", "analyte")}
    except (KeyError, TypeError):
        return _analytes(rule_table())


def _analyte(row: Mapping[str, Any]) -> _Analyte:
    unit = lab_table().unit
    return _Analyte(
        Bilingual(**row["shown"]),
        [
            _Range(unit(each["unit"]), each["unit"], each["low"], each["high"])
            for each in row["possible"]
        ],
        [_Mistake(**{**each, "unit": unit(each["unit"])}) for each in row.get("mistaken", ())],
    )


def units(at: Scope) -> Iterator[Finding]:
    """Results whose unit the test has not, or whose value is impossible in it."""
    analytes = _analytes(at.table)
    fluids = pattern(at.table, "units", "fluids", "words")
    reach = int(limit(at.table, "units", "fluids", "reach"))
    for fact in at.facts:
        analyte = analytes.get(fact.name) if fact.kind == "lab" else None
        if analyte is None or fact.unit is None or not isinstance(fact.value, float):
            continue
        start = fact.span.start - at.span.start
        head = at.text[max(start - reach, 0) : start]
        if fluids.search(head[head.rfind("\n") + 1 :]) or fluids.search(fact.text):
            continue
        finding = _finding(at, fact, analyte, fact.value, fact.unit)
        if finding is not None:
            yield finding


def _finding(at: Scope, fact: Fact, analyte: _Analyte, value: float, unit: str) -> Finding | None:
    written = lab_table().unit(unit)
    meant = next(
        (
            each
            for each in analyte.mistaken
            if each.unit == written and each.low <= value <= each.high
        ),
        None,
    )
    rule, table = at.table.rules["ZC-10"], at.table
    if meant is not None:
        problem = filled(phrase(table, "units", "problems", "unit"), {"unit": meant.meant})
        fixes = (_fix(at, fact, unit, meant.meant),) if meant.sure else ()
        return Finding(rule, fact.span, _fields(fact, analyte, problem), fixes=fixes)
    outside = next((each for each in analyte.possible if each.unit == written), None)
    if outside is None or outside.low <= value <= outside.high:
        return None
    bounds = {"unit": outside.shown, "low": f"{outside.low:g}", "high": f"{outside.high:g}"}
    problem = filled(phrase(table, "units", "problems", "value"), bounds)
    return Finding(rule, fact.span, _fields(fact, analyte, problem))


def _fields(fact: Fact, analyte: _Analyte, problem: Bilingual) -> Fields:
    return {"name": analyte.shown, "text": fact.text, "problem": problem}


def _fix(at: Scope, fact: Fact, unit: str, meant: str) -> Fix:
    start = fact.span.start + fact.text.rindex(unit)
    power = "" if unit[0].isdigit() or not meant.startswith("10^") else "×"
    edit = Edit(Span(start, start + len(unit)), power + meant)
    return Fix(filled(phrase(at.table, "units", "fix", "title"), {"unit": meant}), (edit,))
