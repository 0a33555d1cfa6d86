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
    blocks = layout.blocks
    block = blocks[head]
    heading = block.heading
    if heading is None:
        raise IndexError(head)
    start = ends[head] - len(block.text)
    floor = start + heading.end
    end = _text_end(blocks, ends, head, close, floor)
    body_end = end if after >= close else _text_end(blocks, ends, head, after, floor)
    body_start = _text_start(block, start, floor, body_end)
    path = layout.paths[head]
    name = heading.name_span
    return Section(
        id=path[-1].id,
        heading=heading.name,
        heading_span=Span(start + name.start, start + name.end),
        span=Span(start, end),
        body=Span(body_start, body_end),
        level=len(path),
        loinc=path[-1].loinc,
    )


def _text_end(
    blocks: Sequence[Block], ends: Sequence[int], head: int, close: int, floor: int
) -> int:
    """The end of the last character that is no blank before block ``close``."""
    for at in range(close - 1, head - 1, -1):
        text = blocks[at].text
        length = len(text.rstrip())
        if length:
            return max(ends[at] - len(text) + length, floor)
    return floor


def _text_start(block: Block, start: int, floor: int, end: int) -> int:
    """The first character of a body that is no blank."""
    text = block.text
    at = floor - start
    while at < len(text) and start + at < end and text[at].isspace():
        at += 1
    return min(start + at, end) if end > floor else floor
