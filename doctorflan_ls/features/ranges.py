"""The reference ranges that a lab value or a vital sign was held against."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from doctorflan_ls.notes.facts.lab_table import Analyte, lab_table
from doctorflan_ls.notes.facts.measurements import load
from doctorflan_ls.notes.model import Fact, Sentence
from doctorflan_ls.notes.note import Note


class Reference(NamedTuple):
    """A range as it is shown, and the standard it is from."""

    shown: str
    source: str


def reference_ranges(note: Note, fact: Fact) -> tuple[Reference, ...]:
    """The ranges that fit ``fact`` and the patient; several where sex or age is not recorded."""
    if fact.kind == "lab":
        return _lab(note, fact)
    return _vital(note, fact) if fact.kind == "vital" else ()


def _lab(note: Note, fact: Fact) -> tuple[Reference, ...]:
    analyte = _analytes().get(fact.name)
    if analyte is None or fact.unit is None:
        return ()
    patient = Sentence("", fact.section, note.language, note.sex, note.patient.age_years)
    ranges = analyte.fitting(lab_table().unit(fact.unit), patient)
    return tuple(
        Reference(f"{_bounds(row.low, row.high)} {fact.unit}", row.source) for row in ranges
    )


def _vital(note: Note, fact: Fact) -> tuple[Reference, ...]:
    row = _vitals().get(fact.name)
    if row is None or "source" not in row or fact.flag is None:
        return ()
    high = row.get("high_zh", row["high"]) if note.language == "zh" else row["high"]
    shown = _bounds(row["low"], high)
    if "low_diastolic" in row:
        shown = f"{shown} / {_bounds(row['low_diastolic'], row['high_diastolic'])}"
    # The table's ranges are in its first unit.
    return (Reference(f"{shown} {row['units'][0]}", row["source"]),)


def _bounds(low: float | None, high: float | None) -> str:
    if low is None:
        return "" if high is None else f"≤{high:g}"
    return f"≥{low:g}" if high is None else f"{low:g}–{high:g}"


@cache
def _analytes() -> dict[str, Analyte]:
    table = lab_table()
    return {each.name: each for group in table.analytes.values() for each in group}


@cache
def _vitals() -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in load("vitals.toml")["vital"]}
