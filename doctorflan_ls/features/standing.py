"""The drafts that stand in a note and wait for a review, for clients' own lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from doctorflan_ls.features.evidence import Remembered
from doctorflan_ls.features.review import is_modified
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.text import Span


class Standing(NamedTuple):
    """A draft at ``span``. ``modified``: its words were changed since; None where those that were
    made are not known (another server made it)."""

    id: str
    task: str
    title: str
    model: str
    span: Span
    modified: bool | None


def standing(snapshot: Snapshot, recall: Callable[[str], Remembered | None]) -> list[Standing]:
    """The unreviewed drafts of the note; ``recall`` gives those that are still remembered."""
    found = []
    for block in snapshot.note.draft_blocks:
        made = recall(block.id)
        draft = None if made is None else made.draft
        title = snapshot.task_title(block.task)
        modified = is_modified(snapshot.note, block, draft)
        found.append(Standing(block.id, block.task, title, block.model, block.span, modified))
    return found
