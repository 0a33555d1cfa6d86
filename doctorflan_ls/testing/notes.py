"""Test notes with marks: ``$0`` is the cursor, ``«words»`` are spans, in the order they open."""

from __future__ import annotations

from typing import NamedTuple

from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.text import Span


class Marked(NamedTuple):
    """The text without its marks; ``cursor`` is -1 where there is no ``$0``."""

    text: str
    cursor: int
    spans: tuple[Span, ...]


class MarkedNote(NamedTuple):
    """The note of a marked text, its ``cursor`` (-1 where there is none) and its spans."""

    note: Note
    cursor: int
    spans: tuple[Span, ...]

    @property
    def whole(self) -> Span:
        """All of it."""
        return Span(0, len(self.note.text))


def note(source: str, uri: str = "file:///note.txt") -> MarkedNote:
    """Read the marked text as a note; raises ValueError where a span is not opened or closed."""
    text, cursor, spans = marked(source)
    return MarkedNote(parse_note(text, uri), cursor, spans)


def marked(source: str) -> Marked:
    """Read the marks of ``source``; raises ValueError where a span is not opened or closed."""
    text: list[str] = []
    spans: list[Span] = []
    opened: list[tuple[int, int]] = []
    cursor = -1
    at = 0
    while at < len(source):
        if source.startswith("$0", at):
            cursor = len(text)
            at += 2
            continue
        if source[at] == "«":
            opened.append((len(spans), len(text)))
            spans.append(Span(0, 0))
        elif source[at] == "»":
            if not opened:
                raise ValueError(source)
            index, start = opened.pop()
            spans[index] = Span(start, len(text))
        else:
            text.append(source[at])
        at += 1
    if opened:
        raise ValueError(source)
    return Marked("".join(text), cursor, tuple(spans))
