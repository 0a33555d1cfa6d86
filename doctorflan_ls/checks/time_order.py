"""Whether the times of a note are possible (ZC-11)."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from doctorflan_ls.checks.model import Fields, Finding, Related
from doctorflan_ls.checks.patterns import (
    filled,
    found_in,
    limit,
    pattern,
    phrase,
    rows,
    rules_of,
    words,
)
from doctorflan_ls.checks.periods import period
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.table import RuleTable
from doctorflan_ls.notes.facts.durations import find_durations
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_STEM = "time_order"
_CLAUSE = re.compile(r"[，,。；;\n]|\.\s")
_YEAR = 365.25
_MONTHS = 12
_LEAP = 2000
_FULL = len("2024-03-05")


class Stamp(NamedTuple):
    """A date of the note: ``label`` says what of (empty where nothing does).

    ``day`` is in ISO 8601 as far as it is told, ``minute`` the minutes since midnight, ``ahead``
    whether it may be of the future.
    """

    span: Span
    text: str
    label: str
    day: str
    minute: int | None
    section: str
    ahead: bool

    def is_before(self, other: Stamp) -> bool:
        """True where it is before ``other`` for certain; both have a full date."""
        if self.day != other.day or self.minute is None or other.minute is None:
            return self.day < other.day
        return self.minute < other.minute


def checks() -> Iterator[Check]:
    """The checks of this module."""
    yield Check("order-of-times", rules_of("ZC-11"), order_of_times)
    yield Check("calendar-dates", rules_of("ZC-11"), calendar_dates, "part")
    yield Check("longer-than-a-life", rules_of("ZC-11"), longer_than_a_life, "part")


def stamps(at: Scope) -> list[Stamp]:
    """The dates of the note, in the order they stand."""
    return [
        stamp._replace(span=Span(stamp.span.start + start, stamp.span.end + start))
        for start, stamp in at.gather(_stamps)
    ]


def labelled(found: list[Stamp], label: str) -> list[Stamp]:
    """The full dates with this label; none where two of them differ, as in two admissions."""
    named = [each for each in found if each.label == label and len(each.day) == _FULL]
    return named if len({each.day for each in named}) == 1 else []


def order_of_times(at: Scope) -> Iterator[Finding]:
    """Dates with a label against each other, ranges, and dates after the record."""
    if not at.whole:
        return
    found = stamps(at)
    for pair in rows(at.table, _STEM, "order"):
        yield from _ordered(at, found, pair["first"], pair["then"])
    yield from _ranges(at, found)
    yield from _future(at, found)


def _ordered(at: Scope, found: list[Stamp], first: str, then: str) -> Iterator[Finding]:
    for one in labelled(found, first)[:1]:
        others = [each for each in found if each.label == then and len(each.day) == _FULL]
        for other in others if then == "record" else labelled(found, then)[:1]:
            if other.is_before(one):
                names = {
                    "first": phrase(at.table, _STEM, "names", first),
                    "then": phrase(at.table, _STEM, "names", then),
                }
                yield _finding(at, "order", other, one, names)


def _ranges(at: Scope, found: list[Stamp]) -> Iterator[Finding]:
    between = pattern(at.table, _STEM, "range", "between")
    for one, other in pairwise(found):
        gap = Span(one.span.end, other.span.start)
        if gap.end - gap.start > 6 or not (len(one.day) == len(other.day) == _FULL):
            continue
        if between.search(half_width(at.words(gap))) and other.is_before(one):
            yield _finding(at, "range", other, one, {})


def _future(at: Scope, found: list[Stamp]) -> Iterator[Finding]:
    table = at.table
    ends = words(table, _STEM, "future", "instead")
    known = [each for each in found if each.label in ends and len(each.day) == _FULL]
    if not known:
        return
    last = max(known, key=lambda each: each.day)
    sections = words(table, _STEM, "future", "sections")
    for stamp in found:
        if stamp.label or stamp.ahead or stamp.section not in sections:
            continue
        if stamp.day > last.day[: len(stamp.day)]:
            yield _finding(at, "future", stamp, last, {})


def _finding(
    at: Scope, problem: str, stamp: Stamp, other: Stamp, names: dict[str, Bilingual]
) -> Finding:
    fields: Fields = {"text": stamp.text, "other": other.text, **names}
    words_ = filled(phrase(at.table, _STEM, "problems", problem), fields)
    related = Related(other.span, phrase(at.table, _STEM, "related", "other"))
    return Finding(at.table.rules["ZC-11"], stamp.span, {"problem": words_}, related=(related,))


def _stamps(part: Scope) -> Iterator[Stamp]:
    table, text = part.table, half_width(part.text)
    labels = [(name, _label(table, name)) for name in table.data[_STEM]["names"]]
    ahead = pattern(table, _STEM, "future", "ahead")
    reach = int(limit(table, _STEM, "labels", "reach"))
    around = int(limit(table, _STEM, "future", "reach"))
    clock = pattern(table, _STEM, "labels", "clock")
    for fact in part.facts:
        day = str(fact.value)
        if fact.kind != "date" or not re.match(r"\d{4}", day):
            continue
        start, end = fact.span.start - part.span.start, fact.span.end - part.span.start
        head = text[max(start - reach, 0) : start]
        label = next((name for name, each in labels if each.search(head)), "")
        time = clock.match(text, end)
        yield Stamp(
            Span(start, end),
            fact.text,
            label,
            day if re.match(r"\d{4}(-\d\d(-\d\d)?)?$", day) else day[:4],
            None if time is None else int(time["hour"]) * 60 + int(time["minute"]),
            fact.section,
            ahead.search(_clause(text, start, end, around)) is not None,
        )


def _clause(text: str, start: int, end: int, reach: int) -> str:
    """The clause that ``text[start:end]`` stands in, ``reach`` code points each way at the most."""
    before = _CLAUSE.split(text[max(start - reach, 0) : start])[-1]
    return before + text[start:end] + _CLAUSE.split(text[end : end + reach])[0]


@lru_cache(maxsize=64)
def _label(table: RuleTable, name: str) -> re.Pattern[str]:
    link = pattern(table, _STEM, "labels", "link").pattern
    return re.compile(pattern(table, _STEM, "labels", name).pattern + link, re.IGNORECASE)


def calendar_dates(at: Scope) -> Iterator[Finding]:
    """2024年2月30日, 2024-03-05 25:10: what no calendar and no clock has."""
    table = at.table
    problem = phrase(table, _STEM, "problems", "calendar")
    for span, match in found_in(at, pattern(table, _STEM, "calendar", "full")):
        month, day = int(match["month"] or match["month2"]), int(match["day"] or match["day2"])
        wrong = not _exists(int(match["year"]), month, day)
        if wrong or (match["time"] and not _is_time(match)):
            fields = {"problem": filled(problem, {"text": at.words(span)})}
            yield Finding(table.rules["ZC-11"], span, fields)
    ages = pattern(table, _STEM, "calendar", "ages")
    for span, match in found_in(at, pattern(table, _STEM, "calendar", "day")):
        before = at.text[max(match.start() - 8, 0) : match.start()]
        if not _exists(_LEAP, int(match["month"]), int(match["day"])) and not ages.search(before):
            fields = {"problem": filled(problem, {"text": at.words(span)})}
            yield Finding(table.rules["ZC-11"], span, fields)


def _exists(year: int, month: int, day: int) -> bool:
    return 1 <= month <= _MONTHS and 1 <= day <= monthrange(year, month)[1]


def _is_time(match: re.Match[str]) -> bool:
    hour, minute = int(match["hour"]), int(match["minute"] or match["minute2"])
    # 24:00 ends a day.
    return hour * 60 + minute <= 24 * 60 and minute < 60


def longer_than_a_life(at: Scope) -> Iterator[Finding]:
    """An illness, a marriage or a habit that began before the patient was born."""
    table, age = at.table, at.note.patient.age_years
    if age is None:
        return
    infant = age < limit(table, _STEM, "age", "infant_years")
    more = limit(table, _STEM, "age", "infant_tolerance" if infant else "tolerance")
    apart = pattern(table, _STEM, "age", "apart")
    reach = int(limit(table, _STEM, "age", "reach"))
    told: set[int] = set()
    for span, written in _lasting(at):
        length = period(written)
        if length is None or length.low / _YEAR <= age + more or span.start in told:
            continue
        start = span.start - at.span.start
        if not apart.search(at.text[max(start - reach, 0) : start + reach]):
            told.add(span.start)
            fields: Fields = {"text": at.words(span), "other": _age(age)}
            problem = filled(phrase(table, _STEM, "problems", "age"), fields)
            yield Finding(table.rules["ZC-11"], span, {"problem": problem})


def _lasting(at: Scope) -> Iterator[tuple[Span, str]]:
    """How long what the patient has lasted, each at its place."""
    kinds = words(at.table, _STEM, "age", "kinds")
    for fact in at.facts:
        if fact.kind in kinds and fact.duration and fact.assertion not in ("family", "denied"):
            yield _place(at, fact), fact.duration
    for span, match in found_in(at, pattern(at.table, _STEM, "age", "told")):
        start, end = match.span("time")
        offset = span.start - match.start()
        yield Span(offset + start, offset + end), match["time"]


def _place(at: Scope, fact: Fact) -> Span:
    """Where the duration of ``fact`` stands: in it, right behind it or right before it."""
    start = max(fact.span.start - 30, at.span.start)
    text = at.words(Span(start, min(fact.span.end + 30, at.span.end)))
    for each in find_durations(text):
        if each.text == fact.duration:
            return Span(start + each.span.start, start + each.span.end)
    return fact.span


def _age(years: float) -> Bilingual:
    if years >= 1:
        return Bilingual(f"{years:g}岁", f"{years:g} years")
    days = round(years * _YEAR)
    return Bilingual(f"{days}天", f"{days} days")
