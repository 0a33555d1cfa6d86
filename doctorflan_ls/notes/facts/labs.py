"""Laboratory results: value, unit as written, and a flag against ``data/lab_ranges.toml``.

A flag comes from, in this order: a mark beside the value (↑, H), a reference range printed beside
it, a word of the note (``elevated``), the table. Where none decides, there is no flag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from doctorflan_ls.notes.facts.lab_results import named_results
from doctorflan_ls.notes.facts.lab_table import Analyte, LabTable, lab_table
from doctorflan_ls.notes.facts.measurements import (
    Label,
    Reading,
    against,
    readings,
    value_of,
)
from doctorflan_ls.notes.facts.numbers import fact_at, half_width, has_digit, number
from doctorflan_ls.notes.model import Fact, Flag, Sentence

_UNIT: Final = re.compile(
    r"\s*(?P<unit>[x*]?\s*10\s*[\^*]?\s*(?:[⁰-⁹¹²³]{1,2}|\d{1,2})\s*/\s*(?:mm\^?3|[µum]c?[lL]|[lL])"
    r"|%|µ\s*mol\s*/\s*L|[mM]m\s*Hg\b|mEq/L|秒|个/(?:HPF?|ul|µl)"
    r"|[A-Za-zµ]{1,10}\s*/\s*(?:\(?[A-Za-zµ]+(?:\^?[23²³](?!\d))?\)?(?:/[0-9.]+m[2²])?|24\s?h\b|小时|24小时)"
    r"|/\s*(?:[µum]c?[lL]|mm\^?3|HPF?)\b|[A-Za-zµ]{1,10}(?![A-Za-z0-9]))",
    re.IGNORECASE,
)
_MARK: Final = re.compile(
    r"\s*(?:\(\s*(?P<bracketed>H{1,2}|L{1,2}|high|low)\s*\)|(?P<letter>[HL])(?![A-Za-z/])"
    r"|(?P<arrow>[↑↓⬆⬇]+)|\(\s*(?P<bracketed_arrow>[↑↓])\s*\))",
    re.IGNORECASE,
)
_PRINTED: Final = re.compile(
    r"\s*(?P<open>[(\[,]\s*)?(?P<word>(?:参考|正常)(?:参考)?(?:值|范围|区间)*"
    r"|(?:ref(?:erence)?|normal|nl)\b\.?(?:\s*(?:range|interval|value)s?)?)?\s*[:为]?\s*"
    r"(?:(?P<low>\d+(?:\.\d+)?)\s*[-~]+\s*(?P<high>\d+(?:\.\d+)?)|(?P<sign>[<>≤≥])=?\s*(?P<bound>\d+(?:\.\d+)?))"
    r"\s*(?:%|[A-Za-zµ]{1,6}(?:/[A-Za-z0-9]+)?)?\s*(?P<close>[)\]])?",
    re.IGNORECASE,
)
# What after a bare number says that it is no result: a duration, a count, a dose, a fraction.
_NO_RESULT: Final = re.compile(
    r"\s*(?:'?s\b|年|个?月|天|日|周|小时|分钟?|次|岁|片|支|粒|袋|型|级|期|项|[+-]?\s*/\s*\d|[-x*:]\s*\d|个|万|倍"
    r"|(?:h|hours?|hrs?|mins?|minutes|days?|weeks?|months?|years?|times|tablets?|of)\b|th\b|nd\b|\+)",
    re.IGNORECASE,
)
_DOSE_UNITS: Final = frozenset(
    (
        "mg",
        "g",
        "ml",
        "u",
        "iu",
        "mcg",
        "ug",
        "l",
        "cm",
        "mm",
        "kg",
        "meq",
        "units",
        "unit",
        "cc",
        "dl",
    )
)
_DOSE_PER: Final = re.compile(r"/\(?(?:kg|d|day|日|天|次|h|hr|min|分|week|周)\b", re.IGNORECASE)
_RESULT_SECTIONS: Final = frozenset(("lab", "results"))
_GOAL: Final = re.compile(r"target|goal|目标", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Tail:
    """What stands after a number: its unit, a mark, a printed range, and where all that ends."""

    unit: str | None
    flag: Flag | None
    end: int
    read_to: int


def find(sentence: Sentence) -> Iterable[Fact]:
    """The laboratory results of ``sentence``.

    ``value`` is a number where the note gives one, else its words (``>1000``, ``++``, ``阴性``);
    a test that is only called normal, high or low has a flag and no value.
    """
    text = half_width(sentence.text)
    taken: list[Fact] = []
    if has_digit(text):
        taken.extend(_measured(sentence, text))
    for fact in named_results(sentence, text):
        if not any(fact.span.overlaps(other.span) for other in taken):
            taken.append(fact)
    return taken


def _measured(sentence: Sentence, text: str) -> Iterator[Fact]:
    table = lab_table()
    masked = table.labels.masked(text)
    end = 0
    for reading in readings(masked):
        if reading.at < end:
            continue
        measured = table.labels.measured(masked, max(reading.head, end), reading.start)
        if measured is None:
            continue
        label, stated = measured
        if _GOAL.search(text, max(label.start - 16, 0), label.start):
            continue
        tail = _tail(text, reading, table)
        result = _Result(sentence, table, label, reading, tail)
        analyte = result.analyte()
        if analyte is None:
            continue
        fact = fact_at(sentence.text, "lab", label.start, tail.end, analyte.name)
        value = value_of(reading, sentence.text[reading.start : reading.end])
        unit = tail.unit and _as_written(sentence.text, text, tail)
        flag = tail.flag or stated or result.flag(analyte)
        yield fact._replace(value=value, unit=unit, flag=flag)
        end = tail.read_to


def _as_written(source: str, text: str, tail: _Tail) -> str:
    at = text.rfind(tail.unit or "", 0, tail.end)
    return source[at : at + len(tail.unit or "")]


def _tail(text: str, reading: Reading, table: LabTable) -> _Tail:
    unit: str | None = None
    flag: Flag | None = None
    end = reading.end
    for _ in range(2):
        mark = _MARK.match(text, end)
        if mark is not None and flag is None:
            sign = (
                mark["bracketed"] or mark["letter"] or mark["arrow"] or mark["bracketed_arrow"]
            )[0]
            flag, end = ("H" if sign in "Hh↑⬆" else "L"), mark.end()
        found = _UNIT.match(text, end)
        if found is not None and unit is None and _is_unit(found["unit"], table):
            unit, end = found["unit"], found.end()
    printed = _PRINTED.match(text, end)
    if printed is None or not (printed["word"] or (printed["open"] and printed["close"])):
        return _Tail(unit, flag, end, end)
    value = number(reading.value)
    if flag is None and value is not None and not reading.comparator and not reading.upper:
        flag = _printed_flag(value, printed)
    return _Tail(unit, flag, end, printed.end())


def _is_unit(written: str, table: LabTable) -> bool:
    unit = table.unit(written)
    return unit in table.units or "/" in unit or unit in _DOSE_UNITS


def _printed_flag(value: float, printed: re.Match[str]) -> Flag | None:
    if printed["sign"] is None:
        low, high = float(printed["low"]), float(printed["high"])
        return against(value, low, high) if low < high else None
    bound = float(printed["bound"])
    if printed["sign"] in "<≤":
        return "N" if value < bound or (printed["sign"] == "≤" and value == bound) else "H"
    return "N" if value > bound or (printed["sign"] == "≥" and value == bound) else "L"


def _assumes(analyte: Analyte) -> bool:
    return any(row.assume is not None for row in analyte.ranges)


@dataclass(frozen=True, slots=True)
class _Result:
    """A labelled number with what stands after it, in its sentence."""

    sentence: Sentence
    table: LabTable
    label: Label
    reading: Reading
    tail: _Tail

    def analyte(self) -> Analyte | None:
        """What the label means with this unit; None where the number is no result."""
        analytes = self.table.analytes[self.label.key]
        if number(self.reading.value) is None:
            return None
        if self.tail.unit is None:
            return self._bare(analytes)
        unit = self.table.unit(self.tail.unit)
        fitting = next((one for one in analytes if unit in one.units), None)
        if fitting is not None or "/" not in unit or len(self.label.key) == 1:
            return fitting
        first = analytes[0]
        worded = first.panel or (first.qualitative and not first.units)
        return None if worded or _DOSE_PER.search(unit) else first

    def _bare(self, analytes: Sequence[Analyte]) -> Analyte | None:
        value = number(self.reading.value)
        text = half_width(self.sentence.text)
        key = self.label.key
        # INR1.18 is a result; Ca2 and 载脂蛋白A1 are names.
        glued = self.label.end == self.reading.at and (
            len(key) <= 2 or (key[-1].isascii() and not key[0].isascii())
        )
        # K 5.6 needs its unit, unless it stands among results.
        single = len(key) == 1 and self.sentence.section not in _RESULT_SECTIONS
        if value is None or single or glued or _NO_RESULT.match(text, self.reading.end):
            return None
        for one in analytes:
            if one.assumed_unit(value, self.sentence) is not None:
                return one
        free = (one for one in analytes if not (one.panel or one.needs_unit or _assumes(one)))
        return next(free, None) if len(self.label.key) > 2 else None

    def flag(self, analyte: Analyte) -> Flag | None:
        """The flag by the table; a missing unit counts only where the value is plausible in it."""
        value = number(self.reading.value)
        if value is None or self.reading.upper:
            return None
        written = self.tail.unit
        unit = (
            analyte.assumed_unit(value, self.sentence)
            if written is None
            else self.table.unit(written)
        )
        if unit is None:
            return None
        if self.reading.comparator:
            above = self.reading.comparator.strip()[0] in ">≥gm"
            return analyte.bound_flag(above, value, unit, self.sentence)
        return analyte.flag(value, unit, self.sentence)
