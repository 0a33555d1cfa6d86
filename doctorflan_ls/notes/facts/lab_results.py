"""Laboratory results in words and signs: ``HBsAg（-）``, ``尿蛋白（++）``, ``肝、肾功能均正常``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from doctorflan_ls.notes.facts.lab_table import lab_table
from doctorflan_ls.notes.facts.measurements import Label, load, longest_first
from doctorflan_ls.notes.facts.numbers import fact_at
from doctorflan_ls.notes.model import Fact, Flag, Sentence

_STOPS: Final = "，。；;\n"
_JOINED: Final = re.compile(
    r"(?:\s*[、,]\s*(?:and\s+)?|\s+and\s+|\s*[及和与]\s*|\s*/\s*)$", re.IGNORECASE
)
_NONE_BEFORE: Final = re.compile(r"(?:无|未见|没有|\bno|\bwithout|否认)\s*$", re.IGNORECASE)
_LONGEST: Final = 60
_KINDS: Final = ("positive", "negative", "normal", "stated_high", "stated_low")


@cache
def _signs() -> re.Pattern[str]:
    """One expression for every sign or word of a result; the group says the flag."""
    words = load("measurement_words.toml")
    positive, negative = longest_first(words["positive"]), longest_first(words["negative"])
    normal = longest_first(words["normal"])
    every = [word for name in _KINDS for word in words[name]]
    first = "".join(sorted({re.escape(word[0]) for word in every}))
    high, low = longest_first(words["stated_high"]), longest_first(words["stated_low"])
    return re.compile(
        rf"""
        (?=[(+\d{first}])(?:
            (?P<signs>\(\s*(?P<sign>[+]{{1,4}}|-|±|[1-4]\+)\s*\)|(?<![\w)])[1-4]\+(?!\w)
                |[+]{{1,4}}(?![\w+(]))
            |(?<![A-Za-z])(?:(?P<NEG>{negative})|(?P<POS>{positive})
                |(?P<N>{normal})(?![值范参上下]|\s*range)
                |(?P<H>{high})(?!\s*[至到达\d]|\s+(?:to|at|of)\b)
                |(?P<L>{low})(?!\s*[至到达\d]|\s+(?:to|at|of)\b))(?![A-Za-z]))
        """,
        re.VERBOSE | re.IGNORECASE,
    )


def named_results(sentence: Sentence, text: str) -> Iterator[Fact]:
    """Results without a number; in a list (``T3、T4均正常``) each test is a fact."""
    for found in _signs().finditer(text):
        start = max(found.start() - _LONGEST, 0)
        for stop in _STOPS:
            start = max(start, text.rfind(stop, start, found.start()) + 1)
        yield from _results(sentence, text, start, found)


def _results(sentence: Sentence, text: str, start: int, found: re.Match[str]) -> Iterator[Fact]:
    table = lab_table()
    masked = table.labels.masked(text)
    measured = table.labels.measured(masked, start, found.start())
    label = measured[0] if measured else None
    last = found.end()
    while label is not None:
        if not (single := _single(label)) and not _NONE_BEFORE.search(text, start, label.start):
            fact = _fact(sentence, label, last, found)
            if fact is not None:
                yield fact
        joined = _JOINED.search(text[start : label.start])
        if single or joined is None:
            return
        last = start + joined.start()
        label = table.labels.before(masked, start, last)


def _single(label: Label) -> bool:
    return len(label.key) == 1


def _fact(sentence: Sentence, label: Label, end: int, found: re.Match[str]) -> Fact | None:
    analytes = lab_table().analytes[label.key]
    kind = found.lastgroup
    flag: Flag | None
    if kind in ("signs", "POS", "NEG"):
        analyte = next((one for one in analytes if one.qualitative), None)
        negative = kind == "NEG" or found["sign"] == "-"
        flag = "NEG" if negative else None if found["sign"] == "±" else "POS"
        value = (found["sign"] or found[0]).strip()
    else:
        analyte = analytes[0]
        flag = "N" if kind == "N" else "H" if kind == "H" else "L"
        value = None
    if analyte is None or (analyte.panel and kind in ("POS", "signs")):
        return None
    fact = fact_at(sentence.text, "lab", label.start, min(end, found.end()), analyte.name)
    return fact._replace(value=value, flag=flag)
