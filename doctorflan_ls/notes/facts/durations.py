"""Durations and relative times: ``10余年``, ``6月余``, ``3小时前``, ``2+ months``, ``4/52``."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.text import Span

_CUE: Final = re.compile(
    r"[年月周日天时钟宿]|\d\s?/\s?(?:7|52|12)\b|hour|\bhrs?\b|day|week|month|year|minute|\b(?:yrs?|wks?|mins?|since)\b"
    r"|\d\s?(?:yrs?|wks?|hrs?)\b",
    re.IGNORECASE,
)


class Duration(NamedTuple):
    """A stretch of time as written, at its place in the text."""

    span: Span
    text: str


@cache
def _duration() -> re.Pattern[str]:
    words = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    unit = r"(?:minutes?|mins?|hours?|hrs?|days?|weeks?|wks?|months?|mos|years?|yrs?)"
    return re.compile(
        rf"""
        (?<![\d第./年月-])
            (?:(?:\d{{1,3}}(?:\.\d)?(?:\s*[-~]\s*\d{{1,3}})?|[一二两三四五六七八九十]{{1,3}})\s*(?:余|多|几|\+)?|半|数|多|几)
            \s*(?:个半?|来)?\s*(?:分钟|小时|h(?![A-Za-z])|天|日|周|星期|月(?!\s*\d)|年(?!\s*\d|级|龄|轻))半?(?:余|多)?
            (?:以前|之前|前|以来)?
        |(?<![\w.])(?<!\bevery\s)(?<!\bin\s)(?<!\bwithin\s)(?<!\bafter\s)(?<!\bnext\s)
            (?:\d{{1,3}}(?:\.\d)?\s?\+?(?:\s*(?:-|to|or)\s*\d{{1,3}})?|(?:{words})(?:\s+(?:to|or)\s+(?:{words}))?
            |several|many|(?:a\s+)?few|(?:a\s+)?couple(?:\s+of)?)
            [\s-]*{unit}\b(?:\s+ago\b)?(?![\s-]+(?:old|of\s+age)\b)
        |(?<=\bfor\s)an?\s+{unit}\b|\b(?:past|last)\s+{unit}\b|\ban?\s+{unit}\s+ago\b
        |(?<![\w/.])\d{{1,2}}/(?:7|52|12)(?![\d/]|\s*[一-鿿])
        |\bsince\s+(?:yesterday|birth|childhood|(?:this|last|early)\s+\w+|(?:19|20)\d\d|(?:mon|tues|wednes|thurs|fri
            |satur|sun)day)\b|\byesterday\b
        """,
        re.VERBOSE | re.IGNORECASE,
    )


def find_durations(text: str) -> list[Duration]:
    """The durations of ``text``, in order; ages (``50 years old``) are none."""
    if not _CUE.search(text):
        return []
    return [
        Duration(Span(*found.span()), text[found.start() : found.end()])
        for found in _duration().finditer(half_width(text))
    ]
