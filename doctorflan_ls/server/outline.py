"""The outline as JSON, kept from one version of a document to the next.

Editors ask for the whole outline after every keystroke, and a 1 MB note has thousands of symbols.
What stands before the edit is as it was, and what stands on later lines has moved by whole lines:
only the symbols around the edit are converted again.
"""

from __future__ import annotations

from bisect import bisect_left
from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from doctorflan_ls.features.symbols import Kind, Symbol
    from doctorflan_ls.text import Encoding, Position, Span, Text

# LSP 3.17, SymbolKind: String, as Markdown servers show headings; Object.
KINDS: dict[Kind, int] = {"section": 15, "draft": 19}


class _Known(NamedTuple):
    """What was converted, in document order: parallel lists, compared and cut as wholes."""

    labels: list[tuple[str, str, Kind]]
    starts: list[int]
    ends: list[int]
    selections: list[int]
    places: list[tuple[Position, ...]]
    json: list[str]


class OutlineCache:
    """What was converted for the last outline, and how much of the text stayed since then."""

    def __init__(self) -> None:
        self._known = _Known([], [], [], [], [], [])
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
        labels = [symbol[:3] for symbol in symbols]
        starts = [symbol[3][0] for symbol in symbols]
        ends = [symbol[3][1] for symbol in symbols]
        # Where an entry starts says all: its end can only differ where the text does.
        selections = [symbol[4][0] for symbol in symbols]
        fresh = _Known(labels, starts, ends, selections, [], [])
        head = self._head(fresh)
        tail = self._tail(fresh, text, len(symbols) - head)
        middle = [at for at in range(len(symbols) - tail) if at >= head or ends[at] >= self._before]
        self._take(fresh, head, tail, text.line_count - self._lines)
        places = text.positions((at for one in middle for at in _offsets(symbols[one])), encoding)
        for one in middle:
            fresh.places[one] = tuple(places[at] for at in _offsets(symbols[one]))
            fresh.json[one] = _json(labels[one], fresh.places[one])
        self._known = fresh
        self._size, self._lines = len(text), text.line_count
        self._before = self._after = self._size
        return f"[{_nested(tree, iter(fresh.json))}]"

    def _head(self, fresh: _Known) -> int:
        """How many leading symbols start before the edit as they did."""
        known, before = self._known, self._before
        # A start at the very edit could be the middle of a line end that the edit made.
        count = min(bisect_left(fresh.starts, before), bisect_left(known.starts, before))
        pairs = zip(
            zip(fresh.labels, fresh.starts, fresh.selections, strict=True),
            zip(known.labels, known.starts, known.selections, strict=True),
            strict=False,
        )
        same = (
            fresh.labels[:count] == known.labels[:count]
            and fresh.starts[:count] == known.starts[:count]
            and fresh.selections[:count] == known.selections[:count]
        )
        if not same:
            count = next(at for at, (new, old) in enumerate(pairs) if new != old)
        ends = enumerate(zip(fresh.ends[:count], known.ends[:count], strict=True))
        # One that ends before the edit, now or then, and not where it did is another one.
        return next((at for at, (new, old) in ends if new != old and min(new, old) < before), count)

    def _tail(self, fresh: _Known, text: Text, most: int) -> int:
        """How many trailing symbols stand on lines after the edit, moved by as much."""
        line = text.line_of(len(text) - self._after) + 1
        if line >= text.line_count:
            return 0
        # The first line that begins inside what did not change.
        first = text.line_span(line).start
        known, by = self._known, len(text) - self._size
        count = min(len(fresh.starts) - bisect_left(fresh.starts, first), len(known.starts), most)
        if not count:
            return 0
        same = (
            fresh.labels[-count:] == known.labels[-count:]
            and fresh.starts[-count:] == [at + by for at in known.starts[-count:]]
            and fresh.ends[-count:] == [at + by for at in known.ends[-count:]]
            and fresh.selections[-count:] == [at + by for at in known.selections[-count:]]
        )
        return count if same else 0

    def _take(self, fresh: _Known, head: int, tail: int, lines: int) -> None:
        """Fill ``fresh`` with what stays; the tail moves by ``lines``."""
        known = self._known
        middle = len(fresh.labels) - head - tail
        from_ = len(known.labels) - tail
        places, json = known.places[from_:], known.json[from_:]
        if lines:
            places = [
                tuple(place._replace(line=place.line + lines) for place in each) for each in places
            ]
            json = [
                _json(*each) for each in zip(fresh.labels[head + middle :], places, strict=True)
            ]
        fresh.places.extend((*known.places[:head], *[()] * middle, *places))
        fresh.json.extend((*known.json[:head], *[""] * middle, *json))


def _offsets(symbol: Symbol) -> tuple[int, int, int, int]:
    return (*symbol.span, *symbol.selection)


def _json(label: tuple[str, str, Kind], places: Iterable[Position]) -> str:
    """The symbol up to its children."""
    name, detail, kind = label
    start, end, first, last = (
        f'{{"line":{line},"character":{character}}}' for line, character in places
    )
    shown = f'"detail":{_quoted(detail)},' if detail else ""
    return (
        f'{{"name":{_quoted(name)},{shown}"kind":{KINDS[kind]},'
        f'"range":{{"start":{start},"end":{end}}},"selectionRange":{{"start":{first},"end":{last}}}'
    )


def _in_order(tree: Iterable[Symbol]) -> Iterator[Symbol]:
    for symbol in tree:
        yield symbol
        if symbol.children:
            yield from _in_order(symbol.children)


def _nested(tree: Iterable[Symbol], parts: Iterator[str]) -> str:
    """``parts``, which come in document order, with the children inside their parents."""
    return ",".join(
        f'{next(parts)},"children":[{_nested(symbol.children, parts)}]}}'
        if symbol.children
        else f"{next(parts)}}}"
        for symbol in tree
    )
