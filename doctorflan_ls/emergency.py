"""Vital signs that make a case an emergency; the limits and their source are data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from doctorflan_ls.lexicon import group, table
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

Urgency = Literal["emergency", "urgent", "routine"]


@dataclass(frozen=True, slots=True)
class Sign:
    """An emergency sign at ``span``; ``source`` names the list it is from, ``limit`` the limit
    that a vital sign is beyond (``≥ 25``)."""

    span: Span
    level: Urgency
    source: str
    limit: str = ""


def vital_signs(facts: Iterable[Fact], age: float | None) -> Iterator[Sign]:
    """The measured values beyond the limits of ``data/emergency.toml``, the examination's first."""
    data = table("emergency")
    if age is not None and age < data["limits"]["min_age"]:
        return
    limits = {row["vital"]: row for row in data["limit"]}
    vital = [fact for fact in facts if fact.kind == "vital" and fact.assertion != "historical"]
    # The examination's values are today's; the history's are measured against it only where
    # nothing was examined.
    examined = {fact.name for fact in vital if fact.section in group("exam")}
    for fact in vital:
        if fact.name in examined and fact.section not in group("exam"):
            continue
        limit = limits.get("systolic" if fact.name == "blood_pressure" else fact.name)
        value = _number(fact)
        if limit is None or value is None:
            continue
        beyond = _beyond(value, limit)
        if fact.assertion == "present" and beyond:
            yield Sign(fact.span, "emergency", data["limits"]["source"], beyond)


def _beyond(value: float, limit: dict[str, Any]) -> str:
    """The limit that ``value`` is at or beyond; empty where it is between them."""
    low, high = limit.get("at_most"), limit.get("at_least")
    if low is not None and value <= low:
        return f"≤ {low}"
    return f"≥ {high}" if high is not None and value >= high else ""


def _number(fact: Fact) -> float | None:
    value = fact.value
    if isinstance(value, str):
        head = value.split("/")[0]
        value = float(head) if head.replace(".", "", 1).isdigit() else None
    if value is not None and fact.name == "blood_pressure" and (fact.unit or "").lower() == "kpa":
        return value * 7.50062
    if value is not None and fact.name == "temperature" and "f" in (fact.unit or "").lower():
        return (value - 32) / 1.8
    return value
