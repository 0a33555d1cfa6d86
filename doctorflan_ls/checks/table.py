"""The rules as data: the files of ``data/rules/``, read once when needed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from doctorflan_ls.checks.model import Rule, Severity
from doctorflan_ls.notes.model import Sex
from doctorflan_ls.tasks.model import Bilingual


@dataclass(frozen=True, slots=True)
class VitalLimits:
    """What a vital sign can be at all; ``limits`` says so in words.

    ``infant`` are those of a patient in the first year of life, where they are others.
    """

    name: Bilingual
    low: float
    high: float
    limits: Bilingual
    pattern: re.Pattern[str]
    infant: VitalLimits | None = None

    def at_age(self, years: float | None) -> VitalLimits:
        """Those of a patient of this age; an unknown age is none of an infant."""
        return self.infant if self.infant and years is not None and years < 1 else self

    def allow(self, value: str) -> bool:
        """True for a possible value (``37.5``, ``120/80``), and for one that is no number."""
        try:
            first, *rest = (float(number) for number in value.split("/"))
        except ValueError:
            # A range (38-39) or words: nothing to hold against the limits.
            return True
        return self.low <= first <= self.high and all(first > other for other in rest)


@dataclass(frozen=True, slots=True, eq=False)
class RuleTable:
    """The files of ``data/rules/``, which say what each part means.

    ``data`` holds each file by its name without the ending, for the checks that read it; ``off``
    the ids of rules that are switched off, ``parts_of`` the required parts where a hospital's file
    sets others than ``data/doc_types.toml``.
    """

    data: Mapping[str, Mapping[str, Any]]
    off: frozenset[str]
    parts_of: Mapping[str, tuple[str, ...]]
    rules: Mapping[str, Rule]
    required: Mapping[str, str]
    required_parts: Mapping[str, str]
    by_part: frozenset[str]
    elsewhere: frozenset[str]
    instead: Mapping[str, tuple[str, ...]]
    missing: Bilingual
    empty: Bilingual
    recorded_allergy: Bilingual
    other_sex: Bilingual
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


def _limits(row: dict[str, Any]) -> VitalLimits:
    infant = {**row, **row["infant"], "infant": None} if row.get("infant") else None
    return VitalLimits(
        Bilingual(**row["name"]),
        row["low"],
        row["high"],
        Bilingual(**row["limits"]),
        re.compile(row["pattern"], re.IGNORECASE),
        None if infant is None else _limits(infant),
    )


def rule_files() -> dict[str, dict[str, Any]]:
    """The files as they come with the server, each by its name without the ending; a new copy."""
    folder = files("doctorflan_ls").joinpath("data", "rules")
    return {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda each: each.name)
        if file.name.endswith(".toml")
    }


def _rule(row: dict[str, Any]) -> Rule:
    severity: Severity = "information" if row["severity"] == "off" else row["severity"]
    return Rule(row["id"], severity, Bilingual(row["zh"], row["en"]), Bilingual(**row["source"]))


@cache
def rule_table() -> RuleTable:
    """The rules as they come with the server."""
    return made(rule_files())


def made(
    given: Mapping[str, Mapping[str, Any]], parts_of: Mapping[str, Any] | None = None
) -> RuleTable:
    """The table of these files."""
    rows = [row for each in given.values() for row in each.get("rule", ())]
    data = given["basic"]
    sex = data["sex"]
    complaint = data["chief_complaint"]
    sexes: tuple[Sex, Sex] = ("male", "female")
    return RuleTable(
        data=given,
        off=frozenset(row["id"] for row in rows if row["severity"] == "off"),
        parts_of={key: tuple(parts) for key, parts in (parts_of or {}).items()},
        rules={row["id"]: _rule(row) for row in rows},
        required=data["required"],
        required_parts=data["required_parts"],
        by_part=frozenset(data["parts"]["by_part"]),
        elsewhere=frozenset(data["parts"]["elsewhere"]),
        instead={part: tuple(ids) for part, ids in data["parts"]["instead"].items()},
        missing=Bilingual(**data["problems"]["missing"]),
        empty=Bilingual(**data["problems"]["empty"]),
        recorded_allergy=Bilingual(**data["related"]["allergy"]),
        other_sex=Bilingual(**data["related"]["sex"]),
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
