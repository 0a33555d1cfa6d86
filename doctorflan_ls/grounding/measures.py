"""Vital signs and laboratory results of a draft against the record's of the same name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from doctorflan_ls.grounding.hits import Hit
from doctorflan_ls.grounding.record import Record, key_of
from doctorflan_ls.grounding.table import table
from doctorflan_ls.grounding.values import NUMBER, Value, Verdict, compare, value_of
from doctorflan_ls.notes.facts.lab_table import lab_table
from doctorflan_ls.notes.facts.measurements import load
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

_SHORTEST_LABEL: Final = 3
_NEAR: Final = 40
_HIGH_LOW: Final = frozenset({"H", "L"})
_SIGNED: Final = frozenset({"POS", "NEG"})


def check(fact: Fact, record: Record) -> Iterator[Hit]:
    """What the record does not say of a measurement, or says otherwise."""
    value = value_of(fact)
    known = record.by_key.get(("measurement", key_of(fact)), [])
    if not value.numbers:
        yield from _worded(fact, known)
        return
    verdicts: dict[Verdict, list[Fact]] = {}
    for other in known:
        verdicts.setdefault(compare(value, value_of(other)), []).append(other)
    if "same" in verdicts or ("unit" not in verdicts and _beside_label(fact, value, record)):
        return
    found = next((verdicts[each] for each in ("unit", "close", "other") if each in verdicts), None)
    if found is not None:
        # Of several measurements the nearest in size is the one that was most likely meant.
        nearest = min(found, key=lambda one: _distance(value, value_of(one)))
        yield from _differing(fact, value, nearest)
    elif not verdicts and not _labelled(fact, record) and _missing(value, record):
        yield Hit(value_span(fact), "GR-LAB")


def _differing(fact: Fact, value: Value, other: Fact) -> Iterator[Hit]:
    at = value_span(fact)
    verdict = compare(value, value_of(other))
    if verdict == "unit":
        yield Hit(_unit_span(fact, at), "GR-UNIT", other.text, other.span)
    elif verdict == "other":
        yield Hit(at, "GR-LAB", other.text, other.span)
    elif not table().about.search(fact.text[: at.start - fact.span.start]):
        yield Hit(at, "GR-LAB")


def value_span(fact: Fact) -> Span:
    """Where the value of a measurement stands: its numbers, without label and unit."""
    text = half_width(fact.text)
    written = half_width(str(fact.value)) if isinstance(fact.value, str) else ""
    at = text.find(written) if written else -1
    if at >= 0:
        return Span(fact.span.start + at, fact.span.start + at + len(written))
    for found in reversed(list(NUMBER.finditer(text))):
        if float(found[0].replace(",", "")) == fact.value:
            return Span(fact.span.start + found.start(), fact.span.start + found.end())
    return fact.span


def _unit_span(fact: Fact, at: Span) -> Span:
    unit = fact.unit or ""
    start = fact.text.find(unit, at.end - fact.span.start) if unit else -1
    if start < 0:
        return at
    return Span(fact.span.start + start, fact.span.start + start + len(unit))


def _distance(one: Value, other: Value) -> float:
    return sum(abs(a - b) for a, b in zip(one.numbers, other.numbers, strict=False))


def _worded(fact: Fact, known: Sequence[Fact]) -> Sequence[Hit]:
    """A result in words: only what is its plain opposite in the record is found."""
    for kinds, rule in ((_SIGNED, "GR-NEG"), (_HIGH_LOW, "GR-LAB")):
        flags = {other.flag for other in known if other.flag in kinds}
        if fact.flag in kinds and flags and fact.flag not in flags:
            other = next(one for one in known if one.flag in kinds)
            return (Hit(fact.span, rule, other.text, other.span),)
    return ()


@cache
def _labels() -> dict[str, tuple[str, ...]]:
    """What each measurement is called in notes, in lower case."""
    found: dict[str, set[str]] = {}
    for label, analytes in lab_table().analytes.items():
        for analyte in analytes:
            found.setdefault(analyte.name, set()).add(label)
    for row in load("vitals.toml")["vital"]:
        name = "pulse" if row["name"] == "heart_rate" else row["name"]
        found.setdefault(name, set()).update(half_width(each).lower() for each in row["labels"])
    return {name: tuple(words) for name, words in found.items()}


def _labelled(fact: Fact, record: Record) -> bool:
    """True where the record names the measurement, whatever it says of it."""
    return any(
        label in record.folded
        for label in _labels().get(key_of(fact), ())
        if len(label) >= _SHORTEST_LABEL or not label.isascii()
    )


def _beside_label(fact: Fact, value: Value, record: Record) -> bool:
    """True where the record has the number close behind a name of the measurement.

    The parser reads no fact in 白细胞由15.2降至9.8; that is not held against a draft.
    """
    for number in value.numbers:
        spans = [each.span for each in record.by_value.get(number, ())]
        if not any(_names(fact, record, span) for span in spans):
            return False
    return True


def _names(fact: Fact, record: Record, span: Span) -> bool:
    start = max(record.sentence(span.start).start, span.start - _NEAR)
    before = record.folded[start : span.start]
    for other in record.by_key.get(("measurement", key_of(fact)), ()):
        if other.span.start <= span.start and start <= other.span.start:
            # Another measurement's value between the name and the number is not this one's.
            between = record.folded[other.span.end : span.start]
            return len(between) < 2 or not any(c.isalpha() for c in between)
    return any(
        label in before
        for label in _labels().get(key_of(fact), ())
        if len(label) >= _SHORTEST_LABEL or not label.isascii()
    ) and not any(
        start <= each.span.start < span.start and each.span.end <= span.start
        for each in record.facts
        if each.kind in ("lab", "vital")
    )


def _missing(value: Value, record: Record) -> bool:
    return not all(number in record.by_value for number in value.numbers)
