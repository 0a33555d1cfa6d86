"""Cutting a section's text into sentences, the unit facts are read from.

Where a sentence ends depends on a few characters around that place only, so cutting a part of a
text gives the same sentences as cutting all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctorflan_ls.text import Span

# A line this long that goes on in lower case was wrapped by an editor or a printer.
_WRAPPED = 60
# Longer sentences are cut at a comma, past the double at any place: no reader of facts may meet
# a text whose length nobody bounded.
_LONG = 600
LONGEST = 2 * _LONG
"""No sentence is longer, in code points."""

_END = re.compile(
    r"[。；;！？][”’」』]{0,3}"
    r"|(?P<line>\r\n|\n|\r)"
    r"|(?<=[0-9A-Za-z)])[?!](?=\s)"
    r"""|(?P<dot>\.)(?=[ \t]+["(]?[A-Z0-9])"""
)
_BREAKS = re.compile(r"[\r\n。；;！？]")
_COMMA = re.compile(r"[，,、\s]")
# Before a full stop that ends no sentence: titles, "No. 3", initials, "b.i.d.", a list number.
_ABBREVIATED = re.compile(
    r"(?:\b(?:Drs?|Mr|Mrs|Ms|Prof|St|vs|No|Nos|Pt|Pts|approx|Fig|etc|e\.g|i\.e|cf|Jr|Sr|Vol|Ref|al"
    r"|[A-Za-z])|(?:^|[\r\n。；;])[ \t]*\d{1,2})$"
)


def sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentences of ``text[start:end]``, blanks around them left out."""
    begin = start
    for stop, _ in _stops(text, start, end):
        yield from _trimmed(text, begin, stop)
        begin = stop
    yield from _trimmed(text, begin, end)


def block_end(text: str, start: int, end: int) -> int | None:
    """The first place after ``start`` where text may be cut without changing a sentence."""
    return next((stop for stop, firm in _stops(text, start, end) if firm), None)


def _stops(text: str, start: int, end: int) -> Iterator[tuple[int, bool]]:
    """Where sentences end, each with whether no later one looks back past it."""
    for found in _END.finditer(text, start, end):
        if found["line"] is not None:
            if not _is_wrapped(text, found):
                yield found.end(), True
        elif found["dot"] is not None:
            if not _ABBREVIATED.search(text[max(found.start() - 12, 0) : found.start()]):
                yield found.end(), False
        else:
            yield found.end(), found[0][0] in "。；;！？"


def _is_wrapped(text: str, line_end: re.Match[str]) -> bool:
    after = text[line_end.end() : line_end.end() + 1]
    if not ("a" <= after <= "z"):
        return False
    before = text[max(line_end.start() - _WRAPPED, 0) : line_end.start()]
    return len(before) == _WRAPPED and _BREAKS.search(before) is None


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > LONGEST:
        comma = _COMMA.search(text, start + _LONG, start + LONGEST)
        cut = comma.end() if comma else start + LONGEST
        yield Span(start, cut)
        start = cut
    if start < end:
        yield Span(start, end)
