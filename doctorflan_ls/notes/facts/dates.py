"""Calendar dates: ``2015-03-05``, ``2024年3月5日``, ``2 Feb 2010``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Final

from doctorflan_ls.notes.facts.numbers import fact_at, half_width, has_digit
from doctorflan_ls.notes.model import Fact, Sentence

_CUE: Final = re.compile(
    r"\d\s*月\s*\d|\d年|[/.-]\d{1,2}[/.-]\d|/(?:19|20)\d\d"
    r"|(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?,?[\s-]+(?:of\s)?\d",
    re.IGNORECASE,
)
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)


@cache
def _date() -> re.Pattern[str]:
    month = (
        r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
        r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
    )
    return re.compile(
        rf"""
        (?<![\d.])(?P<y1>(?:19|20)\d\d)(?:
            \s*年\s*(?P<m1>\d{{1,2}})\s*月(?:\s*(?P<d1>\d{{1,2}})\s*[日号])?
            |(?P<sep>[-./])(?P<m2>\d{{1,2}})(?P=sep)(?P<d2>\d{{1,2}})(?!\d)
            |年(?!\s*\d|前|余))
        |(?<![\d年.])(?P<m3>\d{{1,2}})\s*月\s*(?P<d3>\d{{1,2}})\s*[日号]
        |(?<![\d/.])(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}})/(?P<y4>(?:19|20)?\d\d)(?![\d/])
        |(?<![\d/.])(?P<m5>0?[1-9]|1[0-2])/(?P<y5>(?:19|20)\d\d)(?![\d/])
        |(?<![\w.])(?P<d6>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+(?P<m6>{month})\.?,?[\s-]+(?P<y6>(?:19|20)\d\d)\b
        |\b(?P<m7>{month})\.?\s+(?:(?P<d7>\d{{1,2}})(?:st|nd|rd|th)?,?\s+)?(?:of\s+)?(?P<y7>(?:19|20)\d\d)\b
        """,
        re.VERBOSE | re.IGNORECASE,
    )


def find(sentence: Sentence) -> Iterable[Fact]:
    """The dates of ``sentence``; ``value`` is ISO 8601 where one date is meant, else the words."""
    if not has_digit(sentence.text):
        return
    text = half_width(sentence.text)
    if not _CUE.search(text):
        return
    for found in _date().finditer(text):
        fields = {key.rstrip("1234567"): part for key, part in found.groupdict().items() if part}
        iso = _iso(fields)
        if iso is None:
            continue
        fact = fact_at(sentence.text, "date", found.start(), found.end(), "date")
        yield fact._replace(value=iso or fact.text)


def _iso(fields: dict[str, str]) -> str | None:
    """The ISO form, empty where several dates could be meant, None where it is no date."""
    if "a" in fields:
        return _slashed(int(fields["a"]), int(fields["b"]), fields["y"])
    month = _month(fields["m"]) if "m" in fields else None
    if month is None:
        return fields["y"] if "m" not in fields else None
    day = int(fields["d"]) if "d" in fields else None
    year = int(fields["y"]) if "y" in fields else None
    # A leap year, so that 2月29日 without its year stands.
    if not _exists(year or 2000, month, day or 1):
        return None
    if year is None:
        return ""
    return f"{year:04}-{month:02}" + (f"-{day:02}" if day else "")


def _slashed(first: int, second: int, year: str) -> str | None:
    """``28/1/2009`` and ``1/28/2009`` can be told; ``3/5/2015`` and a two-digit year cannot."""
    full = int(year) if len(year) == 4 else 2000
    orders = [
        (month, day)
        for month, day in {(first, second), (second, first)}
        if _exists(full, month, day)
    ]
    if not orders:
        return None
    if len(orders) > 1 or len(year) != 4:
        return ""
    return f"{full:04}-{orders[0][0]:02}-{orders[0][1]:02}"


def _month(written: str) -> int | None:
    if written.isdigit():
        return int(written)
    return _MONTHS.index(written[:3].lower()) + 1


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
