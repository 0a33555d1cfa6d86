"""Numbers with a label before them and a unit after them: what vitals and labs have in common."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from doctorflan_ls.notes.facts.numbers import number
from doctorflan_ls.notes.model import Flag

# Digits inside a label (CA19-9, K2+, 餐后2小时血糖) stand here while numbers are looked for.
_MASKED: Final = {ord(str(digit)): 0xE000 + digit for digit in range(10)}
_LONGEST_HEAD: Final = 48
_GLUED: Final = re.compile(r"(?:[A-Za-z0-9]|[A-Za-z]-)$")

_NUMBER: Final = re.compile(
    r"(?=[-+<>≤≥\dglm])(?P<comparator>[<>≤≥]=?\s*|\b(?:greater|less|more)\s+than\s+(?:or\s+equal\s+to\s+)?)?"
    r"(?<![\d.])(?P<value>[+-]?\d+(?:,\d{3})*(?:\.\d+)?)"
    r"(?P<upper>\s*[-~]\s*\d+(?:\.\d+)?(?!\d|\.\d|\s*[-年月]|\s*/\s*\d))?"
)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words between a label and its number, to be matched backwards from the number."""

    fillers: re.Pattern[str]
    high: re.Pattern[str]
    low: re.Pattern[str]
    normal: re.Pattern[str]


@cache
def _words() -> _Words:
    table = load("measurement_words.toml")
    zh = longest_first([word[::-1] for word in table["fillers_zh"]])
    en = longest_first([word[::-1] for word in table["fillers_en"]])
    return _Words(
        # A glued 升高至 states no flag, so a stated word must not run on into 至, 到 or to.
        re.compile(rf"(?:[\s:=(\[]|(?:{zh})|(?:{en})(?=[\s:(]|$))*", re.IGNORECASE),
        re.compile(rf"(?:{longest_first(table['stated_high'])})(?![至到达]|\s+to)", re.IGNORECASE),
        re.compile(rf"(?:{longest_first(table['stated_low'])})(?![至到达]|\s+to)", re.IGNORECASE),
        re.compile(longest_first(table["stated_normal"]), re.IGNORECASE),
    )


def load(name: str) -> dict[str, Any]:
    """The table ``name`` of the package's data."""
    source = files("doctorflan_ls").joinpath("data", name)
    return tomllib.loads(source.read_text(encoding="utf-8"))


class Label(NamedTuple):
    """A known label found before a number, and where it starts and ends."""

    key: str
    start: int
    end: int


class Reading(NamedTuple):
    """A number in a text (at ``at``), what compares it (``>``), and where its label may begin."""

    start: int
    at: int
    end: int
    value: str
    comparator: str
    upper: str
    head: int


class Labels:
    """Known labels (half-width, in any case), found as the last words of a text."""

    def __init__(self, labels: Iterable[str]) -> None:
        labels = frozenset(labels)
        # "be normal" is no base excess: two letters count only as the table spells them.
        short = {word.translate(_MASKED) for word in labels if len(word) <= 2}
        self._spelled = short | {word.upper() for word in short}
        folded = {label.lower() for label in labels}
        self._keys: Mapping[str, str] = {label.translate(_MASKED): label for label in folded}
        sizes: dict[str, set[int]] = {}
        for key in self._keys:
            sizes.setdefault(key[-1], set()).add(len(key))
        self._sizes = {last: sorted(found, reverse=True) for last, found in sizes.items()}
        with_digits: dict[str, list[str]] = {}
        for label in sorted(folded, key=len, reverse=True):
            if any(char in "0123456789" for char in label):
                # T3 is not in T36, but 餐后2小时血糖 may stand right before its number.
                last = "(?![0-9])" if label[-1].isdigit() else "(?![A-Za-z])"
                with_digits.setdefault(label[0], []).append(re.escape(label[1:]) + last)
        branches = (
            f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in with_digits.items()
        )
        self._with_digits = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(branches)})", re.IGNORECASE)

    def masked(self, text: str) -> str:
        """``text`` with the digits that belong to labels hidden, offset for offset."""
        return self._with_digits.sub(lambda found: found[0].translate(_MASKED), text)

    def before(self, text: str, start: int, end: int) -> Label | None:
        """The longest label that ``text[start:end]`` ends with, an alias in brackets included."""
        while end > start and text[end - 1].isspace():
            end -= 1
        label = self._suffix(text, start, end)
        opening = (
            text.rfind("(", start, end) if label is None and text[end - 1 : end] == ")" else -1
        )
        if opening < 0:
            return label
        inner = self._suffix(text, opening + 1, end - 1)
        outer = self._suffix(text, start, opening)
        label = inner or outer
        if label is None:
            return None
        return Label(label.key, outer.start if outer else label.start, end)

    def measured(self, text: str, start: int, end: int) -> tuple[Label, Flag | None] | None:
        """The label that the number at ``end`` belongs to, and the flag stated between them."""
        plain = end
        while plain > start and text[plain - 1] in " \t:=([":
            plain -= 1
        label = self.before(text, start, plain)
        if label is not None:
            return label, None
        head = head_before(text, start, end)
        label = self.before(text, start, head.end)
        return None if label is None else (label, head.stated)

    def _suffix(self, text: str, start: int, end: int) -> Label | None:
        if end <= start:
            return None
        for size in self._sizes.get(text[end - 1].lower(), ()):
            if size > end - start:
                continue
            key = self._keys.get(text[end - size : end].lower())
            if key is None:
                continue
            at = end - size
            if size <= 2 and text[at:end] not in self._spelled:
                continue
            if not (key[0].isascii() and _GLUED.search(text, max(at - 2, 0), at)):
                return Label(key, at, end)
        return None


@dataclass(frozen=True, slots=True)
class Head:
    """Where the words before a number end once fillers are left out, and the flag they state."""

    end: int
    stated: Flag | None


def readings(text: str) -> Iterator[Reading]:
    """The numbers of masked half-width ``text``; a head begins after the last value or clause."""
    last = 0
    for found in _NUMBER.finditer(text):
        head = max(last, found.start() - _LONGEST_HEAD)
        for stop in "，。；;、,\n":
            head = max(head, text.rfind(stop, head, found.start()) + 1)
        yield Reading(
            found.start(),
            found.start("value"),
            found.end(),
            found["value"],
            found["comparator"] or "",
            found["upper"] or "",
            head,
        )
        last = found.end("value")


def head_before(text: str, start: int, end: int) -> Head:
    """The words of ``text[start:end]`` without the fillers (``is``, ``为``, ``elevated at``)."""
    head = text[start:end]
    words = _words()
    filled = words.fillers.match(head[::-1])
    size = filled.end() if filled else 0
    fillers = head[len(head) - size :]
    stated: Flag | None = None
    if len(fillers) > 1:
        if words.high.search(fillers):
            stated = "H"
        elif words.low.search(fillers):
            stated = "L"
        elif words.normal.search(fillers):
            stated = "N"
    return Head(end - size, stated)


def value_of(reading: Reading, written: str) -> float | str:
    """One number where the note gives one, else its words."""
    if reading.comparator or reading.upper:
        return written.strip()
    value = number(reading.value)
    return written.strip() if value is None else value


def against(value: float, low: float | None, high: float | None) -> Flag:
    """``value`` against a range whose ends belong to it."""
    if low is not None and value < low:
        return "L"
    if high is not None and value > high:
        return "H"
    return "N"


def longest_first(words: Sequence[str]) -> str:
    """A regular expression's alternation of literal ``words``."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
