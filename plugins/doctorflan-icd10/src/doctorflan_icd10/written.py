"""Codes as they are written in a note: WHO's, and the longer ones of national editions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from doctorflan_icd10.catalogue import data, exists
from doctorflan_ls.i18n import Locale
from doctorflan_ls.text import Span

_CODE = r"[A-Z][0-9]{2}(?:\.[0-9xX][0-9A-Za-z]{0,7})?"
# A † or * (also written +) marks one of a pair: E11.2†N08.3*.
_MARK = r"[†*+]?"
_BRACKETS = re.compile(r"[（(\[【〔]\s*([^（(\[【〔）)\]】〕\n]{3,80}?)\s*[）)\]】〕]")
_DOTTED = re.compile(rf"(?<![A-Za-z0-9.])({_CODE}){_MARK}(?![A-Za-z0-9.%°℃])(?!\s*[°℃])")
_BARE = re.compile(rf"({_CODE}){_MARK}(?![A-Za-z0-9.])")
_BETWEEN = re.compile(r"[\s、,，;；/+†*]*")
_WHO_LENGTH = len("A00.0")


@dataclass(frozen=True, slots=True)
class Written:
    """A code at a place of the note, as it is written."""

    text: str
    span: Span

    @property
    def category(self) -> str:
        """The first three characters, which every edition shares."""
        return self.text[:3]

    @property
    def code(self) -> str:
        """What of it can be WHO's: the category, with the fourth character where it has one."""
        return self.text[:_WHO_LENGTH] if self.text[4:5].isdigit() else self.category

    def known(self) -> str | None:
        """The most exact code that WHO has for it; None where WHO has not even the category."""
        return next((each for each in (self.code, self.category) if exists(each)), None)

    def is_unknown(self, language: Locale) -> bool:
        """True where neither WHO (2019) nor another edition that is likely here has it.

        English notes often use ICD-10-CM, which divides categories in its own way.
        """
        editions = data("written")
        if exists(self.code) or not {self.code, self.category}.isdisjoint(editions["older"]):
            return False
        if language == "zh":
            return True
        return not exists(self.category) and self.category not in editions["clinical_modification"]


def codes_in(text: str, offset: int) -> list[Written]:
    """The codes of one line of a note, in order; ``offset`` is where the line starts."""
    found: dict[int, str] = {}
    for bracket in _BRACKETS.finditer(text):
        found.update(_listed(bracket[1], bracket.start(1)))
    for labelled in _labelled().finditer(text):
        found[labelled.start(1)] = labelled[1]
    hot = data("written")["temperatures"]
    for dotted in _DOTTED.finditer(text):
        if "." in dotted[1] and dotted[1][:3] not in hot:
            found[dotted.start(1)] = dotted[1]
    return [
        Written(code, Span(offset + at, offset + at + len(code)))
        for at, code in sorted(found.items())
    ]


def _listed(content: str, offset: int) -> Iterator[tuple[int, str]]:
    """The codes of a bracket that holds nothing else, with or without a word before them."""
    label = re.match(data("written")["label"], content)
    at = label.end() if label else 0
    codes: list[tuple[int, str]] = []
    while at < len(content):
        code = _BARE.match(content, at)
        if code is None or not (label or _is_plain(code[1])):
            return
        codes.append((offset + at, code[1]))
        gap = _BETWEEN.match(content, code.end())
        at = gap.end() if gap else code.end()
    yield from codes


def _is_plain(code: str) -> bool:
    """True for what is a code without anybody saying so: not (T12), which is a vertebra."""
    return "." in code or (exists(code) and code not in data("written")["vertebrae"])


@cache
def _labelled() -> re.Pattern[str]:
    return re.compile(rf"{data('written')['label']}({_CODE}){_MARK}(?![A-Za-z0-9])")
