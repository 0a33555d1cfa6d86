"""Scores: the points that a note decides, and the range that the rest leaves open."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doctorflan_ls.calculators.findings import Findings
from doctorflan_ls.calculators.model import Calculator, Input, Item, Result
from doctorflan_ls.tasks.model import Bilingual

_PATIENT = frozenset(("age", "female"))


@dataclass(frozen=True, slots=True)
class _Points:
    """The range of an item's points, what decides it, and what would."""

    low: float
    high: float
    inputs: tuple[Input, ...]
    missing: tuple[Bilingual, ...]


def scored(calculator: Calculator, known: dict[str, Input], findings: Findings) -> Result | None:
    """The score; None where too few items are known to be of use."""
    parts = [_item(item, known, findings) for item in calculator.items]
    given = tuple(each for part in parts for each in part.inputs)
    stated = [part for part in parts if any(each.name not in _PATIENT for each in part.inputs)]
    # Where nothing says that the score is wanted at all, half of it must be there.
    if not given or (not calculator.requires and len(stated) < len(parts) / 2):
        return None
    low, high = sum(part.low for part in parts), sum(part.high for part in parts)
    missing = tuple(dict.fromkeys(each for part in parts for each in part.missing))
    return Result(calculator, None if missing else low, low, high, given, missing)


def _item(item: Item, known: dict[str, Input], findings: Findings) -> _Points:
    if item.parts:
        return _highest(item, known, findings)
    if item.quantity:
        return _banded(item, known)
    return _conditional(item, findings)


def _banded(item: Item, known: dict[str, Input]) -> _Points:
    value = known.get(item.quantity)
    if value is None:
        every = [points for _, points in item.bands]
        return _Points(min(every), max(every), (), (item.label,))
    points = next(points for when, points in item.bands if when.holds(value.value))
    return _Points(points, points, (replace(value, points=(points, points)),), ())


def _conditional(item: Item, findings: Findings) -> _Points:
    for name, points in item.grades:
        graded = findings.of(name)
        if graded is not None and graded.present:
            shown = Input(name, item.label, 1, "", graded.span, points=(points, points))
            return _Points(points, points, (shown,), ())
    found = findings.of(item.condition)
    if found is None:
        every = (*item.points, item.absent)
        return _Points(min(every), max(every), (), (item.label,))
    low, high = item.points if found.present else (item.absent, item.absent)
    value = 1 if found.present else 0
    shown = Input(item.condition, item.label, value, "", found.span, points=(low, high))
    return _Points(low, high, (shown,), () if low == high else (item.label,))


def _highest(item: Item, known: dict[str, Input], findings: Findings) -> _Points:
    """The highest of several parts; an optional one that is not told is left out."""
    parts = [_item(part, known, findings) for part in item.parts]
    told = [
        points
        for part, points in zip(item.parts, parts, strict=True)
        if not (part.optional and points.missing and not points.inputs)
    ]
    low, high = max(each.low for each in told), max(each.high for each in told)
    given = tuple(each for part in told for each in part.inputs)
    missing = tuple(each for part in told for each in part.missing) if low < high else ()
    return _Points(low, high, given, missing)
