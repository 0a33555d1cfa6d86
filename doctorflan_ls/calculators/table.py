"""The tables of ``data/calculators.toml`` and of the two files beside it, read once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from doctorflan_ls.calculators.model import (
    Band,
    Calculator,
    Comparison,
    Condition,
    Item,
    Quantity,
)
from doctorflan_ls.tasks.model import Bilingual

_COMPARISON = re.compile(r"(>=|<=|>|<)?\s*(-?\d+(?:\.\d+)?)?")
_FILES = ("calculators.toml", "calculator_formulas.toml", "calculator_scores.toml")


@cache
def _rows() -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {"quantity": [], "condition": [], "calculator": []}
    for name in _FILES:
        source = files("doctorflan_ls").joinpath("data", name)
        for kind, found in tomllib.loads(source.read_text(encoding="utf-8")).items():
            rows[kind].extend(found)
    return rows


@cache
def quantities() -> Mapping[str, Quantity]:
    """Every quantity by its name."""
    return {
        row["name"]: Quantity(
            row["name"],
            _words(row),
            row["unit"],
            tuple(row.get("facts", ())),
            row.get("factors", {}),
            tuple(row["plausible"]) if "plausible" in row else None,
        )
        for row in _rows()["quantity"]
    }


@cache
def conditions() -> Mapping[str, Condition]:
    """Every condition by its name."""
    return {
        row["name"]: Condition(
            row["name"],
            _words(row),
            tuple(tuple(group.split("|")) for group in row.get("groups", ())),
            row.get("words", ""),
            row.get("none", ""),
            row.get("history", False),
            row.get("past_only", False),
            row.get("possible", False),
            row.get("current", False),
        )
        for row in _rows()["condition"]
    }


@cache
def calculators() -> tuple[Calculator, ...]:
    """Every calculator, in the order of the table."""
    return tuple(_calculator(row) for row in _rows()["calculator"])


def _calculator(row: dict[str, Any]) -> Calculator:
    return Calculator(
        id=row["id"],
        title=_words(row),
        group=row["group"],
        unit=row.get("unit", ""),
        digits=row.get("digits", 0),
        formula=Bilingual(row["formula"], row.get("formula_en", row["formula"])),
        citation=row["citation"],
        limits=Bilingual(row["limits"]["zh"], row["limits"]["en"]),
        inputs=tuple(row.get("inputs", ())),
        items=tuple(_item(each) for each in row.get("items", ())),
        adult=row.get("adult", False),
        requires=row.get("requires", ""),
        unless=row.get("unless", ""),
        plausible=tuple(row["plausible"]) if "plausible" in row else None,
        only=tuple((name, comparison(when)) for name, when in row.get("only", ())),
        bands=tuple(Band(comparison(w), Bilingual(zh, en)) for w, zh, en in row.get("bands", ())),
        bands_source=row.get("bands_source", ""),
    )


def _item(row: dict[str, Any]) -> Item:
    points = row.get("points", 0)
    low, high = points if isinstance(points, list) else (points, points)
    named = row.get("condition") or row.get("quantity")
    source = conditions() if "condition" in row else quantities()
    return Item(
        label=_words(row) if "zh" in row or named is None else source[named].label,
        condition=row.get("condition", ""),
        points=(low, high),
        absent=row.get("absent", 0),
        grades=tuple((name, value) for name, value in row.get("grades", ())),
        quantity=row.get("quantity", ""),
        bands=tuple((comparison(when), value) for when, value in row.get("bands", ())),
        parts=tuple(_item(part) for part in row.get("any", ())),
        optional=row.get("optional", False),
    )


def comparison(written: str) -> Comparison:
    """``>= 65`` as a comparison; an empty one always holds. Raises ValueError for anything else."""
    found = _COMPARISON.fullmatch(written.strip())
    if found is None or (found[1] is None) != (found[2] is None):
        raise ValueError(written)
    return Comparison(found[1] or "", float(found[2] or 0))


def _words(row: dict[str, Any]) -> Bilingual:
    return Bilingual(row["zh"], row["en"])
