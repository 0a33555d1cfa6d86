"""Dates that are more than a year, and ages over 89 (45 CFR 164.514(b)(2)(i)(C))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from doctorflan_ls.identifiers.found import Found

_MONTHS = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_YEAR = r"(?:1[89]|20)\d\d"
_MONTH, _DAY = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
# A fraction, a ratio or a version is no date: two numbers are one only in words.
_DATES = (
    rf"(?<!\d){_YEAR} ?年 ?{_MONTH} ?月(?: ?{_DAY} ?[日号])?",
    rf"(?<![\d.年]){_MONTH} ?月 ?{_DAY} ?[日号]",
    rf"(?<![\d.\-/]){_YEAR}(?P<s>[\-/.]){_MONTH}(?P=s){_DAY}(?!\d|[\-/.]\d)",
    rf"(?<![\d.\-/]){_DAY}(?P<t>[\-/.])(?:{_MONTH}|{_DAY})(?P=t)(?:{_YEAR}|(?<=/)\d\d)(?!\d|[\-/.]\d)",
    rf"(?i:\b{_MONTHS}\.? {_DAY}(?:st|nd|rd|th)?,? {_YEAR}\b)",
    rf"(?i:\b{_DAY}(?:st|nd|rd|th)?(?: of)?[ \-]{_MONTHS}[.,]?[ \-]{_YEAR}\b)",
    rf"\b{_MONTHS}\.? {_DAY}(?:st|nd|rd|th)?\b(?!\.\d| ?(?:mg|mL|%))",
    rf"\b{_DAY}(?:st|nd|rd|th)(?: of)? {_MONTHS}\b",
    rf"\b{_MONTHS},? (?:of )?{_YEAR}\b",
)
_TIME = re.compile(r"[ T]?\d{1,2}[:：]\d{2}(?:[:：]\d{2})?(?!\d)")
_OLD = r"(?:9\d|1[0-3]\d)"
_AGES = (
    rf"(?<![\d.\-]){_OLD} ?(?:周?岁)",
    rf"(?i:(?<![\d.\-]){_OLD}[ \-]?(?:years?|yrs?|y)[ \-./]?(?:old|o\b))",
    rf"(?i:(?<=\bage )|(?<=\bage: )|(?<=\baged )|(?<=\bage of )|(?<=年龄:)){_OLD}(?![\d.%])",
)


def plain_dates(text: str) -> Iterator[Found]:
    """The dates and the great ages of a half-width text."""
    for kind, pattern in _patterns():
        for found in pattern.finditer(text):
            end = found.end()
            if kind == "date" and (time := _TIME.match(text, end)):
                end = time.end()
            yield Found(found.start(), end, kind)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    made = [("date", re.compile(source)) for source in _DATES]
    return (*made, *(("age_over_89", re.compile(source)) for source in _AGES))
