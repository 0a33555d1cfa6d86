"""Times that have to be given to the minute (ZO-02, ZM-02, ZR-02, ZD-03)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from doctorflan_ls.checks.items import data, head_of, is_record_sized, item
from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_CRITICAL = "critical"


class _Times(NamedTuple):
    date: re.Pattern[str]
    clock: re.Pattern[str]
    words: dict[str, re.Pattern[str]]
    critical: re.Pattern[str]
    unless: re.Pattern[str]


def checks() -> Iterator[Check]:
    """The checks of this module, each with the rules it reports."""
    table = rule_table()
    ids = [row["rule"] for row in data(table, "minutes")["of"].values()]
    yield Check("times-to-the-minute", tuple(table.rules[each] for each in ids), imprecise, "part")
    yield Check("critical-to-the-minute", (table.rules[data(table, _CRITICAL)["rule"]],), critical)


@lru_cache(maxsize=8)
def _times(table: RuleTable) -> _Times:
    rows, told = data(table, "minutes"), data(table, _CRITICAL)
    return _Times(
        re.compile(rows["date"]),
        re.compile(rows["clock"]),
        {key: re.compile(row["words"]) for key, row in rows["of"].items()},
        re.compile(told["words"]),
        re.compile(told["unless"]),
    )


def imprecise(at: Scope) -> Iterator[Finding]:
    """A visit, a death or a resuscitation whose time is a date alone."""
    for key, row in data(at.table, "minutes")["of"].items():
        if at.note.doc_type not in row["documents"]:
            continue
        span = _dated(at, key, row)
        if span is None:
            continue
        rule = at.table.rules[row["rule"]]
        if "{part}" in rule.text.zh:
            name = item(at.table, row["sections"][0]).name
            problem = Bilingual(**data(at.table, "problems")["times"])
            yield Finding(rule, span, {"part": name, "problem": problem})
        else:
            yield Finding(rule, span, {"text": at.note.slice(span)})


def _dated(at: Scope, key: str, row: dict[str, Any]) -> Span | None:
    """The first date of this kind that has no time of day; None where it has one, or is none."""
    times = _times(at.table)
    places = [section.body for section in at.sections if section.id in row["sections"]]
    if not places:
        text = at.words(at.span)
        for found in times.words[key].finditer(text):
            end = text.find("\n", found.end())
            end = len(text) if end < 0 else end
            places.append(Span(at.span.start + found.end(), at.span.start + end))
    for place in places:
        text = at.words(place)
        date = times.date.search(text)
        if date is not None and not times.clock.search(text):
            return Span(place.start + date.start(), place.start + date.end())
    return None


def critical(at: Scope) -> Iterator[Finding]:
    """A critical patient's progress note whose record time is a date alone (ZD-03)."""
    note, table = at.note, at.table
    row = data(table, _CRITICAL)
    if not at.whole or note.stated_type not in row["documents"] or not is_record_sized(at):
        return
    told = at.context
    if told.record_time is not None and told.record_time.precise:
        return
    times = _times(table)
    if told.severity is None:
        says = [word for _, word in at.gather(_severity)]
        if _CRITICAL not in says or "better" in says:
            return
    elif told.severity != _CRITICAL:
        return
    head = head_of(note, table)
    line = next((each for each in head.split("\n") if times.date.search(each)), "")
    date = times.date.search(line)
    if date is not None and not times.clock.search(line):
        start = note.front + head.index(line) + date.start()
        span = Span(start, start + len(date[0]))
        yield Finding(table.rules[row["rule"]], span, {"text": date[0]})


def _severity(part: Scope) -> Iterator[str]:
    text, times = part.words(part.span), _times(part.table)
    if times.critical.search(text):
        yield _CRITICAL
    if times.unless.search(text):
        yield "better"
