"""The outline as JSON, kept from one version of a document to the next.

Editors ask for the whole outline after every keystroke, and a 1 MB note has thousands of symbols.
What stands before the edit is as it was, and what stands on later lines has moved by whole lines:
only the symbols around the edit are converted again.
"""

from __future__ import annotations

from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from doctorflan_ls.features.symbols import Symbol
    from doctorflan_ls.text import Encoding, Position, Span, Text

# LSP 3.17, SymbolKind: String, as Markdown servers show headings; Object.
KINDS = {"section": 15, "draft": 19}


class _Entry(NamedTuple):
    """A symbol with its places: start and end of its range, start and end of its selection."""

    symbol: Symbol
    places: tuple[Position, ...]
    json: str


class OutlineCache:
    """What was converted for the last outline, and how much of the text stayed since then."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._size = 0
        self._lines = 0
        self._before = 0
        self._after = 0

    def edited(self, span: Span, size: int) -> None:
        """Note that ``span`` of a text of ``size`` code points is replaced."""
        self._before = min(self._before, span.start)
        self._after = min(self._after, size - span.end)

    def json(self, tree: Sequence[Symbol], text: Text, encoding: Encoding) -> str:
        """The JSON array of ``DocumentSymbol`` for ``tree``, the outline of ``text``."""
        symbols = list(_in_order(tree))
        head = self._unchanged(symbols)
        tail = self._moved(symbols[len(head) :], text)
        known = [*head, *[None] * (len(symbols) - len(head) - len(tail)), *tail]
        self._entries = _completed(known, symbols, text, encoding)
        self._size, self._lines = len(text), text.line_count
        self._before = self._after = self._size
        parts = (entry.json for entry in self._entries)
        return f"[{_nested(tree, parts)}]"

    def _unchanged(self, symbols: Sequence[Symbol]) -> list[_Entry | None]:
        """The leading entries that start before the edit; None for those that reach into it."""
        kept: list[_Entry | None] = []
        before = self._before
        for entry, symbol in zip(self._entries, symbols, strict=False):
            # An end at the very edit could be the middle of a line end that the edit made.
            if symbol.span.end < before:
                if symbol[:5] != entry.symbol[:5]:
                    break
                kept.append(entry)
            elif symbol.span.start < before and symbol[:3] == entry.symbol[:3]:
                kept.append(None)
            else:
                break
        return kept

    def _moved(self, symbols: Sequence[Symbol], text: Text) -> list[_Entry]:
        """The trailing entries that stand on lines after the edit, on the lines where they are."""
        size = len(text)
        by, lines = size - self._size, text.line_count - self._lines
        line = text.line_of(size - self._after) + 1
        if line >= text.line_count:
            return []
        # The first line that begins inside what did not change.
        first = text.line_span(line).start
        moved: list[_Entry] = []
        for entry, symbol in zip(reversed(self._entries), reversed(symbols), strict=False):
            old = entry.symbol
            if symbol.span.start < first or not _same(old, symbol, by):
                break
            moved.append(_shifted(entry, symbol, lines))
        moved.reverse()
        return moved


def _same(old: Symbol, new: Symbol, by: int) -> bool:
    """True where ``new`` is ``old``, ``by`` code points further on."""
    return (
        new.span.start - old.span.start == by
        and new.span.end - old.span.end == by
        and new.selection.start - old.selection.start == by
        and new.selection.end - old.selection.end == by
        and new[:3] == old[:3]
    )


def _shifted(entry: _Entry, symbol: Symbol, lines: int) -> _Entry:
    if not lines:
        return _Entry(symbol, entry.places, entry.json)
    places = tuple(place._replace(line=place.line + lines) for place in entry.places)
    return _Entry(symbol, places, _json(symbol, places))


def _completed(
    known: Sequence[_Entry | None], symbols: Sequence[Symbol], text: Text, encoding: Encoding
) -> list[_Entry]:
    """``known`` with the missing entries converted."""
    pairs = list(zip(known, symbols, strict=True))
    offsets = (at for entry, symbol in pairs if entry is None for at in _offsets(symbol))
    places = text.positions(offsets, encoding)
    return [_converted(symbol, places) if entry is None else entry for entry, symbol in pairs]


def _converted(symbol: Symbol, known: Mapping[int, Position]) -> _Entry:
    places = tuple(known[at] for at in _offsets(symbol))
    return _Entry(symbol, places, _json(symbol, places))


def _offsets(symbol: Symbol) -> tuple[int, int, int, int]:
    return (*symbol.span, *symbol.selection)


def _json(symbol: Symbol, places: Iterable[Position]) -> str:
    """The symbol up to its children."""
    start, end, first, last = (
        f'{{"line":{line},"character":{character}}}' for line, character in places
    )
    return (
        f'{{"name":{_quoted(symbol.name)},"detail":{_quoted(symbol.detail)},'
        f'"kind":{KINDS[symbol.kind]},"range":{{"start":{start},"end":{end}}},'
        f'"selectionRange":{{"start":{first},"end":{last}}},"children":['
    )


def _in_order(tree: Iterable[Symbol]) -> Iterator[Symbol]:
    for symbol in tree:
        yield symbol
        if symbol.children:
            yield from _in_order(symbol.children)


def _nested(tree: Iterable[Symbol], parts: Iterator[str]) -> str:
    """``parts``, which come in document order, with the children inside their parents."""
    return ",".join(
        f"{next(parts)}{_nested(symbol.children, parts) if symbol.children else ''}]}}"
        for symbol in tree
    )
