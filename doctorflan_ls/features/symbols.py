"""The outline: sections as they are nested, and drafts that wait for review."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.text import Span

Kind = Literal["section", "draft"]

# Deeper than any section, so that a draft is a leaf of the section it stands in.
_DRAFT_LEVEL = 1000


# A named tuple, because a 1 MB note has thousands of them after every keystroke.
class Symbol(NamedTuple):
    """One entry of the outline; ``selection`` is the part of ``span`` to go to."""

    name: str
    detail: str
    kind: Kind
    span: Span
    selection: Span
    children: list[Symbol]


def symbols(snapshot: Snapshot) -> list[Symbol]:
    """The outline of the note, in document order; a child's span lies inside its parent's."""
    roots: list[Symbol] = []
    # Level, end and children of the symbols that are open.
    open_: list[tuple[int, int, list[Symbol]]] = []
    for level, symbol in _entries(snapshot):
        end = symbol[3][1]
        while open_ and (open_[-1][0] >= level or open_[-1][1] < end):
            open_.pop()
        (open_[-1][2] if open_ else roots).append(symbol)
        open_.append((level, end, symbol[5]))
    return roots


def flat(tree: Iterable[Symbol]) -> Iterator[tuple[Symbol, str]]:
    """Every symbol with the name of its parent ("" at the top), parents first."""
    waiting = [(symbol, "") for symbol in reversed(list(tree))]
    while waiting:
        symbol, parent = waiting.pop()
        yield symbol, parent
        waiting.extend((child, symbol.name) for child in reversed(symbol.children))


def _entries(snapshot: Snapshot) -> list[tuple[int, Symbol]]:
    entries = [
        (level, Symbol(heading, "", "section", span, heading_span, []))
        for _id, heading, heading_span, span, _body, level, _loinc in snapshot.note.sections
    ]
    if snapshot.note.draft_blocks:
        entries.extend(_drafts(snapshot))
        entries.sort(key=lambda entry: entry[1].span.start)
    return entries


def _drafts(snapshot: Snapshot) -> Iterator[tuple[int, Symbol]]:
    for block in snapshot.note.draft_blocks:
        name = snapshot.say("symbols.draft", task=snapshot.task_title(block.task))
        heading = Span(block.span.start, min(block.body.start, block.span.end))
        yield _DRAFT_LEVEL, Symbol(name, block.model, "draft", block.span, heading, [])
