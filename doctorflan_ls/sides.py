"""Left, right and both, each with the organ it is said of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from doctorflan_ls.notes.facts.measurements import load, longest_first
from doctorflan_ls.text import Span

_CUE: Final = re.compile(r"[左右双两]|\b(?:left|right|bilateral|both)", re.IGNORECASE)
# Drugs that are named for the hand of their molecule, and 5cm左右.
_NO_SIDE: Final = "(?!右|甲状腺素|氧氟|旋|西孟旦|炔诺|卡尼汀|乙拉|美托|美沙|佐匹|多巴)"


class Sided(NamedTuple):
    """``organ`` with a side (``left``, ``right`` or ``both``); ``mark`` is the word of the side."""

    span: Span
    mark: Span
    side: str
    organ: str


class _Words(NamedTuple):
    """Sides and organs by their words, in lower case."""

    sides: Mapping[str, str]
    organs: Mapping[str, str]


@cache
def _words() -> _Words:
    data = load("sides.toml")
    named = {word: side for side, words in data["sides"].items() for word in words}
    return _Words(named, {word: row[0] for row in data["organs"]["names"] for word in row})


def side_named(word: str) -> str:
    """``left``, ``right`` or ``both``, whichever ``word`` (lower case) says."""
    return _words().sides[word]


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    organs = _words().organs
    chinese = longest_first([word for word in organs if not word.isascii()])
    english = longest_first([word for word in organs if word.isascii()])
    return (
        re.compile(
            rf"(?:(?<![左])(?P<one>[左右]){_NO_SIDE}(?:[^，。；、,;\s左右双两\dA-Za-z（(]{{0,5}}?)"
            rf"|(?P<both>双|两)侧?[上下]?)(?P<organ>{chinese})"
        ),
        re.compile(
            r"(?<![A-Za-z-])(?P<side>left|right|bilateral|both)(?![A-Za-z]|-hand|\s+(?:against|now|away|after))"
            r"(?:(?:\s+|-)(?!and\b|or\b|left\b|right\b|was\b|is\b|when\b)[A-Za-z]+){0,3}?(?:\s+|-)"
            rf"(?P<organ>{english})(?![A-Za-z])",
            re.IGNORECASE,
        ),
    )


def sides(text: str) -> list[Sided]:
    """The sides of ``text`` that are said of a known organ, in order."""
    if not _CUE.search(text):
        return []
    chinese, english = _patterns()
    known = _words()
    found = []
    for match in chinese.finditer(text):
        mark = "one" if match["one"] else "both"
        side = known.sides[match[mark]]
        found.append(_sided(match, mark, side, known.organs[match["organ"]]))
    for match in english.finditer(text):
        side = known.sides[match["side"].lower()]
        found.append(_sided(match, "side", side, known.organs[match["organ"].lower()]))
    return sorted(found)


def _sided(match: re.Match[str], mark: str, side: str, organ: str) -> Sided:
    return Sided(Span(*match.span()), Span(*match.span(mark)), side, organ)
