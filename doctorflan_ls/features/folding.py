"""What can be folded away: sections and drafts that take more than one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.text import Span, Text


class Fold(NamedTuple):
    """Lines ``first`` to ``last``, both included; ``first`` stays visible."""

    first: int
    last: int


def folds(snapshot: Snapshot) -> list[Fold]:
    """All folds in document order of their first line, the larger one first."""
    note = snapshot.note
    spans = [section.span for section in note.sections]
    spans.extend(block.span for block in note.draft_blocks)
    found = {fold for fold in _folds(note.text, spans) if fold.first < fold.last}
    return sorted(found, key=lambda fold: (fold.first, -fold.last))


def _folds(text: Text, spans: list[Span]) -> Iterator[Fold]:
    for span in spans:
        # A span that ends with its line end would reach into the line after it.
        yield Fold(text.line_of(span.start), text.line_of(max(span.start, span.end - 1)))
