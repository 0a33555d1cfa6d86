"""Dates and times of day in a text, in whatever form, each with what it may mean."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.text import Span

_MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_CUE: Final = re.compile(
    r"\d\s*[年月]|\d[-/.]\d|\d:\d|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    re.IGNORECASE,
)

Meaning = tuple[int | None, int | None, int | None]


class When(NamedTuple):
    """A date (year, month, day, each None where it is not said) or a time of day at ``span``.

    More than one of ``meanings`` where 3/5/2015 could be read in two ways.
    """

    span: Span
    meanings: tuple[Meaning, ...]
    clock: str = ""


@cache
def _pattern() -> re.Pattern[str]:
    month = (
        r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
        r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
    )
    year = r"(?:19|20)\d\d"
    return re.compile(
        rf"""
        (?<![\d.])(?P<y1>{year})\s*年(?:\s*(?P<m1>\d{{1,2}})\s*月(?:份)?(?:\s*(?P<d1>\d{{1,2}})\s*[日号])?)?
        |(?<![\d.-])(?P<y2>{year})(?P<sep>[-./])(?P<m2>\d{{1,2}})(?:(?P=sep)(?P<d2>\d{{1,2}}))?(?![\d])
        |(?<![\d年.])(?P<m3>\d{{1,2}})\s*月\s*(?P<d3>\d{{1,2}})\s*[日号]
        |(?<![\d/.])(?P<a>\d{{1,2}})[/-](?P<b>\d{{1,2}})[/-](?P<y4>{year}|\d\d)(?![\d/-])
        |(?<![\d/.])(?P<m5>0?[1-9]|1[0-2])/(?P<y5>{year})(?![\d/])
        |(?<![\w.])(?P<d6>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+(?:of\s+)?(?P<m6>{month})\b\.?(?:,?[\s-]+(?P<y6>{year})\b)?
        |\b(?P<m7>{month})\b\.?\s+(?P<d7>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:%|mg|units?))(?:,?\s+(?:of\s+)?(?P<y7>{year})\b)?
        |\b(?P<m8>{month})\b\.?,?\s+(?:of\s+)?(?P<y8>{year})\b
        |(?<![\d:.])(?P<clock>(?:[01]?\d|2[0-3]):[0-5]\d)(?::[0-5]\d)?(?![\d:])
        """,
        re.VERBOSE | re.IGNORECASE,
    )


def dates(text: str) -> list[When]:
    """The dates and times of ``text``, in order."""
    half = half_width(text)
    if not _CUE.search(half):
        return []
    found = []
    for match in _pattern().finditer(half):
        clock = match["clock"]
        if clock:
            hour, minute = clock.split(":")
            found.append(When(Span(*match.span()), (), f"{int(hour)}:{minute}"))
            continue
        meanings = _meanings(match)
        if meanings:
            found.append(When(Span(*match.span()), meanings))
    return found


def agree(one: When, other: When) -> bool:
    """True where both may mean the same day (or the same time of day), as far as each says."""
    if one.clock or other.clock:
        return one.clock == other.clock
    return any(
        all(a is None or b is None or a == b for a, b in zip(mine, theirs, strict=True))
        for mine in one.meanings
        for theirs in other.meanings
    )


def near(one: When, other: When) -> bool:
    """True where two of year, month and day are the same: one may be a slip of the other."""
    return any(
        sum(a is not None and a == b for a, b in zip(mine, theirs, strict=True))
        >= min(2, sum(part is not None for part in mine) - 1)
        and sum(a is not None and a == b for a, b in zip(mine, theirs, strict=True)) > 0
        for mine in one.meanings
        for theirs in other.meanings
    )


def _meanings(match: re.Match[str]) -> tuple[Meaning, ...]:
    parts = {key.rstrip("12345678"): value for key, value in match.groupdict().items() if value}
    year = _year(parts["y"]) if "y" in parts else None
    if "a" in parts:
        first, second = int(parts["a"]), int(parts["b"])
        both = {(first, second), (second, first)}
        return tuple((year, m, d) for m, d in sorted(both) if 1 <= m <= 12 and 1 <= d <= 31)
    month = _month(parts["m"]) if "m" in parts else None
    day = int(parts["d"]) if "d" in parts else None
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return ()
    return ((year, month, day),)


def _year(written: str) -> int:
    return int(written) if len(written) == 4 else 2000 + int(written)


def _month(written: str) -> int:
    return int(written) if written.isdigit() else _MONTHS.index(written[:3].lower()) + 1
