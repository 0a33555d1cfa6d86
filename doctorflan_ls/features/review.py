"""What a doctor decides about a draft that stands in a note: the edits, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from doctorflan_ls.drafts import Draft, plain
from doctorflan_ls.insertion import accept, discard
from doctorflan_ls.notes.model import DraftBlock
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Edit

Decision = Literal["accepted", "discarded"]


@dataclass(frozen=True, slots=True)
class Review:
    """``edits`` carry the decision out. ``edited``: accepted after the words were changed."""

    edits: tuple[Edit, ...]
    outcome: Literal["accepted", "edited", "discarded"]


def review(note: Note, block: DraftBlock, decision: Decision, draft: Draft | None) -> Review:
    """Carry ``decision`` out; ``draft`` is the block's as it was made, where that is remembered."""
    if decision == "discarded":
        return Review((discard(note, block),), "discarded")
    edits = accept(note, block)
    return Review(edits, "edited" if is_modified(note, block, draft) else "accepted")


def is_modified(note: Note, block: DraftBlock, draft: Draft | None) -> bool | None:
    """True where the block's words are no longer the draft's; None where those are not known."""
    if draft is None:
        return None
    return body(note, block) != plain(draft).rstrip("\n")


def body(note: Note, block: DraftBlock) -> str:
    """The words between the marker lines, with ``\\n`` as the line end and none at their end."""
    return note.slice(block.body).replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
