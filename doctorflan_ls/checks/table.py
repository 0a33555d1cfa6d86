"""The rules as data: ``data/rules.toml``, read once when needed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from doctorflan_ls.checks.model import Rule
from doctorflan_ls.notes.model import Sex
from doctorflan_ls.tasks.model import Bilingual


@dataclass(frozen=True, slots=True)
class VitalLimits:
    """What a vital sign can be at all; ``limits`` says so in words."""

    name: Bilingual
    low: float
    high: float
    limits: Bilingual
    pattern: re.Pattern[str]

    def allow(self, value: str) -> bool:
        """True for a possible value (``37.5``, ``120/80``), and for one that is no number."""
        try:
            first, *rest = (float(number) for number in value.split("/"))
        except ValueError:
            # A range (38-39) or words: nothing to hold against the limits.
            return True
        return self.low <= first <= self.high and all(first > other for other in rest)


@dataclass(frozen=True, slots=True)
class RuleTable:
    """``data/rules.toml``, which says what each part means."""

    rules: Mapping[str, Rule]
    required: Mapping[str, str]
    required_parts: Mapping[str, str]
    by_part: frozenset[str]
    elsewhere: frozenset[str]
    instead: Mapping[str, tuple[str, ...]]
    missing: Bilingual
    empty: Bilingual
    duration: re.Pattern[str]
    without_duration: re.Pattern[str]
    placeholder: re.Pattern[str]
    words_of: Mapping[Sex, tuple[str, ...]]
    birth_words: tuple[str, ...]
    female_sections: tuple[str, ...]
    not_applicable: frozenset[str]
    sex_names: Mapping[Sex, Bilingual]
    vitals: Mapping[str, VitalLimits]

    def rule_for(self, doc_type: str | None, part: str) -> Rule | None:
        """The rule that reports ``part`` missing from ``doc_type``; None where none does."""
        if doc_type in self.by_part:
            rule_id = self.required_parts.get(part)
        else:
            rule_id = self.required.get(doc_type or "")
        return None if rule_id is None else self.rules[rule_id]


def _data(name: str) -> dict[str, Any]:
    source = files("doctorflan_ls").joinpath("data", name)
    return tomllib.loads(source.read_text(encoding="utf-8"))


def _limits(row: dict[str, Any]) -> VitalLimits:
    return VitalLimits(
        Bilingual(**row["name"]),
        row["low"],
        row["high"],
        Bilingual(**row["limits"]),
        re.compile(row["pattern"], re.IGNORECASE),
    )


@cache
def rule_table() -> RuleTable:
    """The rules."""
    data = _data("rules.toml")
    sex = data["sex"]
    complaint = data["chief_complaint"]
    sexes: tuple[Sex, Sex] = ("male", "female")
    return RuleTable(
        rules={
            row["id"]: Rule(
                row["id"],
                row["severity"],
                Bilingual(row["zh"], row["en"]),
                Bilingual(**row["source"]),
            )
            for row in data["rule"]
        },
        required=data["required"],
        required_parts=data["required_parts"],
        by_part=frozenset(data["parts"]["by_part"]),
        elsewhere=frozenset(data["parts"]["elsewhere"]),
        instead={part: tuple(ids) for part, ids in data["parts"]["instead"].items()},
        missing=Bilingual(**data["problems"]["missing"]),
        empty=Bilingual(**data["problems"]["empty"]),
        duration=re.compile(complaint["duration"], re.IGNORECASE),
        without_duration=re.compile(complaint["without"], re.IGNORECASE),
        placeholder=re.compile(data["placeholders"]["pattern"]),
        words_of={each: tuple(sex[each]) for each in sexes},
        birth_words=tuple(sex["birth"]),
        female_sections=tuple(sex["female_sections"]),
        not_applicable=frozenset(sex["not_applicable"]),
        sex_names={each: Bilingual(**sex["names"][each]) for each in sexes},
        vitals={name: _limits(row) for name, row in data["vitals"].items()},
    )
