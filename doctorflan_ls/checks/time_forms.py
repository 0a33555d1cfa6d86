"""How dates and times are written in Chinese records (ZC-01): Arabic digits, 24-hour clock."""

from __future__ import annotations

from collections.abc import Iterator
from re import Match

from doctorflan_ls.checks.model import Finding, Fix
from doctorflan_ls.checks.patterns import (
    filled,
    found_in,
    limit,
    pattern,
    phrase,
    rules_of,
    words,
)
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Edit, Span

_NOTHING = Bilingual("", "")
_DIGITS = {each: str(value) for value, each in enumerate("〇一二三四五六七八九")} | {
    "零": "0",
    "○": "0",
    "两": "2",
}
_NOON = 12
_LONGEST_MONTH = 31


def checks() -> Iterator[Check]:
    """The check of this module."""
    yield Check("time-forms", rules_of("ZC-01"), time_forms, "part")


def time_forms(at: Scope) -> Iterator[Finding]:
    """Dates in Chinese numerals, and hours of the twelve-hour clock."""
    if at.note.language != "zh":
        return
    table = at.table
    before = pattern(table, "forms", "dates", "not_calendar")
    for span, match in found_in(at, pattern(table, "forms", "dates", "calendar")):
        if not before.search(at.text[: match.start()][-6:]):
            form = _calendar(match)
            if form is not None:
                yield _finding(at, span, form)
    for kind in ("clock", "meridiem"):
        for span, match in found_in(at, pattern(table, "forms", "dates", kind)):
            hour = _number(match["hour"])
            # 下午15:20 is on the 24-hour clock; what stands before it does no harm.
            if 1 <= hour <= _NOON:
                yield _finding(at, span, _clock(at, match, hour))


def _finding(at: Scope, span: Span, form: str | None) -> Finding:
    text = at.words(span)
    rule = at.table.rules["ZC-01"]
    if form is None:
        return Finding(rule, span, {"text": text, "form": _NOTHING})
    shown = filled(phrase(at.table, "forms", "dates", "form"), {"form": form})
    title = filled(phrase(at.table, "forms", "dates", "fix", "title"), {"form": form})
    fix = Fix(title, (Edit(span, form),))
    return Finding(rule, span, {"text": text, "form": shown}, fixes=(fix,))


def _calendar(match: Match[str]) -> str | None:
    """The date in digits; None where there is no such day (三十五日 is no date)."""
    month, day = match["month"] or match["month2"], match["day"] or match["day2"]
    form = "".join(_DIGITS[each] for each in match["year"]) + "年" if match["year"] else ""
    if month:
        form += f"{_number(month)}月"
    if day:
        if not 1 <= _number(day) <= _LONGEST_MONTH:
            return None
        form += f"{_number(day)}日"
    return form


def _clock(at: Scope, match: Match[str], hour: int) -> str | None:
    """The time on the 24-hour clock; None where it could be two (晚上12点, 上午12点)."""
    table = at.table
    groups = match.groupdict()
    part = groups["part"].lower()
    if part in words(table, "forms", "dates", "before_noon"):
        if hour == _NOON:
            return None
    elif part in words(table, "forms", "dates", "evening"):
        if not limit(table, "forms", "dates", "evening_from") <= hour < _NOON:
            return None
        hour += _NOON
    elif hour != _NOON:
        hour += _NOON
    minute = groups["minute"] or groups.get("minute2") or ("30" if groups.get("half") else "")
    if minute or not groups.get("word"):
        return f"{hour:02}:{int(minute or 0):02}"
    return f"{hour}{groups['word']}"


def _number(written: str) -> int:
    """The number below 100 in digits or as it is said (二十三)."""
    if written.isdecimal():
        return int(written)
    tens, ten, units = written.partition("十")
    if not ten:
        return int(_DIGITS[tens])
    return int(_DIGITS.get(tens, "1")) * 10 + int(_DIGITS.get(units, "0"))
