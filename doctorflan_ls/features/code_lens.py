"""What can be done with a draft that stands in the note, over its first line."""

from __future__ import annotations

from typing import Literal, NamedTuple

from doctorflan_ls.features.calculators import is_calculator
from doctorflan_ls.features.diagnostics import opening_line
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.text import Span

_OPERATIONS: tuple[Literal["accept", "discard", "regenerate"], ...] = (
    "accept",
    "discard",
    "regenerate",
)


class Lens(NamedTuple):
    """``title`` over ``span`` does ``operation`` with the draft ``block``."""

    span: Span
    title: str
    operation: Literal["accept", "discard", "regenerate"]
    block: str


def code_lenses(snapshot: Snapshot) -> list[Lens]:
    """Three for each draft that nobody reviewed; a calculator's line is not made again."""
    return [
        Lens(
            opening_line(snapshot, block),
            snapshot.say(f"lens.draft-{operation}"),
            operation,
            block.id,
        )
        for block in snapshot.note.draft_blocks
        for operation in _OPERATIONS
        if operation != "regenerate" or not is_calculator(block.task)
    ]
