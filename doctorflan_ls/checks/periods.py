"""How long a time is that a note tells: ``10余年``, ``半天``, ``6月余``, ``2-3 weeks``."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from doctorflan_ls.notes.facts.numbers import half_width

_DAYS: Final = (
    ("分钟", 1 / 1440),
    ("小时", 1 / 24),
    ("星期", 7.0),
    ("h", 1 / 24),
    ("天", 1.0),
    ("日", 1.0),
    ("周", 7.0),
    ("月", 30.44),
    ("年", 365.25),
)
_ENGLISH: Final = {"mi": 1 / 1440, "h": 1 / 24, "d": 1.0, "w": 7.0, "mo": 30.44, "y": 365.25}
_GP: Final = {"7": 1.0, "52": 7.0, "12": 30.44}
_NUMERALS: Final = {each: value for value, each in enumerate("零一二三四五六七八九")} | {"两": 2}
_WORDS: Final = (
    "one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
)


class Period(NamedTuple):
    """Its shortest and its longest length, in days: ``10余年`` is ten years to eleven."""

    low: float
    high: float


@cache
def _chinese() -> re.Pattern[str]:
    units = "|".join(unit for unit, _ in _DAYS)
    return re.compile(
        r"(?P<first>\d+(?:\.\d+)?|[一二两三四五六七八九十]{1,3}|半)(?:\s*[-~]\s*(?P<last>\d+))?"
        r"\s*(?P<more>余|多|\+)?\s*(?:个(?P<half>半)?)?\s*"
        rf"(?P<unit>{units})(?P<half_after>半)?(?P<more_after>余|多)?"
    )


@cache
def _english() -> re.Pattern[str]:
    return re.compile(
        rf"(?P<first>\d+(?:\.\d+)?|an?|{'|'.join(_WORDS)})\s?(?P<more>\+)?(?:\s*(?:-|to|or)\s*(?P<last>\d+))?"
        r"[\s-]*(?P<unit>mi|h|d|w|mo|y)"
        r"|(?P<count>\d{1,2})/(?P<part>7|52|12)",
        re.IGNORECASE,
    )


def period(text: str) -> Period | None:
    """The length that ``text`` tells; None where it tells none (``数天``, ``several days``)."""
    text = half_width(text)
    found = _chinese().match(text)
    if found is not None:
        return _chinese_period(found)
    found = _english().match(text)
    if found is None:
        return None
    if found["count"]:
        length = int(found["count"]) * _GP[found["part"]]
        return Period(length, length)
    days = _ENGLISH[found["unit"].lower()]
    first = _english_number(found["first"].lower())
    last = float(found["last"]) if found["last"] else first + (1 if found["more"] else 0)
    return Period(first * days, max(last, first) * days)


def _chinese_period(found: re.Match[str]) -> Period | None:
    first = _chinese_number(found["first"])
    if first is None:
        return None
    days = dict(_DAYS)[found["unit"]]
    if found["half"] or found["half_after"]:
        first += 0.5
    last = float(found["last"]) if found["last"] else first
    if found["more"] or found["more_after"]:
        # 10余年 is less than 20, and 30余年 less than 40; 3年余 is less than 4.
        last += 9 if found["more"] and first >= 10 and first % 10 == 0 else 1
    return Period(first * days, max(last, first) * days)


def _chinese_number(written: str) -> float | None:
    if written == "半":
        return 0.5
    if written[0].isdigit():
        return float(written)
    tens, ten, units = written.rpartition("十")
    if not ten:
        return float(_NUMERALS[written]) if len(written) == 1 else None
    values = _NUMERALS.get(tens or "一"), _NUMERALS.get(units or "零")
    first, last = values
    return None if first is None or last is None else float(first * 10 + last)


def _english_number(written: str) -> float:
    if written in ("a", "an"):
        return 1.0
    return float(_WORDS.index(written) + 1) if written in _WORDS else float(written)
