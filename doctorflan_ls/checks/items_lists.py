"""Lists that have to fit: people with titles (ZR-03), problems with their plan (EN-SOAP-04)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from doctorflan_ls.checks.items import data, item, said
from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.text import Span

_PEOPLE, _PLANNED = "people", "problems_planned"
# Problems and plans beyond this are no short list, and nobody can say which belongs to which.
_MOST = 20
_EMPTY_LINE = re.compile(r"\n[ \t\r]*\n")


class _Problem(NamedTuple):
    """A numbered problem of an assessment: its words, and where it stands in its part."""

    text: str
    span: Span


class _Plan(NamedTuple):
    """The words of a plan, and how many numbered items it has."""

    text: str
    items: int


def checks() -> Iterator[Check]:
    """The checks of this module, each with the rules it reports."""
    rules = rule_table().rules
    yield Check("titles-of-participants", (rules["ZR-03"],), untitled, "part")
    yield Check("problems-without-plan", (rules["EN-SOAP-04"],), unplanned)


@lru_cache(maxsize=32)
def _pattern(table: RuleTable, key: str, name: str) -> re.Pattern[str]:
    return re.compile(data(table, key)[name], re.MULTILINE)


def untitled(at: Scope) -> Iterator[Finding]:
    """Participants of a resuscitation that are named without a title (ZR-03)."""
    row, table = data(at.table, _PEOPLE), at.table
    if at.note.doc_type not in row["documents"]:
        return
    name, title = _pattern(table, _PEOPLE, "name"), _pattern(table, _PEOPLE, "title")
    for section in at.sections:
        if section.id not in row["sections"]:
            continue
        # What stands behind an empty line is no list of people any more.
        text = _EMPTY_LINE.split(at.words(section.body).lstrip(), maxsplit=1)[0]
        # Who stands behind a title that comes first may share it.
        first = _pattern(table, _PEOPLE, "title_first").search(text)
        text = text if first is None else text[: first.start()]
        pieces = [each.strip() for each in _pattern(table, _PEOPLE, "split").split(text)]
        bare = [each for each in pieces if name.search(each) and not title.search(each)]
        if bare:
            start = section.body.start + at.words(section.body).index(bare[0])
            told = data(table, "problems")["titles"]
            problem = said(told, items="、".join(bare))
            fields = {"part": item(table, section.id).name, "problem": problem}
            yield Finding(table.rules[row["rule"]], Span(start, start + len(bare[0])), fields)


def unplanned(at: Scope) -> Iterator[Finding]:
    """A problem that a plan which goes by problem does not name (EN-SOAP-04, as information).

    A plan goes by problem where it names all the others; one that has as many items as there are
    problems speaks of each, whatever its words.
    """
    row, table = data(at.table, _PLANNED), at.table
    if not at.whole or at.note.doc_type not in row["documents"]:
        return
    claims = list(at.gather(_claims))
    problems = [(start, each) for start, each in claims if isinstance(each, _Problem)]
    plans = [each for _, each in claims if isinstance(each, _Plan)]
    if len(plans) != 1 or not 3 <= len(problems) <= _MOST or plans[0].items >= len(problems):
        return
    planned = plans[0].text
    without = [
        (start, each) for start, each in problems if not _is_named(table, each.text, planned)
    ]
    if len(without) == 1:
        start, problem = without[0]
        shown = said(row["over"], items=problem.text)
        rule = replace(table.rules[row["rule"]], severity="information")
        span = Span(start + problem.span.start, start + problem.span.end)
        yield Finding(rule, span, {"part": item(table, "plan").name, "problem": shown})


def _is_named(table: RuleTable, problem: str, plan: str) -> bool:
    common = data(table, _PLANNED)["common"]
    words = _pattern(table, _PLANNED, "words").findall(problem.lower())
    words = [word for word in words if word not in common]
    # An abbreviation alone, say: nothing to look for.
    return not words or any(word[:6] in plan for word in words)


def _claims(part: Scope) -> Iterator[_Problem | _Plan]:
    pattern = _pattern(part.table, _PLANNED, "problem")
    for section in part.sections:
        text = part.words(section.body)
        found = list(pattern.finditer(text))
        if section.id == "assessment":
            first = section.body.start - part.span.start
            for each in found:
                yield _Problem(each[1], Span(first + each.start(1), first + each.end(1)))
        elif section.id in ("plan", "treatment_plan", "assessment_plan"):
            yield _Plan(text.lower(), len(found))
