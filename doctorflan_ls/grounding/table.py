"""The words grounding works with: ``data/grounding.toml``, read once when needed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from doctorflan_ls.checks.model import Rule
from doctorflan_ls.notes.facts.measurements import longest_first
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.tasks.model import Bilingual


class Unit(NamedTuple):
    """A unit under one name; ``scale`` is its size in its ``dimension``, empty where none."""

    name: str
    dimension: str
    scale: float


@dataclass(frozen=True, slots=True)
class Table:
    """What the data file says; see there.

    ``absent`` and ``other`` are the two forms of each rule, ``units`` the units by their words.
    """

    absent: Mapping[str, Rule]
    other: Mapping[str, Rule]
    related: Bilingual
    units: Mapping[str, Unit]
    unit_words: re.Pattern[str]
    factors: Mapping[str, tuple[str, float]]
    daily: tuple[re.Pattern[str], ...]
    hours: tuple[re.Pattern[str], ...]
    frequencies: Mapping[str, float]
    routes: Mapping[str, str]
    about: re.Pattern[str]
    general: re.Pattern[str]
    patient: re.Pattern[str]
    negations: re.Pattern[str]
    affirmations: re.Pattern[str]
    vague: frozenset[str]
    relatives: re.Pattern[str]
    speaks: re.Pattern[str]
    counted: re.Pattern[str]
    retells: Mapping[str, frozenset[str]]
    denies: Mapping[str, frozenset[str]]


@cache
def table() -> Table:
    """The table, read once."""
    source = files("doctorflan_ls").joinpath("data", "grounding.toml")
    data = tomllib.loads(source.read_text(encoding="utf-8"))
    authority = Bilingual(**data["source"])
    words = data["words"]
    units = _units(data["unit"])
    return Table(
        absent={
            id_: Rule(id_, "warning", Bilingual(**row["absent"]), authority)
            for id_, row in data["rules"].items()
        },
        other={
            id_: Rule(id_, "error", Bilingual(**row["other"]), authority)
            for id_, row in data["rules"].items()
        },
        related=Bilingual(**data["related"]),
        units=units,
        unit_words=re.compile(
            rf"[\s-]{{0,2}}(?P<unit>(?:{longest_first(list(units))})"
            # 100mgBID: the frequency written onto the unit.
            rf"(?:(?![A-Za-z])|(?=(?:bid|tid|qid|qd|qn|qod|q\d+h)(?![A-Za-z]))))",
            re.IGNORECASE,
        ),
        factors={name: (other, factor) for name, (other, factor) in data["factors"].items()},
        daily=_patterns(data["frequency"]["daily"]),
        hours=_patterns(data["frequency"]["hours"]),
        frequencies=data["frequency"]["words"],
        routes={word: route for route, known in data["routes"].items() for word in known},
        about=re.compile(rf"(?:{_any(words['about'])}|[~≈])\s*$", re.IGNORECASE),
        general=re.compile(_any(words["general"]), re.IGNORECASE),
        patient=re.compile(_any(words["patient"]), re.IGNORECASE),
        negations=re.compile(_any(words["negations"]), re.IGNORECASE),
        affirmations=re.compile(_any(words["affirmations"]), re.IGNORECASE),
        vague=frozenset(words["vague"]),
        relatives=re.compile(_any(words["relatives"]), re.IGNORECASE),
        speaks=re.compile(
            rf"^[ \t]*(?:{longest_first(words['speakers'])})(?:\s*[:：]|(?<=\]))",
            re.MULTILINE | re.IGNORECASE,
        ),
        counted=re.compile("|".join(words["counted"]), re.IGNORECASE),
        retells={task: frozenset(keys) for task, keys in data["retells"].items()},
        denies={task: frozenset(keys) for task, keys in data["denies"].items()},
    )


def _units(rows: list[dict[str, Any]]) -> dict[str, Unit]:
    return {
        half_width(word).lower(): Unit(
            row["name"], row.get("dimension", ""), float(row.get("scale", 1.0))
        )
        for row in rows
        for word in row["words"]
    }


def _patterns(rows: list[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(row, re.IGNORECASE) for row in rows)


def _any(words: list[str]) -> str:
    """One of ``words``; those in Latin letters as whole words."""
    return "|".join(
        rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])" if word[0].isascii() else re.escape(word)
        for word in sorted(words, key=len, reverse=True)
    )
