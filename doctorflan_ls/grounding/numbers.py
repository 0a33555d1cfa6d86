"""The numbers of a text with their units: digits, Chinese numerals, English number words.

What is no statement is left out: list ordinals, digits of a name (HbA1c, CA19-9), powers of ten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from doctorflan_ls.grounding.table import Unit, table
from doctorflan_ls.notes.facts.lab_table import lab_table
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.text import Span

_NUMBER: Final = re.compile(r"(?<![\d.])\d+(?:,\d{3})*(?:\.\d+)?(?!\d)")
_POWER: Final = re.compile(
    r"\s*[x*]\s*10\s*(?:[\^*]\s*)?(?P<power>[⁰¹²³⁴-⁹]{1,2}|\d{1,2})"
    r"(?:\s*/\s*(?P<per>mm\^?3|[µu]l|ml|l|L|uL|µL))?"
)
_CONCENTRATION: Final = re.compile(
    r"\s*(?P<unit>[A-Za-zµ]{1,6}\s*/\s*(?:\d+(?:\.\d+)?\s*)?[A-Za-zµ]{1,6}(?:\d)?"
    r"(?:/[A-Za-z]{1,4})?)(?![A-Za-z])"
)
_ORDINAL: Final = re.compile(
    r"(?:(?:^|[\n\r。；;:]|[\u4e00-\u9fff)](?=[ \t]*\())[ \t\u3000]*(?:[-*•#>]\s*)?"
    r"[(（【\[]?\d{1,2}[)）】\]]"
    r"|(?:^|[\n\r。；;:]|[\u4e00-\u9fff]\s)[ \t\u3000]*(?:[-*•#]\s*)?(?:No\.\s?)?\d{1,2}"
    r"(?:[、．)]|\.(?!\d)|[:：](?!\s*\d))"
    r"|第\s*\d{1,2}|[\[(]\d{1,2}[\])](?=[\u4e00-\u9fff]))",
    re.MULTILINE,
)
_GLUED: Final = re.compile(r"[A-Za-zα-ωΑ-Ω_]-?\Z")
# Labels that a value is written onto: T36.8, WBC5.0.
_LABELLED: Final = re.compile(
    r"(?<![A-Za-z])(?:T|P|R|BP|Bp|HR|RR|WBC|RBC|HGB|Hb|PLT|N|K|Na|Cl|Cr|CRP|ALT|AST|SpO2)\Z"
)
_JOIN: Final = re.compile(r"\s*(?:-|~|至|到|to|or|或|/|、|x|\*)\s*$")
_CHINESE: Final = re.compile(
    r"[一二两三四五六七八九十]{1,3}(?=(?:余|多|来|几)?个?"
    r"(?:天|日|周|星期|月|年|小时|分钟|次|岁|片|粒|支|级|度|期|枚))"
)
_CHINESE_DIGITS: Final = {c: n for n, c in enumerate("一二三四五六七八九十", 1)} | {"两": 2}
_ENGLISH_DIGITS: Final = {
    word: float(value)
    for value, word in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
            *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
            *("seventeen", "eighteen", "nineteen"),
        )
    )
}
_TENS: Final = {
    word: float(10 * value)
    for value, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2
    )
}
_ENGLISH: Final = re.compile(
    rf"(?<![A-Za-z])(?:(?P<tens>{'|'.join(_TENS)})(?:[\s-]+(?P<ones>{'|'.join(_ENGLISH_DIGITS)}))?"
    rf"|(?P<small>{'|'.join(sorted(_ENGLISH_DIGITS, key=len, reverse=True))}))(?![A-Za-z])",
    re.IGNORECASE,
)
_SUPERSCRIPT: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


class Amount(NamedTuple):
    """A number at ``span``, with its ``unit`` at ``unit_span`` where one follows it.

    ``decimals`` is how exactly it is written; ``worded`` is true for one written in words.
    """

    span: Span
    value: float
    unit: Unit | None
    unit_span: Span | None
    decimals: int
    worded: bool = False

    @property
    def whole(self) -> Span:
        """The number with its unit."""
        end = self.unit_span.end if self.unit_span is not None else self.span.end
        return Span(self.span.start, end)

    @property
    def base(self) -> tuple[str, float] | None:
        """Its size in its dimension; None for a unit that is not converted."""
        if self.unit is None or not self.unit.dimension:
            return None
        return self.unit.dimension, round(self.value * self.unit.scale, 6)


def amounts(text: str, taken: Sequence[Span] = ()) -> list[Amount]:
    """The numbers of ``text`` outside ``taken`` (dates, for one), in order."""
    half = half_width(text)
    left_out = bytearray(len(half))
    for span in taken:
        left_out[span.start : span.end] = b"\x01" * (span.end - span.start)
    for found in _ORDINAL.finditer(half):
        left_out[found.start() : found.end()] = b"\x01" * (found.end() - found.start())
    digits = _digits(half, left_out)
    every = sorted([*digits, *_words(half, left_out)], key=lambda each: each.span)
    return _shared(half, every)


def _digits(half: str, left_out: bytearray) -> list[Amount]:
    found: list[Amount] = []
    end = 0
    named = -1  # where the digits of a name end: CA19-9 has two numbers
    for match in _NUMBER.finditer(half):
        start, stop = match.span()
        if start < end or left_out[start]:
            continue
        glued = _GLUED.search(half, max(start - 2, 0), start) and not _labelled(half, start)
        if glued or (named >= 0 and half[named:start] == "-"):
            named = stop
            continue
        unit, span = unit_at(half, stop)
        after = half[stop : stop + 1]
        if unit is None and after.isascii() and after.isalpha() and after not in "xX":
            continue
        written = match[0].replace(",", "")
        decimals = len(written.partition(".")[2])
        found.append(Amount(Span(start, stop), float(written), unit, span, decimals))
        end = span.end if span is not None else stop
    return found


def _labelled(half: str, start: int) -> bool:
    """True where the letters glued before a number are a vital's or an analyte's label."""
    return _LABELLED.search(half, max(start - 12, 0), start) is not None


def unit_at(half: str, at: int) -> tuple[Unit | None, Span | None]:
    """The unit that half-width text has at ``at``, and where it stands."""
    power = _POWER.match(half, at)
    if power is not None and (power["per"] or "^" in power[0] or power["power"] != "0"):
        exponent = power["power"].translate(_SUPERSCRIPT)
        per = (power["per"] or "").lower().replace("µ", "u")
        name = lab_table().unit(f"10^{exponent}/{per}") if per else f"10^{exponent}"
        return Unit(name, "", 1.0), Span(*power.span())
    word = table().unit_words.match(half, at)
    mixed = _CONCENTRATION.match(half, at)
    if mixed is not None and (word is None or mixed.end() > word.end()):
        name = lab_table().unit(mixed["unit"])
        known = table().units.get(name)
        return known or Unit(name, "", 1.0), Span(*mixed.span("unit"))
    if word is None:
        return None, None
    return table().units[word["unit"].lower()], Span(*word.span("unit"))


def _words(half: str, left_out: bytearray) -> Iterator[Amount]:
    for match in _CHINESE.finditer(half):
        if not left_out[match.start()]:
            unit, span = unit_at(half, _after_more(half, match.end()))
            yield Amount(Span(*match.span()), _chinese(match[0]), unit, span, 0, worded=True)
    for match in _ENGLISH.finditer(half):
        if not left_out[match.start()]:
            unit, span = unit_at(half, match.end())
            yield Amount(Span(*match.span()), _english(match), unit, span, 0, worded=True)


def _after_more(half: str, at: int) -> int:
    while at < len(half) and half[at] in "余多来几":
        at += 1
    return at


def _chinese(written: str) -> float:
    if "十" not in written:
        return float("".join(str(_CHINESE_DIGITS[char]) for char in written))
    tens, _, ones = written.partition("十")
    return float(10 * (_CHINESE_DIGITS.get(tens[-1:], 1)) + _CHINESE_DIGITS.get(ones[:1], 0))


def _english(match: re.Match[str]) -> float:
    if match["small"]:
        return _ENGLISH_DIGITS[match["small"].lower()]
    ones = match["ones"]
    return _TENS[match["tens"].lower()] + (_ENGLISH_DIGITS[ones.lower()] if ones else 0.0)


def _shared(half: str, found: list[Amount]) -> list[Amount]:
    """In ``3-5天`` and ``one to two weeks`` the first number has the unit of the second."""
    result: list[Amount] = []
    for at in range(len(found) - 1, -1, -1):
        one = found[at]
        if one.unit is None and result:
            after = result[-1]
            between = half[one.span.end : after.span.start]
            if len(between) <= 4 and _JOIN.match(between) and "/" not in between:
                one = one._replace(unit=after.unit)
        result.append(one)
    result.reverse()
    return result
