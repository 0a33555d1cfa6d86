"""Selectors: the small language in which a task file says where an element's statements come from.

``name:argument?key=value&key=value``; docs/tasks.md lists them. `` | `` separates alternatives, of
which the first that finds something counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from doctorflan_ls.models.skeleton import (
    absent,
    conflicts,
    drugs,
    facts,
    findings,
    focus,
    grades,
    passages,
    ranking,
    safety,
)
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Query

Select = Callable[[Case, Query], list[Line]]

SELECTORS: dict[str, Select] = {
    "section": passages.section,
    "cue": passages.cue,
    "plan": passages.plan,
    "history": passages.history,
    "facts": facts.facts,
    "labs": facts.labs,
    "vitals": facts.vitals,
    "drugs": drugs.drugs,
    "diagnoses": facts.diagnoses,
    "procedures": facts.procedures,
    "allergies": facts.allergies,
    "findings": findings.findings,
    "grades": grades.grades,
    "confront": conflicts.confront,
    "safety": safety.safety,
    "questions": absent.questions,
    "examinations": lambda case, _: absent.examinations(case),
    "check": absent.check,
    "focus": focus.focus,
    "rank": ranking.rank,
}
_OPTIONS = frozenset(
    {
        *("but", "complete", "drug", "flag", "hint", "in", "label", "limit"),
        *("list", "mentions", "none", "operated", "out", "pick", "short", "when"),
    }
)


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector, parsed."""

    name: str
    query: Query


@cache
def parse(source: str) -> tuple[Selector, ...]:
    """The alternatives of ``source``; raises ValueError for a name or an option it cannot read."""
    found = []
    for part in source.split(" | "):
        head, _, tail = part.strip().partition("?")
        name, colon, argument = head.partition(":")
        if not colon or name not in SELECTORS:
            msg = f"no selector {name!r}"
            raise ValueError(msg)
        options = dict(pair.partition("=")[::2] for pair in tail.split("&") if pair)
        if not all(options.values()) or not options.keys() <= _OPTIONS:
            msg = f"an unknown option, or one without a value, in {part!r}"
            raise ValueError(msg)
        found.append(Selector(name, Query(argument, options)))
    return tuple(found)


def select(case: Case, source: str) -> list[Line]:
    """The lines that ``source`` finds."""
    for selector in parse(source):
        lines = SELECTORS[selector.name](case, selector.query)
        if lines and "hint" in selector.query.options:
            return [line._replace(hint=True) for line in lines]
        if lines:
            return lines
    return []
