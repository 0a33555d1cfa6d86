"""Clauses as what is left of them without numbers, sides and negations.

Two clauses with the same words around other numbers, another side or another negation speak of the
same thing and contradict each other: so is found what no table knows the name of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from doctorflan_ls.grounding.numbers import unit_at
from doctorflan_ls.grounding.table import table
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.sides import side_named
from doctorflan_ls.text import Span, Spans

_CLAUSE: Final = re.compile(r"(?:[^，。；;,.\n\r]|(?<=\d)[.,](?=\d)|\.(?=\S))+")
_TOKEN: Final = re.compile(
    r"(?P<number>(?<![A-Za-z\d.])\d+(?:\.\d+)?)"
    r"|(?P<side>(?<!左)[左右](?!右|旋|氧氟)|\b(?:left|right)\b)",
    re.IGNORECASE,
)
_NOISE: Final = re.compile(r"[\s、:()\[\]“”\"'·*•#-]+")
_LEAD: Final = re.compile(r"\s*(?:[(（]?\d{1,2}[)）.、．:]|[①-⑳•*-])\s*(?!\d)")
_SHORTEST: Final = 4
_SHORTEST_LATIN: Final = 10
_LONGEST: Final = 120


Size = tuple[str, float]
"""A number in its dimension's base unit, or in its own unit; no unit is the empty one."""


class Number(NamedTuple):
    """A number at ``span``; ``unit`` is where its unit stands."""

    size: Size
    value: float
    span: Span
    unit: Span | None


class Clause(NamedTuple):
    """A clause at ``span``: ``frame`` is its words, ``numbers`` and ``sides`` stand in order.

    ``denials`` are the places in ``frame`` where a word of denial was, each with where it stands;
    ``claims`` the same of words that assert.
    """

    span: Span
    frame: str
    numbers: tuple[Number, ...]
    sides: tuple[tuple[str, Span], ...]
    denials: tuple[tuple[int, Span], ...]
    claims: tuple[tuple[int, Span], ...]

    @property
    def values(self) -> tuple[Size, ...]:
        """Its numbers with their units."""
        return tuple(number.size for number in self.numbers)

    @property
    def hands(self) -> tuple[str, ...]:
        """Its sides."""
        return tuple(side for side, _ in self.sides)

    @property
    def denied(self) -> frozenset[int]:
        """Where in the frame it denies."""
        return frozenset(at for at, _ in self.denials)


def clauses(text: str, dated: Sequence[Span] = ()) -> Iterator[Clause]:
    """The clauses of ``text`` that have words enough to be known again.

    ``dated`` are its dates, which are compared as dates.
    """
    days = Spans(dated)
    half = half_width(text)
    for found in _CLAUSE.finditer(half):
        if found.end() - found.start() > _LONGEST:
            continue
        lead = _LEAD.match(half, found.start(), found.end())
        start = lead.end() if lead else found.start()
        # 胸部CT：右肺实变影 is found again where it is told without its label.
        label = half.rfind(":", start, found.end()) + 1
        for begin in (start, label) if label > start else (start,):
            clause = _clause(half, begin, found.end(), days)
            if clause is not None:
                yield clause


def _clause(half: str, start: int, end: int, days: Spans) -> Clause | None:
    numbers: list[Number] = []
    sides: list[tuple[str, Span]] = []
    denials: list[tuple[int, Span]] = []
    claims: list[tuple[int, Span]] = []
    frame = ""
    units = 0
    at = start
    for kind, span in _tokens(half, start, end):
        if span.start < at:
            continue
        frame += _NOISE.sub("", half[at : span.start].lower())
        at = span.end
        words = half[slice(*span)].lower()
        if kind == "number" and days.overlap(span):
            frame += "%"
        elif kind == "number":
            number = _number(half, float(words), span, end)
            numbers.append(number)
            at = number.unit.end if number.unit is not None else span.end
            units += at - span.end
            frame += "#"
        elif kind == "side":
            sides.append((side_named(words), span))
            frame += "@"
        else:
            (denials if kind == "denial" else claims).append((len(frame), span))
    frame += _NOISE.sub("", half[at:end].lower())
    words_of = len(frame.replace("#", "").replace("@", ""))
    shortest = _SHORTEST_LATIN if frame.isascii() else _SHORTEST
    if words_of + units < shortest - (1 if words_of < len(frame) else 0):
        return None
    return Clause(
        Span(start, end), frame, tuple(numbers), tuple(sides), tuple(denials), tuple(claims)
    )


def _number(half: str, value: float, at: Span, end: int) -> Number:
    unit, span = unit_at(half, at.end)
    if unit is None or span is None or span.end > end:
        return Number(("", value), value, at, None)
    if unit.dimension:
        return Number((unit.dimension, round(value * unit.scale, 6)), value, at, span)
    return Number((unit.name, value), value, at, span)


def _tokens(half: str, start: int, end: int) -> list[tuple[str, Span]]:
    """What is no word of the frame, in order; of two that overlap the first."""
    known = table()
    found = [
        ("number" if token["number"] else "side", Span(*token.span()))
        for token in _TOKEN.finditer(half, start, end)
    ]
    denials = [Span(*each.span()) for each in known.negations.finditer(half, start, end)]
    found += [("denial", span) for span in denials]
    claims = (Span(*each.span()) for each in known.affirmations.finditer(half, start, end))
    found += [("claim", span) for span in claims if not any(span.overlaps(d) for d in denials)]
    return sorted(found, key=lambda each: each[1])
