"""Between code-point spans and LSP positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from doctorflan_ls.text import Encoding, Position, Text

Json = dict[str, Any]


class Places:
    """Converts between spans of one text and ranges of one client; remembers what it converted."""

    def __init__(self, text: Text, encoding: Encoding) -> None:
        self._text = text
        self._encoding = encoding
        self._known: dict[int, Json] = {}

    def position(self, offset: int) -> Json:
        """The ``Position`` of a code point."""
        known = self._known.get(offset)
        if known is None:
            line, character = self._text.position(offset, self._encoding)
            known = self._known[offset] = {"line": line, "character": character}
        return known

    def range(self, span: Span) -> Json:
        """The ``Range`` of a span."""
        return {"start": self.position(span.start), "end": self.position(span.end)}

    def offset(self, position: Position) -> int:
        """The code point of a position, clamped to the text."""
        return self._text.offset(position, self._encoding)

    def span(self, ends: tuple[Position, Position]) -> Span:
        """The span of a range; one that runs backwards is read from its smaller end."""
        first, second = self.offset(ends[0]), self.offset(ends[1])
        return Span(min(first, second), max(first, second))
