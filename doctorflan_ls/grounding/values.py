"""Measured values, and how one compares to another of the same name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, Literal, NamedTuple

from doctorflan_ls.grounding.table import table
from doctorflan_ls.notes.facts.lab_table import lab_table
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.notes.model import Fact

Verdict = Literal["same", "unit", "close", "other", "unlike"]
"""The other value, only its unit another, a rounding of it, another, or not to be compared."""

NUMBER: Final = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
# A value and its conversion agree within this part of it, and within this much.
_PART: Final = 0.01
_MUCH: Final = 0.06
_KPA: Final = 7.5006


class Value(NamedTuple):
    """``numbers`` as measured, in the canonical ``unit``; ``decimals`` is how exactly."""

    numbers: tuple[float, ...]
    unit: str
    decimals: int


def value_of(fact: Fact) -> Value:
    """The value of a measurement."""
    written = half_width(str(fact.value)) if isinstance(fact.value, str) else ""
    if isinstance(fact.value, float):
        numbers: tuple[float, ...] = (fact.value,)
        text = half_width(fact.text)
        found = [m[0] for m in NUMBER.finditer(text) if float(m[0].replace(",", "")) == fact.value]
        decimals = len(found[-1].partition(".")[2]) if found else 0
    else:
        parts = NUMBER.findall(written)
        numbers = tuple(float(part.replace(",", "")) for part in parts)
        decimals = max((len(part.partition(".")[2]) for part in parts), default=0)
    return Value(numbers, _unit(fact.unit), decimals)


def _unit(written: str | None) -> str:
    if not written:
        return ""
    folded = half_width(written).strip().lower()
    known = table().units.get(folded)
    return known.name if known else lab_table().unit(written)


def compare(mine: Value, theirs: Value) -> Verdict:
    """What ``mine`` is to ``theirs``."""
    if not theirs.numbers:
        return "unlike"
    if mine.unit and theirs.unit and mine.unit != theirs.unit:
        return _in_units(mine, theirs)
    if mine.numbers == theirs.numbers or _inside(mine, theirs):
        return "same"
    return "close" if _rounded(mine, theirs) else "other"


def _in_units(mine: Value, theirs: Value) -> Verdict:
    if mine.numbers == theirs.numbers:
        return "unit"
    factors = next(_conversions(mine.unit, theirs.unit), None)
    if factors is None:
        return "unlike"
    factor, shift = factors
    same = all(
        abs(one * factor + shift - other) <= max(_MUCH, abs(other) * _PART)
        for one, other in zip(mine.numbers, theirs.numbers, strict=False)
    )
    return "same" if same else "other"


def _inside(mine: Value, theirs: Value) -> bool:
    """Of 70-80 one end, or a value between them, is no other value."""
    if len(mine.numbers) == len(theirs.numbers):
        return False
    low, high = min(theirs.numbers), max(theirs.numbers)
    inside = all(low <= number <= high for number in mine.numbers)
    return inside or set(mine.numbers) >= set(theirs.numbers)


def _rounded(mine: Value, theirs: Value) -> bool:
    return (
        len(mine.numbers) == len(theirs.numbers)
        and mine.decimals < theirs.decimals
        and all(
            round(other + 1e-9, mine.decimals) == one
            for one, other in zip(mine.numbers, theirs.numbers, strict=True)
        )
    )


def _conversions(mine: str, theirs: str) -> Iterator[tuple[float, float]]:
    """By what a number in the one unit is multiplied, and what is added, for the other."""
    if (mine, theirs) == ("f", "c"):
        yield 1 / 1.8, -32 / 1.8
    elif (mine, theirs) == ("c", "f"):
        yield 1.8, 32.0
    elif (mine, theirs) == ("kpa", "mmhg"):
        yield _KPA, 0.0
    sizes = _sizes()
    if mine in sizes and theirs in sizes and sizes[mine][0] == sizes[theirs][0]:
        yield sizes[mine][1] / sizes[theirs][1], 0.0
    for one, (other, factor) in table().factors.items():
        if (mine, theirs) == (one, other):
            yield factor, 0.0
        elif (mine, theirs) == (other, one):
            yield 1 / factor, 0.0


@cache
def _sizes() -> dict[str, tuple[str, float]]:
    units = table().units.values()
    return {unit.name: (unit.dimension, unit.scale) for unit in units if unit.dimension}
