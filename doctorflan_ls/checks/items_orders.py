"""What the drugs of an order carry: dose, unit, route, frequency, course (ZX-03, ZY-02).

The words are in ``data/rules/orders.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from doctorflan_ls.checks.items import said
from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.parts import first_line
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_STEM = "orders"
_COURSE = "course"

_SENTENCE = re.compile(r"[。；;\n]")


class _Drug(NamedTuple):
    """A drug of an order: its own words run to the next drug, ``line`` is all of its line."""

    fact: Fact
    own: str
    line: str
    before: str

    @property
    def name(self) -> Span:
        """Where its name stands, without the form and the rest."""
        span = self.fact.span
        at = self.own.find(self.fact.name)
        return span if at < 0 else Span(span.start + at, span.start + at + len(self.fact.name))


def checks() -> Iterator[Check]:
    """The checks of this module, each with the rules it reports."""
    rules = rule_table().rules
    yield Check("discharge-drugs", (rules["ZX-03"],), discharge, "part")
    yield Check("follow-up", (rules["ZX-03"],), follow_up, "part")
    yield Check("order-sheet", (rules["ZY-02"],), sheet, "part")
    yield Check("order-sheet-time", (rules["ZY-02"],), sheet_time)


def _row(table: RuleTable, key: str) -> Mapping[str, Any]:
    row: Mapping[str, Any] = table.data[_STEM][key]
    return row


@lru_cache(maxsize=64)
def _pattern(table: RuleTable, key: str, name: str) -> re.Pattern[str]:
    return re.compile(_row(table, key)[name], re.MULTILINE)


@lru_cache(maxsize=64)
def _words(table: RuleTable, part: str, name: str = "words") -> re.Pattern[str]:
    return re.compile(_row(table, "part")[part][name], re.MULTILINE)


def discharge(at: Scope) -> Iterator[Finding]:
    """Discharge drugs that lack a dose, a route, a frequency or a course (ZX-03)."""
    row, table = _row(at.table, "discharge"), at.table
    if at.note.doc_type not in row["documents"]:
        return
    for section in at.sections:
        # A child of the section is looked at with its parent.
        if section.id not in row["sections"] or section.level != 1:
            continue
        body = Span(section.heading_span.end, section.span.end)
        known = _pattern(table, "common", "course").search(at.words(body)) is not None
        parts = [each for each in row["parts"] if not (known and each == _COURSE)]
        lacking = [(drug, _lacking(table, drug, parts)) for drug in _ordered(at, body)]
        lacking = [(drug, names) for drug, names in lacking if names]
        if lacking:
            # A course alone is often left to the next visit.
            mild = all(names == [_COURSE] for _, names in lacking)
            rule = table.rules[row["rule"]]
            rule = replace(rule, severity="information") if mild else rule
            fields = {"part": Bilingual(**row["drugs"]), "problem": _listed(table, lacking)}
            yield Finding(rule, lacking[0][0].name, fields)


def follow_up(at: Scope) -> Iterator[Finding]:
    """A follow-up in general words alone (ZX-03)."""
    row, orders = _row(at.table, "follow_up"), _row(at.table, "discharge")
    if at.note.doc_type not in orders["documents"]:
        return
    for section in at.sections:
        if section.id not in orders["sections"] or section.level != 1:
            continue
        text = at.words(Span(section.heading_span.end, section.span.end))
        vague = _pattern(at.table, "follow_up", "vague").search(text)
        about = _pattern(at.table, "follow_up", "lines")
        lines = [line for line in _SENTENCE.split(text) if about.search(line)]
        when = _pattern(at.table, "follow_up", "when")
        if vague is None or any(when.search(line) for line in lines):
            continue
        start = section.heading_span.end
        span = Span(start + vague.start(), start + vague.end())
        fields = {"part": Bilingual(**row["name"]), "problem": Bilingual(**row["problem"])}
        yield Finding(at.table.rules[row["rule"]], span, fields)


def sheet(at: Scope) -> Iterator[Finding]:
    """Drugs of an order sheet that lack something, or whose dose or frequency is odd (ZY-02)."""
    row, table = _row(at.table, "sheet"), at.table
    if at.note.stated_type not in row["documents"]:
        return
    rule, name = table.rules[row["rule"]], Bilingual(**row["drugs"])
    lacking = []
    for drug in _ordered(at, at.span):
        parts = list(row["parts"])
        # A title or a heading says what kind of orders stand below it.
        first = at.text.lstrip().partition("\n")[0]
        if _pattern(table, "sheet", "once").search(f"{first} {drug.line}"):
            parts.remove("frequency")
        names = _lacking(table, drug, parts)
        if names:
            lacking.append((drug, names))
        for odd in _odd(table, drug):
            fields = {"part": name, "problem": said(row["odd"], text=at.note.slice(odd))}
            yield Finding(rule, odd, fields)
    if lacking:
        fields = {"part": name, "problem": _listed(table, lacking)}
        yield Finding(rule, lacking[0][0].name, fields)


def sheet_time(at: Scope) -> Iterator[Finding]:
    """An order sheet without any time of day (ZY-02)."""
    row, note = _row(at.table, "sheet"), at.note
    if not at.whole or note.stated_type not in row["documents"]:
        return
    if at.context.record_time is not None or any(at.gather(_clock)):
        return
    if not any(at.gather(_any_drug)):
        return
    first = first_line(note)
    problem = Bilingual(**at.table.data["items"]["problems"]["times"])
    fields = {"part": Bilingual(**row["time_name"]), "problem": problem}
    yield Finding(at.table.rules[row["rule"]], first, fields)


def _clock(part: Scope) -> Iterator[bool]:
    if _pattern(part.table, "sheet", "clock").search(part.words(part.span)):
        yield True


def _any_drug(part: Scope) -> Iterator[bool]:
    if any(fact.kind == "drug" for fact in part.facts):
        yield True


def _ordered(at: Scope, span: Span) -> Iterator[_Drug]:
    """The drugs of ``span`` that are ordered: first of a line, or with a dose or a frequency."""
    note = at.note
    listed = _pattern(at.table, "common", "listed")
    facts = [
        fact
        for fact in at.facts
        if fact.kind == "drug" and span.contains(fact.span) and fact.assertion == "present"
    ]
    for at_fact, fact in enumerate(facts):
        # 左氧氟沙星氯化钠注射液 is one drug.
        after = next(
            (each for each in facts[at_fact + 1 :] if each.span.start > fact.span.end), None
        )
        if fact.status in ("stopped", "avoid"):
            continue
        whole = note.text.line_span(note.text.line_of(fact.span.start))
        # Sections in one line are parts of their own.
        line = Span(max(whole.start, span.start), min(whole.end, span.end))
        end = line.end if after is None else min(line.end, after.span.start)
        before = note.slice(Span(line.start, fact.span.start))
        drug = _Drug(fact, note.slice(Span(fact.span.start, end)), note.slice(line), before)
        is_vehicle = _pattern(at.table, "common", "vehicle").search(fact.text)
        if not is_vehicle and (fact.dose or fact.frequency or listed.search(before)):
            yield drug


def _lacking(table: RuleTable, drug: _Drug, parts: Sequence[str]) -> list[str]:
    """The parts that the drug does not carry; a bare number is a dose without its unit."""
    behind = drug.own.removeprefix(drug.fact.name)
    lacking = []
    has_dose = bool(drug.fact.dose or _words(table, "dose").search(drug.own))
    is_bare = not has_dose and _words(table, "unit").search(behind) is not None
    for part in parts:
        if part == "dose":
            found = has_dose or (is_bare and "unit" in parts)
        elif part == "unit":
            found = not is_bare
        elif part == "route":
            form = _words(table, "route", "form").search(drug.own)
            found = bool(drug.fact.route or form or _words(table, "route").search(drug.line))
        elif part == "frequency":
            found = bool(drug.fact.frequency or _words(table, part).search(drug.line))
        else:
            found = _words(table, part).search(drug.line) is not None
        if not found:
            lacking.append(part)
    return lacking


def _odd(table: RuleTable, drug: _Drug) -> Iterator[Span]:
    nothing = _pattern(table, "sheet", "nothing").search(drug.own)
    start = drug.fact.span.start
    if nothing is not None:
        yield Span(start + nothing.start(), start + nothing.end())
    for found in _pattern(table, "sheet", "often").finditer(drug.own):
        times = int(next(each for each in found.groups() if each))
        if times == 0 or times > _row(table, "limits")["times_a_day"]:
            yield Span(start + found.start(), start + found.end())


def _listed(table: RuleTable, lacking: Sequence[tuple[_Drug, list[str]]]) -> Bilingual:
    row, told = _row(table, "discharge")["lacking"], _row(table, "part")
    zh, en = [], []
    for drug, parts in lacking:
        name = drug.fact.name
        zh.append(row["zh"].format(drug=name, parts="、".join(told[each]["zh"] for each in parts)))
        en.append(row["en"].format(drug=name, parts=", ".join(told[each]["en"] for each in parts)))
    return Bilingual("；".join(zh), "; ".join(en))
