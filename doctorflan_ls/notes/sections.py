"""Sections out of blocks: where each starts, and where it ends."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from doctorflan_ls.notes.blocks import Block
from doctorflan_ls.notes.model import Section
from doctorflan_ls.notes.outline import Layout, Path
from doctorflan_ls.text import Span


@dataclass(frozen=True, slots=True)
class Outline:
    """The sections of a note, and for each its first block and the block after its last."""

    sections: tuple[Section, ...]
    heads: list[int]
    closes: list[int]


def assemble(layout: Layout, ends: Sequence[int], earlier: tuple[Outline, int] | None) -> Outline:
    """The outline of a note whose blocks end at ``ends``.

    ``earlier`` is another version's and the number of leading blocks the two have in common: the
    sections that ended among these are taken from it.
    """
    known, shared = earlier or (Outline((), [], []), 0)
    kept = bisect_left(known.heads, shared)
    rest = zip(layout.blocks[shared:], layout.quiet[shared:], strict=True)
    heads = known.heads[:kept] + [
        at
        for at, (block, silent) in enumerate(rest, shared)
        if block.heading is not None and not silent
    ]
    closes = _closes(heads, layout.paths)
    sections = [
        known.sections[at]
        if at < kept and close < shared
        else _section(layout, ends, head, close, after)
        for at, (head, close, after) in enumerate(
            zip(heads, closes, [*heads[1:], len(ends)], strict=False)
        )
    ]
    return Outline(tuple(sections), heads, closes)


def head_of(layout: Layout, index: int) -> int | None:
    """The block that opens the innermost section block ``index`` stands in."""
    blocks, quiet = layout.blocks, layout.quiet
    while index >= 0 and (blocks[index].heading is None or quiet[index]):
        index -= 1
    return index if index >= 0 else None


def section_from(layout: Layout, ends: Sequence[int], head: int) -> Section:
    """The section that block ``head`` opens; costs what the section's own length costs."""
    blocks, quiet, paths = layout
    level = len(paths[head])
    after: int | None = None
    close = len(blocks)
    for at in range(head + 1, len(blocks)):
        if blocks[at].heading is None or quiet[at]:
            continue
        after = at if after is None else after
        if len(paths[at]) <= level:
            close = at
            break
    return _section(layout, ends, head, close, close if after is None else after)


def _closes(heads: Sequence[int], paths: Sequence[Path]) -> list[int]:
    """For each heading the block of the next one on its level or above, or past the last block."""
    closes = [len(paths)] * len(heads)
    open_: list[int] = []
    for at, head in enumerate(heads):
        level = len(paths[head])
        while len(open_) >= level:
            closes[open_.pop()] = head
        open_.append(at)
    return closes


def _section(layout: Layout, ends: Sequence[int], head: int, close: int, after: int) -> Section:
    """The section of block ``head``, which ends before ``close``; the next starts at ``after``."""
    block = layout.blocks[head]
    heading = block.heading
    if heading is None:
        raise IndexError(head)
    start = ends[head] - len(block.text)
    first, last = block.content
    if close == head + 1:
        body_end = end = start + last
    else:
        end = _text_end(layout.blocks, ends, head, close)
        body_end = end if after >= close else _text_end(layout.blocks, ends, head, after)
    name = heading.name_span
    path = layout.paths[head]
    return Section(
        path[-1].id,
        heading.name,
        Span(start + name.start, start + name.end),
        Span(start + heading.start, end),
        Span(min(start + first, body_end), body_end),
        len(path),
        path[-1].loinc,
    )


def _text_end(blocks: Sequence[Block], ends: Sequence[int], head: int, close: int) -> int:
    """The end of the last character that is no blank, after the heading and before ``close``."""
    at = close - 1
    while at > head and not blocks[at].text.strip():
        at -= 1
    block = blocks[at]
    # A marker line has no body, but it is text.
    last = len(block.text.rstrip()) if block.marker is not None else block.content[1]
    return ends[at] - len(block.text) + last
