"""What a section says in its words: an empty plan, diagnoses, the order of an examination."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from doctorflan_ls.checks.items import data, is_record_sized, item, parts_of, said
from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.notes.model import Section
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_FEWEST = 3
# A line beyond this, in code points, is a sentence and no name of a disease.
_LONGEST = 30


def checks() -> Iterator[Check]:
    """The checks of this module, each with the rules it reports."""
    rules = rule_table().rules
    yield Check("empty-plan", (rules["ZF-04"],), empty_plan, "part")
    yield Check("listed-diagnoses", (rules["ZA-16"],), diagnoses, "part")
    yield Check("order-of-systems", (rules["ZA-13"],), systems, "part")
    yield Check("specialist-examination", (rules["ZA-14"],), specialist)


@lru_cache(maxsize=64)
def _pattern(table: RuleTable, key: str, name: str) -> re.Pattern[str]:
    return re.compile(data(table, key)[name], re.MULTILINE)


def _asked(at: Scope, key: str) -> tuple[Mapping[str, Any], Rule] | None:
    row = data(at.table, key)
    if at.note.doc_type not in row["documents"]:
        return None
    return row, at.table.rules[row["rule"]]


def empty_plan(at: Scope) -> Iterator[Finding]:
    """A plan that holds nothing but phrases that fit any patient (ZF-04)."""
    asked = _asked(at, "plan")
    if asked is None:
        return
    row, rule = asked
    for section in at.sections:
        if section.id not in row["sections"]:
            continue
        text = at.words(Span(section.body.start, section.span.end))
        pieces = [each.strip(" \t\r\u3000.:：") for each in _split(at.table, text)]
        pieces = [each for each in pieces if each]
        if pieces and all(_pattern(at.table, "plan", "empty").search(each) for each in pieces):
            problem = Bilingual(**data(at.table, "problems")["vague"])
            fields = {"part": item(at.table, section.id).name, "problem": problem}
            start = section.body.start + len(text) - len(text.lstrip())
            yield Finding(rule, Span(start, start + len(text.strip())), fields)


def _split(table: RuleTable, text: str) -> list[str]:
    return _pattern(table, "plan", "split").split(text)


def diagnoses(at: Scope) -> Iterator[Finding]:
    """Several diagnoses without numbers, or one that is only sought (ZA-16)."""
    asked = _asked(at, "diagnosis")
    if asked is None:
        return
    row, rule = asked
    rule = replace(rule, severity="warning") if rule.severity == "error" else rule
    for section in at.sections:
        if section.id in row["sections"] and not parts_of(at, section):
            yield from _listed(at, section, row, rule)


def _listed(at: Scope, section: Section, row: Mapping[str, Any], rule: Rule) -> Iterator[Finding]:
    text = at.words(section.body)
    lines = [line for line in text.split("\n") if line.strip()]
    name = item(at.table, section.id).name
    number = _pattern(at.table, "diagnosis", "number")
    # What is indented stands below the line before it: 冠心病 and its kind.
    level = [line for line in lines[1:] if not line.startswith((" ", "\t", "\u3000"))]
    disease = _pattern(at.table, "diagnosis", "disease")
    named = [line for line in (lines[0], *level) if disease.search(line)] if level else []
    if len(named) > 1 and all(_is_short(line) and not number.search(line) for line in lines):
        fields = {"part": name, "problem": Bilingual(**row["unnumbered"])}
        yield Finding(rule, section.heading_span, fields)
    found = _pattern(at.table, "diagnosis", "sought").search(text)
    if found is not None and len(lines) == 1:
        rest = text[: found.start()] + text[found.end() :]
        if not _pattern(at.table, "diagnosis", "likely").search(text) and _is_alone(rest):
            start = section.body.start + found.start()
            span = Span(start, start + len(found[0]))
            fields = {"part": name, "problem": said(row["alone"], text=found[0])}
            yield Finding(rule, span, fields)


def _is_short(line: str) -> bool:
    """True for a short line without a date, a label or a sentence's end."""
    return len(line.strip()) <= _LONGEST and not re.search(r"\d{4}|[:：。/／]", line)


def _is_alone(rest: str) -> bool:
    return not re.search(r"[\u4e00-\u9fff]", rest)


def systems(at: Scope) -> Iterator[Finding]:
    """An examination whose systems stand in another order than usual (ZA-13, as information)."""
    asked = _asked(at, "systems")
    if asked is None or at.note.stated_type is None:
        return
    row, rule = asked
    for section in at.sections:
        if section.id != "exam":
            continue
        text = at.words(section.body)
        places = [found.start() for each in row["order"] if (found := re.search(each, text))]
        if len(places) >= _FEWEST and places != sorted(places):
            fields = {
                "part": item(at.table, section.id).name,
                "problem": Bilingual(**row["problem"]),
            }
            yield Finding(replace(rule, severity="information"), section.heading_span, fields)


def specialist(at: Scope) -> Iterator[Finding]:
    """A department that has an examination of its own, and none in the record (ZA-14)."""
    asked = _asked(at, "specialist")
    department = at.context.department
    if asked is None or not at.whole or not department or not is_record_sized(at):
        return
    row, rule = asked
    if at.note.stated_type is None or not re.search(row["departments"], department):
        return
    if at.note.sections_of("specialist_exam") or any(at.gather(_specialist)):
        return
    exams = at.note.sections_of("exam")
    if exams:
        problem = Bilingual(**data(at.table, "problems")["department"])
        fields = {"part": item(at.table, "specialist_exam").name, "problem": problem}
        yield Finding(rule, exams[0].heading_span, fields)


def _specialist(part: Scope) -> Iterator[bool]:
    if re.search(data(part.table, "specialist")["words"], part.words(part.span)):
        yield True
