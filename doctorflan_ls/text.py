"""The text of a document: LSP lines, code points inside, UTF-8, UTF-16 or UTF-32 at the edge.

A line ends at ``\\n``, ``\\r\\n`` or ``\\r`` and nowhere else (LSP 3.17, "Text Documents"): a form
feed, NEL or U+2028 is text. Offsets are code points. Positions count code units of the negotiated
encoding within a line and are clamped as the specification says, so every position has an offset.

A ``Text`` never changes: an edit gives a new one that shares all untouched chunks, so it costs what
the edit costs (plus one pointer for each chunk), and a job may keep the text it started from.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate
from typing import Literal, NamedTuple

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_BREAK = re.compile(r"\r\n|\n|\r")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# Large enough that a 10 MB note is a thousand chunks, small enough that splicing one is free.
_CHUNK = 4096


class Span(NamedTuple):
    """A half-open range of code points."""

    start: int
    end: int

    def contains(self, other: Span) -> bool:
        """True where ``other`` lies wholly inside."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """True where they share a character; two spans that only touch do not overlap."""
        return self.start < other.end and other.start < self.end


class Edit(NamedTuple):
    """``span`` of a text becomes ``text``."""

    span: Span
    text: str


class Spans:
    """Many spans, searched for those that share a character with another."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans = sorted((span, at) for at, span in enumerate(spans))
        self._starts = [span.start for span, _ in self._spans]
        # How far back one must look for a span that reaches over a place.
        self._longest = max((span.end - span.start for span, _ in self._spans), default=0)

    def overlapping(self, span: Span) -> Iterator[int]:
        """Which of them (numbered as given) overlap ``span``, in the order they stand."""
        first = bisect_left(self._starts, span.start - self._longest)
        last = bisect_left(self._starts, span.end)
        return (at for other, at in self._spans[first:last] if other.overlaps(span))

    def overlap(self, span: Span) -> bool:
        """True where one of them overlaps ``span``."""
        return next(self.overlapping(span), None) is not None


class Position(NamedTuple):
    """A zero-based line and the code units before the position within it."""

    line: int
    character: int


