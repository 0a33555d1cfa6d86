"""What single sections have to hold: the groups of ``data/rules/items.toml``.

One finding for each section, at its heading, lists what is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from doctorflan_ls.checks.items import (
    data,
    groups,
    guessed,
    is_of_age,
    is_record_sized,
    item,
    named,
    written,
)
from doctorflan_ls.checks.items_place import labels
from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.notes.model import Section
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_BLANKS = " \t\r\n\u3000:：。．."


class _Held(NamedTuple):
    """What a section of a group holds: the items, how long it is, and where it stands in its part.

    ``says_all`` where a word or two speak for all items. ``end`` is where a label may be put.
    """

    group: str
    heading: Span
    end: int
    size: int
    items: frozenset[str]
    says_all: bool


def checks() -> Iterator[Check]:
    """The checks of this module, each with the rules it reports."""
    table = rule_table()
    ids = sorted({row["rule"] for row in data(table, "group").values()})
    yield Check("section-items", tuple(table.rules[each] for each in ids), lacking)


def lacking(at: Scope) -> Iterator[Finding]:
    """The items that a section of a stated record, or a long one of any, does not mention."""
    note, table = at.note, at.table
    rows = groups(table, note.doc_type)
    if not at.whole or not rows or not is_record_sized(at):
        return
    held: dict[str, list[tuple[int, _Held]]] = {}
    beside: set[str] = set()
    for start, claim in at.gather(_holdings):
        if isinstance(claim, str):
            beside.add(claim)
        else:
            held.setdefault(claim.group, []).append((start, claim))
    for key, found in held.items():
        row = rows[key]
        if not _is_asked(note, row) or any(claim.says_all for _, claim in found):
            continue
        known = frozenset(beside).union(*(claim.items for _, claim in found))
        if row.get("anywhere", False) and note.stated_type is None:
            known |= written(at)
        size = sum(claim.size for _, claim in found)
        missing = [each for each in row["items"] if each not in known]
        missing = [each for each in missing if is_of_age(note, table, each)]
        if _is_reported(at, row, len(missing), size):
            yield _finding(at, row, missing, *found[0])


def _is_reported(at: Scope, row: Mapping[str, Any], missing: int, size: int) -> bool:
    """``missing`` items of a section of ``size``: an excerpt may leave out one, and be short."""
    if at.note.stated_type is not None:
        return missing > 0 and size > 0
    fewest: int = row.get("fewest", 1)
    shortest: int = data(at.table, "limits")["shortest"]
    return missing >= fewest and size >= shortest


def _is_asked(note: Note, row: Mapping[str, Any]) -> bool:
    years = note.patient.age_years
    low, high = row.get("ages", (0, 200))
    return (
        (note.stated_type is not None or not row.get("stated", True))
        and ("sex" not in row or note.sex == row["sex"])
        and (years is None or low <= years <= high)
    )


def _finding(
    at: Scope, row: Mapping[str, Any], missing: list[str], start: int, claim: _Held
) -> Finding:
    table = at.table
    listed, words = named(table, missing), data(table, "problems")["group"]
    section = item(table, row["sections"][0]).name
    problem = Bilingual(words["zh"].format(items=listed.zh), words["en"].format(items=listed.en))
    span = Span(start + claim.heading.start, start + claim.heading.end)
    rule = _rule(table, row, missing)
    fix = labels(at.note, table, missing, start + claim.end)
    fields = {"part": section, "problem": problem}
    return Finding(guessed(at.note, table, rule), span, fields, fixes=(fix,))


def _rule(table: RuleTable, row: Mapping[str, Any], missing: list[str]) -> Rule:
    """The group's rule; milder where no grave item is missing, but never graver than it is set."""
    rule = table.rules[row["rule"]]
    is_grave = not set(missing).isdisjoint(row.get("grave", ()))
    if rule.severity != "error" or "severity" not in row or is_grave:
        return rule
    return replace(rule, severity=row["severity"])


def _holdings(part: Scope) -> Iterator[_Held | str]:
    """What the group sections of ``part`` hold, and the items that have sections of their own."""
    table = part.table
    rows = groups(table, part.note.doc_type)
    for section in part.sections:
        for key, row in rows.items():
            if section.id in row["sections"]:
                yield _held(part, section, key, row)
            for name, ids in row.get("beside", {}).items():
                if section.id in ids and _text(part, section).strip(_BLANKS):
                    yield name
            for name, words in row.get("told", {}).items():
                if re.search(words, _text(part, section)):
                    yield name


def _held(part: Scope, section: Section, key: str, row: Mapping[str, Any]) -> _Held:
    text = _text(part, section)
    start = part.span.start
    found = frozenset(
        each
        for each in row["items"]
        if (words := item(part.table, each).words) is not None and words.search(text)
    )
    return _Held(
        key,
        Span(section.heading_span.start - start, section.heading_span.end - start),
        section.span.end - start,
        len(text.strip(_BLANKS)),
        found,
        _blank(part.table).search(text.strip()) is not None,
    )


def _text(part: Scope, section: Section) -> str:
    return part.words(Span(section.heading_span.end, section.span.end))


@lru_cache(maxsize=8)
def _blank(table: RuleTable) -> re.Pattern[str]:
    return re.compile(data(table, "blank")["words"])
