"""Vital signs with value, unit as written and a flag against ``data/vitals.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from doctorflan_ls.notes.facts.measurements import (
    Labels,
    Reading,
    against,
    load,
    longest_first,
    readings,
    value_of,
)
from doctorflan_ls.notes.facts.numbers import fact_at, half_width, has_digit, number
from doctorflan_ls.notes.model import Fact, Flag, Sentence

_ADULT: Final = 18
_FAHRENHEIT: Final = re.compile(
    r"\s*(?P<unit>℉|[°º]\s?F\b|F\b|deg(?:ree)?s?\.?\s*F(?:ahrenheit)?\b)", re.IGNORECASE
)
# Not a vital's unit: a duration, a count, a size, a dose, or a longer word that begins like a unit.
_NO_VITAL: Final = re.compile(
    r"\s*(?:#|'?s\b|年|个?月|天|周|小时|min(?:ute)?s\b|hours?\b|days?\b|weeks?\b|months?\b|years?\b|times\b"
    r"|%|percent|mg|ml|cm\s*[x*]|[x*]\s*\d|型|级|期|th\b|nd\b|st\b|[个处枚块段节])",
    re.IGNORECASE,
)
_PRESSURE: Final = re.compile(
    r"(?P<systolic>\d{2,3})(?:\s*[-~]\s*(?P<systolic_to>\d{2,3}))?\s*/\s*"
    r"(?P<diastolic>\d{2,3})(?:\s*[-~]\s*\d{2,3})?(?!\d|/|\.\d)"
)
_SIDE: Final = re.compile(
    r"(?:^|[\s(])(?:[LR]|left|right|左|右)(?:\)|\s*arm|侧)?[\s:]*$", re.IGNORECASE
)
_FEET: Final = re.compile(
    r"(?P<value>\d['’]\s*\d{1,2}(?:\s*[\"”]|'')?|\d\s*(?:feet|foot|ft)\.?,?(?:\s*\d{1,2}(?:\.\d)?\s*(?:inches|inch|in)\b)?)",
    re.IGNORECASE,
)
# R03.0 is a code of ICD-10's chapter of symptoms; nobody counts tenths of a breath.
_ICD: Final = re.compile(r"R\d\d\.\d")
_GOAL: Final = re.compile(r"target|goal|目标", re.IGNORECASE)
_HEAT: Final = re.compile("[热温]")
_CELSIUS: Final = re.compile(r"\s*(?:℃|[°º]\s?C\b|摄氏度)")


@dataclass(frozen=True, slots=True)
class _Vital:
    """One row of the table."""

    name: str
    unit: re.Pattern[str]
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Table:
    labels: Labels
    of_label: dict[str, _Vital]
    of_name: dict[str, _Vital]
    cue: re.Pattern[str]


@cache
def _table() -> _Table:
    of_label: dict[str, _Vital] = {}
    of_name: dict[str, _Vital] = {}
    spelled: set[str] = set()
    for row in load("vitals.toml")["vital"]:
        units = longest_first([half_width(unit) for unit in row["units"]])
        unit = re.compile(rf"\s*(?P<unit>(?:{units})(?![A-Za-z]))", re.IGNORECASE)
        vital = of_name[row["name"]] = _Vital(row["name"], unit, row)
        spelled.update(map(half_width, row["labels"]))
        of_label.update((half_width(label).lower(), vital) for label in row["labels"])
    initials = {label[0] for label in of_label}
    cue = "".join(re.escape(char) for char in sorted(initials | {c.upper() for c in initials}))
    return _Table(Labels(spelled), of_label, of_name, re.compile(f"[{cue}m℃°]"))


def find(sentence: Sentence) -> Iterable[Fact]:
    """The vital signs of ``sentence``; each limb's blood pressure is a fact of its own.

    ``value`` is a number, ``100/60`` for a blood pressure, or the words of an interval.
    """
    if not has_digit(sentence.text):
        return
    text = half_width(sentence.text)
    table = _table()
    if not table.cue.search(text):
        return
    reader = _Reader(sentence, text, table)
    found = list(reader.facts())
    pressed = False
    for fact, needs in found:
        if (needs == "pressure" and not pressed) or (needs == "company" and len(found) < 2):
            continue
        pressed = pressed or fact.name == "blood_pressure"
        yield fact


class _Reader:
    """Reads one sentence; what a fact still needs to be believed comes with it."""

    def __init__(self, sentence: Sentence, text: str, table: _Table) -> None:
        self.sentence = sentence
        self.text = text
        self.table = table

    def facts(self) -> Iterator[tuple[Fact, str]]:
        end = 0
        masked = self.table.labels.masked(self.text)
        for reading in readings(masked):
            if reading.at < end or reading.comparator:
                continue
            found = self._fact(masked, reading, max(reading.head, end))
            if found is not None:
                end = found[0].span.end
                yield found

    def _fact(self, masked: str, reading: Reading, earliest: int) -> tuple[Fact, str] | None:
        measured = self.table.labels.measured(masked, earliest, reading.start)
        pressure = _PRESSURE.match(self.text, reading.at) is not None
        if measured is None or (pressure and len(measured[0].key) == 1):
            return self._unlabelled(reading, earliest)
        label, stated = measured
        vital = self.table.of_label[label.key]
        if _GOAL.search(self.text, max(label.start - 16, 0), label.start):
            return None
        if vital.name == "blood_pressure":
            fact = self._pressure(reading, label.start, stated, needs_unit=False)
        elif vital.row.get("changes") and stated is not None:
            fact = None  # 体重下降7kg is a loss of 7 kg, not a weight
        else:
            fact = self._feet(vital, reading, label.start) or self._single(
                vital, reading, label.start, stated
            )
        letter = len(label.key) == 1
        if fact is None or (fact.unit is None and _ICD.fullmatch(fact.text)):
            return None
        return fact, "company" if letter and fact.unit is None else ""

    def _feet(self, vital: _Vital, reading: Reading, start: int) -> Fact | None:
        feet = _FEET.match(self.text, reading.at) if vital.name == "height" else None
        if feet is None:
            return None
        fact = fact_at(self.sentence.text, "vital", start, feet.end(), vital.name)
        return fact._replace(value=self.sentence.text[reading.at : feet.end()].strip())

    def _unlabelled(self, reading: Reading, earliest: int) -> tuple[Fact, str] | None:
        """``161/117mmHg（L）`` and ``最高39.2℃`` carry their meaning in their unit."""
        if _PRESSURE.match(self.text, reading.at):
            sided = _SIDE.search(self.text[earliest : reading.start]) is not None
            fact = self._pressure(reading, reading.at, None, needs_unit=not sided)
            return None if fact is None else (fact, "pressure" if fact.unit is None else "")
        if _CELSIUS.match(self.text, reading.end) and _HEAT.search(self.text):
            vital = self.table.of_name["temperature"]
            fact = self._single(vital, reading, reading.at, None)
            return None if fact is None else (fact, "")
        return None

    def _pressure(
        self, reading: Reading, start: int, stated: Flag | None, *, needs_unit: bool
    ) -> Fact | None:
        found = _PRESSURE.match(self.text, reading.at)
        vital = self.table.of_name["blood_pressure"]
        if found is None:
            return None
        unit = vital.unit.match(self.text, found.end())
        if unit is None and needs_unit:
            return None
        systolic, diastolic = int(found["systolic"]), int(found["diastolic"])
        lowest, highest = vital.row["possible"]
        below, above = vital.row["possible_diastolic"]
        if not (lowest <= systolic <= highest and below <= diastolic <= above):
            return None
        end = found.end() if unit is None else unit.end()
        fact = fact_at(self.sentence.text, "vital", start, end, vital.name)
        written = unit["unit"] if unit else None
        return fact._replace(
            value=re.sub(r"\s", "", found[0]),
            unit=self._written(unit),
            flag=stated or self._pressure_flag(vital, systolic, diastolic, written),
        )

    def _pressure_flag(
        self, vital: _Vital, systolic: int, diastolic: int, unit: str | None
    ) -> Flag | None:
        if self._child() or (unit is not None and unit.lower() == "kpa"):
            return None
        row = vital.row
        flags = {
            against(systolic, row["low"], row["high"]),
            against(diastolic, row["low_diastolic"], row["high_diastolic"]),
        }
        return "H" if "H" in flags else "L" if "L" in flags else "N"

    def _single(
        self, vital: _Vital, reading: Reading, start: int, stated: Flag | None
    ) -> Fact | None:
        value = number(reading.value)
        unit = vital.unit.match(self.text, reading.end)
        if value is None or (unit is None and _NO_VITAL.match(self.text, reading.end)):
            return None
        end = reading.end if unit is None else unit.end()
        plain = value * vital.row.get("scale", {}).get(unit["unit"].lower() if unit else "", 1.0)
        if vital.name == "temperature":
            fahrenheit = _FAHRENHEIT.match(self.text, reading.end)
            if fahrenheit is not None:
                unit, end = fahrenheit, fahrenheit.end()
            if fahrenheit is not None or (unit is None and 90 <= value <= 115):
                plain = round((value - 32) / 1.8, 1)
        lowest, highest = vital.row["possible"]
        if not lowest <= plain <= highest or (unit is None and vital.row.get("needs_unit")):
            return None
        fact = fact_at(self.sentence.text, "vital", start, end, vital.name)
        written = self.sentence.text[reading.at : reading.end]
        return fact._replace(
            value=value_of(reading, written),
            unit=self._written(unit),
            flag=None if reading.upper else stated or self._flag(vital, plain),
        )

    def _flag(self, vital: _Vital, value: float) -> Flag | None:
        row = vital.row
        if "low" not in row or (self._child() and not row.get("all_ages")):
            return None
        high = row.get("high_zh", row["high"]) if self.sentence.language == "zh" else row["high"]
        return against(value, row["low"], high)

    def _child(self) -> bool:
        return self.sentence.age_years is not None and self.sentence.age_years < _ADULT

    def _written(self, unit: re.Match[str] | None) -> str | None:
        return None if unit is None else self.sentence.text[unit.start("unit") : unit.end("unit")]