class _Chunk:
    """A run of text that neither starts nor ends inside a CRLF."""

    __slots__ = ("_units", "line_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.line_starts = [found.end() for found in _BREAK.finditer(text)]
        self._units: dict[Encoding, int] = {}

    def units(self, encoding: Encoding) -> int:
        known = self._units.get(encoding)
        if known is None:
            known = self._units[encoding] = _units(self.text, encoding)
        return known


def _units(piece: str, encoding: Encoding) -> int:
    if encoding == "utf-32" or piece.isascii():
        return len(piece)
    if encoding == "utf-16":
        return len(piece.encode("utf-16-le")) // 2
    return len(piece.encode("utf-8"))


def _code_points(piece: str, units: int, encoding: Encoding) -> int:
    """Code points of ``piece`` before ``units``; a position inside a character means its start."""
    if encoding == "utf-32" or piece.isascii():
        return min(units, len(piece))
    if encoding == "utf-16":
        head = piece.encode("utf-16-le")[: units * 2]
        return len(head.decode("utf-16-le", "ignore"))
    head = piece.encode("utf-8")[:units]
    return len(head.decode("utf-8", "ignore"))


def _chunks(text: str) -> list[_Chunk]:
    chunks = []
    start = 0
    while start < len(text):
        end = min(start + _CHUNK, len(text))
        if text[end - 1] == "\r" and text[end : end + 1] == "\n":
            end += 1
        chunks.append(_Chunk(text[start:end]))
        start = end
    return chunks


class Text:
    """An immutable document text. Lone surrogates become U+FFFD (they have no UTF-8 form)."""

    def __init__(self, text: str = "") -> None:
        self._chunks: tuple[_Chunk, ...] = tuple(_chunks(_LONE_SURROGATE.sub("\ufffd", text)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __str__(self) -> str:
        return "".join(chunk.text for chunk in self._chunks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and str(self) == str(other)

    __hash__ = None  # type: ignore[assignment]  # two equal texts may be chunked differently

    @cached_property
    def _ends(self) -> list[int]:
        """Offset of each chunk's end."""
        return list(accumulate(len(chunk.text) for chunk in self._chunks))

    @cached_property
    def _breaks(self) -> list[int]:
        """Line breaks up to each chunk's end."""
        return list(accumulate(len(chunk.line_starts) for chunk in self._chunks))

    @property
    def line_count(self) -> int:
        """Lines, the last one (perhaps empty) included: an empty text has one."""
        return (self._breaks[-1] if self._breaks else 0) + 1

    def replaced(self, span: Span, replacement: str) -> Text:
        """The text with ``span`` (clamped to the text) replaced."""
        size = len(self)
        start = min(max(span.start, 0), size)
        end = min(max(span.end, start), size)
        # One chunk more on each side, because the edit may join a CR to an LF there.
        first = max(bisect_right(self._ends, start) - 1, 0)
        last = min(bisect_left(self._ends, end) + 2, len(self._chunks))
        base = self._ends[first - 1] if first else 0
        old = "".join(chunk.text for chunk in self._chunks[first:last])
        middle = _LONE_SURROGATE.sub("\ufffd", replacement)
        new = old[: start - base] + middle + old[end - base :]
        result = Text.__new__(Text)
        result._chunks = (*self._chunks[:first], *_chunks(new), *self._chunks[last:])
        return result

    def slice(self, span: Span) -> str:
        """The text of ``span``."""
        if span.start >= span.end:
            return ""
        first = bisect_right(self._ends, span.start)
        last = bisect_left(self._ends, span.end)
        base = self._ends[first - 1] if first else 0
        piece = "".join(chunk.text for chunk in self._chunks[first : last + 1])
        return piece[span.start - base : span.end - base]

    def line_span(self, line: int) -> Span:
        """The content of ``line``, its line end left out; raises IndexError past the last line."""
        if not 0 <= line < self.line_count:
            raise IndexError(line)
        start = self._line_start(line)
        if line + 1 == self.line_count:
            return Span(start, len(self))
        end = self._line_start(line + 1)
        ending = self.slice(Span(max(end - 2, start), end))
        return Span(start, end - (2 if ending == "\r\n" else 1))

    def line_of(self, offset: int) -> int:
        """The line that ``offset`` (clamped) stands on; a line end belongs to the line it ends."""
        offset = min(max(offset, 0), len(self))
        index = bisect_right(self._ends, offset)
        if index == len(self._chunks):
            return self.line_count - 1
        base = self._ends[index - 1] if index else 0
        before = self._breaks[index - 1] if index else 0
        return before + bisect_right(self._chunks[index].line_starts, offset - base)

    def offset(self, position: Position, encoding: Encoding) -> int:
        """The code point of ``position``: past the line means its end, past the text, its end."""
        if position.line < 0:
            return 0
        if position.line >= self.line_count:
            return len(self)
        line = self.line_span(position.line)
        left = max(position.character, 0)
        at = line.start
        for chunk, piece in self._pieces(line):
            units = chunk.units(encoding) if piece is chunk.text else _units(piece, encoding)
            if left < units:
                return at + _code_points(piece, left, encoding)
            left -= units
            at += len(piece)
        return at

    def position(self, offset: int, encoding: Encoding) -> Position:
        """The position of ``offset`` (clamped); inside a line end it is the end of the line."""
        offset = min(max(offset, 0), len(self))
        number = self.line_of(offset)
        line = self.line_span(number)
        before = Span(line.start, min(offset, line.end))
        if encoding == "utf-32":
            return Position(number, before.end - before.start)
        units = sum(
            chunk.units(encoding) if piece is chunk.text else _units(piece, encoding)
            for chunk, piece in self._pieces(before)
        )
        return Position(number, units)

    def positions(self, offsets: Iterable[int], encoding: Encoding) -> dict[int, Position]:
        """The ``position`` of each of many offsets, in one pass over the text's chunks."""
        found: dict[int, Position] = {}
        line_starts: list[int] = []
        text, plain = "", False
        base = end = line = start_above = 0
        chunks = iter(self._chunks)
        for offset in sorted(set(offsets)):
            while end <= offset and (chunk := next(chunks, None)) is not None:
                if line_starts:
                    start_above = base + line_starts[-1]
                    line += len(line_starts)
                text, line_starts, base = chunk.text, chunk.line_starts, end
                end += len(text)
                plain = chunk.units(encoding) == len(text)
            at = bisect_right(line_starts, offset - base)
            start = base + line_starts[at - 1] if at else start_above
            # Counted straight where a code unit is a character, but not inside a CRLF.
            at_text = offset - base
            plainly = plain and base <= start and offset < end
            if offset == start < end or (plainly and text[at_text - 1 : at_text + 1] != "\r\n"):
                found[offset] = Position(line + at, offset - start)
            else:
                found[offset] = self.position(offset, encoding)
        return found

    def _line_start(self, line: int) -> int:
        if line == 0:
            return 0
        index = bisect_left(self._breaks, line)
        base = self._ends[index - 1] if index else 0
        before = self._breaks[index - 1] if index else 0
        return base + self._chunks[index].line_starts[line - before - 1]

    def _pieces(self, span: Span) -> Iterator[tuple[_Chunk, str]]:
        """The chunks under ``span``, each with the part of its text that lies inside."""
        index = bisect_right(self._ends, span.start)
        while index < len(self._chunks):
            chunk = self._chunks[index]
            end = self._ends[index]
            base = end - len(chunk.text)
            if base >= span.end:
                return
            if span.start <= base and end <= span.end:
                yield chunk, chunk.text
            else:
                yield chunk, chunk.text[max(span.start - base, 0) : span.end - base]
            index += 1
