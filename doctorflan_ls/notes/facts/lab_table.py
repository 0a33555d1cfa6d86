"""The analytes of ``data/lab_ranges.toml``: their labels, units and reference ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from doctorflan_ls.notes.facts.measurements import Labels, against, load
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.notes.model import Flag, Sentence

ADULT_YEARS: Final = 18
_POWER: Final = re.compile(r"^[x*]?10[\^*]?(\d{1,2})/(.+)$")
_SUPERSCRIPT: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


@dataclass(frozen=True, slots=True)
class Range:
    """A reference range for one unit; ``source`` names the standard."""

    unit: str
    low: float | None
    high: float | None
    sure_high: float | None
    sex: str | None
    age: tuple[float, float] | None
    language: str | None
    assume: tuple[float, float] | None
    source: str

    def flag(self, value: float) -> Flag | None:
        """``value`` against this range; None in the grey zone up to ``sure_high``."""
        flag = against(value, self.low, self.high)
        uncertain = flag == "H" and self.sure_high is not None and value < self.sure_high
        return None if uncertain else flag


@dataclass(frozen=True, slots=True)
class Analyte:
    """What a laboratory measures, and the ways notes write it."""

    name: str
    labels: tuple[str, ...]
    units: frozenset[str]
    ranges: tuple[Range, ...]
    panel: bool
    qualitative: bool
    needs_unit: bool

    def fitting(self, unit: str, sentence: Sentence) -> list[Range]:
        """The ranges for ``unit`` and this patient; all that may be where sex or age is unknown."""
        ranges = [row for row in self.ranges if row.unit == unit]
        ranges = [row for row in ranges if row.language in (None, sentence.language)] or ranges
        if sentence.sex is not None:
            ranges = [row for row in ranges if row.sex in (None, sentence.sex)]
        age = sentence.age_years
        if age is None:
            return ranges
        if age < ADULT_YEARS:
            return []
        return [row for row in ranges if row.age is None or row.age[0] <= age < row.age[1] + 1]

    def assumed_unit(self, value: float, sentence: Sentence) -> str | None:
        """The unit that a bare ``value`` is plausible in, or None."""
        for row in self.ranges:
            if row.assume is not None and row.language in (None, sentence.language):
                lowest, highest = row.assume
                if lowest <= value <= highest:
                    return row.unit
        return None

    def flag(self, value: float, unit: str, sentence: Sentence) -> Flag | None:
        """The flag on which all fitting ranges agree."""
        flags = {row.flag(value) for row in self.fitting(unit, sentence)}
        return flags.pop() if len(flags) == 1 else None

    def bound_flag(self, above: bool, value: float, unit: str, sentence: Sentence) -> Flag | None:
        """The flag of a result given only as ``>value`` (``above``) or ``<value``."""
        flags: set[Flag | None] = set()
        for row in self.fitting(unit, sentence):
            if above:
                beyond = row.flag(value) == "H" or row.high == value
                flags.add("H" if beyond else None)
            elif row.low is None:
                flags.add("N" if row.high is not None and value <= row.high else None)
            else:
                flags.add("L" if value <= row.low else None)
        return flags.pop() if len(flags) == 1 else None


@dataclass(frozen=True, slots=True)
class LabTable:
    """All analytes, found by label (half-width, lower case)."""

    labels: Labels
    analytes: Mapping[str, Sequence[Analyte]]
    units: frozenset[str]
    aliases: Mapping[str, str]
    sources: Mapping[str, str]

    def unit(self, written: str) -> str:
        """The one way a unit is written here: ``×109／L`` and ``K/uL`` are both ``10^9/l``."""
        unit = half_width(written).translate(_SUPERSCRIPT).lower()
        unit = re.sub(r"\s", "", unit).rstrip(".").replace("µ", "u")
        power = _POWER.match(unit)
        if power is not None:
            unit = f"10^{power[1]}/{power[2]}"
        return self.aliases.get(unit, unit)


@cache
def lab_table() -> LabTable:
    """The table, read once."""
    data = load("lab_ranges.toml")
    bare = LabTable(Labels(()), {}, frozenset(), data["unit_alias"], data["sources"])
    analytes: dict[str, list[Analyte]] = {}
    units: set[str] = set()
    spelled: set[str] = set()
    for row in data["analyte"]:
        analyte = _analyte(row, bare)
        units |= analyte.units
        spelled |= set(analyte.labels)
        for label in {label.lower() for label in analyte.labels}:
            analytes.setdefault(label, []).append(analyte)
    return LabTable(
        Labels(spelled), analytes, frozenset(units), data["unit_alias"], data["sources"]
    )


def _analyte(row: dict[str, Any], table: LabTable) -> Analyte:
    ranges = tuple(_range(entry, table) for entry in row.get("ranges", ()))
    units = {table.unit(unit) for unit in row.get("units", ())}
    return Analyte(
        name=row["name"],
        labels=tuple(map(half_width, row["labels"])),
        units=frozenset(units | {entry.unit for entry in ranges if entry.unit}),
        ranges=ranges,
        panel=row.get("panel", False),
        qualitative=row.get("qualitative", False),
        needs_unit=row.get("needs_unit", False),
    )


def _range(entry: dict[str, Any], table: LabTable) -> Range:
    age, assume = entry.get("age"), entry.get("assume")
    return Range(
        unit=table.unit(entry["unit"]),
        low=entry.get("low"),
        high=entry.get("high"),
        sure_high=entry.get("sure_high"),
        sex=entry.get("sex"),
        age=(age[0], age[1]) if age else None,
        language=entry.get("language"),
        assume=(assume[0], assume[1]) if assume else None,
        source=table.sources[entry["source"]],
    )
