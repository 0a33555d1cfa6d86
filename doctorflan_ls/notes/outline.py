"""Which section each block of a note stands in: headings nested by table and by style."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from doctorflan_ls.notes.blocks import Block
from doctorflan_ls.notes.heading_scan import BOLD, BRACKET, PLAIN, Heading
from doctorflan_ls.notes.headings import OTHER, SectionKind

_SIGNATURE = "signature"


class Open(NamedTuple):
    """A section that is open at some place."""

    id: str
    style: int
    loinc: str | None
    leaf: bool


Path = tuple[Open, ...]
"""The open sections at some place, the outermost first."""


def opened(path: Path, heading: Heading) -> Path:
    """The open sections after ``heading``.

    A part goes under its container where that is open (生命体征 under 体格检查). Else a heading is
    the sister of the outermost open one written alike, and one written in a new way is a part of
    the innermost; titles in brackets, bold or Markdown stand above all other ways. A short item (a
    date, a name) has no parts, and a signature is part of nothing but a title.
    """
    while path and path[-1].leaf:
        path = path[:-1]
    kind, under = _meaning(path, heading)
    if kind is not None and kind.id == _SIGNATURE and heading.style == PLAIN:
        under = sum(entry.style <= BOLD for entry in path)
    if under is None:
        under = _depth_by_style(path, heading.style)
    if kind is None:
        return (*path[:under], Open(OTHER, heading.style, None, leaf=False))
    entry = Open(kind.id, heading.style, kind.loinc, kind.field)
    return (*path[:under], entry)


def _meaning(path: Path, heading: Heading) -> tuple[SectionKind | None, int | None]:
    """What the heading means here, and how many open sections contain it (None: by style)."""
    for kind in heading.kinds:
        for depth in range(len(path), 0, -1):
            outer = path[depth - 1]
            if outer.id in kind.within and _may_contain(outer.style, heading.style):
                return kind, depth
    if not heading.kinds:
        return None, None
    return next((kind for kind in heading.kinds if not kind.within), heading.kinds[0]), None


def _may_contain(outer: int, inner: int) -> bool:
    """Two headings numbered or bracketed alike are sisters, whatever the table says."""
    return outer < inner if inner <= BOLD else outer != inner or inner == PLAIN


def _depth_by_style(path: Path, style: int) -> int:
    if style <= BOLD:
        markdown = style < BRACKET
        return next(
            (
                depth
                for depth, entry in enumerate(path)
                if (entry.style >= style if markdown else entry.style >= BRACKET)
            ),
            len(path),
        )
    alike = next((depth for depth, entry in enumerate(path) if entry.style == style), None)
    if alike is not None:
        return alike
    if style != PLAIN:
        return len(path)
    # A plain heading after 一、 … （1） … belongs to 一、, not to the last of its points.
    return min(sum(entry.style <= BOLD for entry in path) + 1, len(path))


def paths(blocks: Sequence[Block], quiet: Sequence[bool], path: Path = ()) -> Iterator[Path]:
    """The open sections after each block; the headings of ``quiet`` blocks do not count."""
    for block, silent in zip(blocks, quiet, strict=True):
        if block.heading is not None and not silent:
            path = opened(path, block.heading)
        yield path


def drafts(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """The drafts as (block of the opening marker, block of the closing one), in order.

    An opening marker belongs to the next closing one of its id; one that is never closed, and a
    closing one that was never opened, are lines of their own.
    """
    marked = [(index, block.marker) for index, block in enumerate(blocks) if block.marker]
    closings: dict[str, list[int]] = {}
    for index, marker in reversed(marked):
        if not marker.opens:
            closings.setdefault(marker.id, []).append(index)
    found: list[tuple[int, int]] = []
    for index, marker in marked:
        if not marker.opens or (found and index < found[-1][1]):
            continue
        ends = closings.get(marker.id, [])
        while ends and ends[-1] < index:
            ends.pop()
        if ends:
            found.append((index, ends[-1]))
    return found


class Layout(NamedTuple):
    """The blocks of a note, which of them are quiet, and the open sections after each.

    A draft's blocks and marker lines are quiet: no sections, no facts.
    """

    blocks: tuple[Block, ...]
    quiet: tuple[bool, ...]
    paths: tuple[Path, ...]


def laid_out(blocks: tuple[Block, ...]) -> Layout:
    """The layout of ``blocks``."""
    quiet = [block.marker is not None for block in blocks]
    for first, last in drafts(blocks) if True in quiet else ():
        quiet[first : last + 1] = [True] * (last + 1 - first)
    return Layout(blocks, tuple(quiet), tuple(paths(blocks, quiet)))
