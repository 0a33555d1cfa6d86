"""Sections out of blocks: where each starts, and where it ends."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from doctorflan_ls.notes.blocks import Block
from doctorflan_ls.notes.model import Section
from doctorflan_ls.notes.outline import Layout, Path
from doctorflan_ls.text import Span


@dataclass(frozen=True, slots=True)
class Outline:
    """The sections of a note of ``blocks`` blocks and ``size`` code points.

    For each section the block that opens it and the block after its last.
    """

    sections: tuple[Section, ...]
    heads: list[int]
    closes: list[int]
    blocks: int
    size: int


class Earlier(NamedTuple):
    """An earlier version's outline, and how many first and last blocks are still the same.

    The last blocks also stand in the sections they stood in.
    """

    outline: Outline
    first: int
    last: int

    def narrowed(self, first: int, last: int) -> Earlier:
        """What is left of it after one more edit."""
        return Earlier(self.outline, min(self.first, first), min(self.last, last))


_NOTHING = Outline((), [], [], 0, 0)


def assemble(layout: Layout, ends: Sequence[int], earlier: Earlier | None) -> Outline:
    """The outline of a note whose blocks end at ``ends``.

    Sections that ended before the edit are taken from ``earlier``, those that start after it too,
    moved.
    """
    known, first, last = earlier or Earlier(_NOTHING, 0, 0)
    count, size = len(ends), ends[-1] if ends else 0
    stop = count - last
    kept = bisect_left(known.heads, first)
    moved = bisect_left(known.heads, known.blocks - last) if last else len(known.heads)
    shift, by = count - known.blocks, size - known.size
    middle = zip(layout.blocks[first:stop], layout.quiet[first:stop], strict=True)
    fresh = [
        at
        for at, (block, silent) in enumerate(middle, first)
        if block.heading is not None and not silent
    ]
    heads = [*known.heads[:kept], *fresh, *(head + shift for head in known.heads[moved:])]
    closes = _closes(heads, layout.paths, known.closes[:kept], first, kept + len(fresh))
    afters = [*heads[1 : len(closes) + 1], count]
    sections = [
        known.sections[at]
        if at < kept and close < first
        else _section(layout, ends, heads[at], close, afters[at])
        for at, close in enumerate(closes)
    ]
    sections += [_moved(section, by) for section in known.sections[moved:]]
    closes += [close + shift for close in known.closes[moved:]]
    return Outline(tuple(sections), heads, closes, count, size)


def _moved(section: Section, by: int) -> Section:
    # Written straight as tuples: this is what a keystroke in a large note costs most.
    new = tuple.__new__
    kind, name, (start, end), (first, last), (begin, stop), level, loinc = section
    spans = (
        new(Span, (start + by, end + by)),
        new(Span, (first + by, last + by)),
        new(Span, (begin + by, stop + by)),
    )
    return new(Section, (kind, name, *spans, level, loinc))


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


def _closes(
    heads: Sequence[int], paths: Sequence[Path], settled: Sequence[int], first: int, wanted: int
) -> list[int]:
    """For the first ``wanted`` headings the block of the next one on their level or above.

    It is past the last block where there is none. ``settled`` are what the leading headings had
    before an edit; those before block ``first`` stand.
    """
    closes = [*settled, *[len(paths)] * (wanted - len(settled))]
    # Open at the edit: one inside the other, so the place of each in the list is its level.
    open_ = [at for at, close in enumerate(settled) if close >= first]
    for at in open_:
        closes[at] = len(paths)
    for at in range(len(settled), len(heads)):
        if at >= wanted and not open_:
            break
        level = len(paths[heads[at]])
        while len(open_) >= level:
            closes[open_.pop()] = heads[at]
        if at < wanted:
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
