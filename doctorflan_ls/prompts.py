"""What a model is asked: pure rendering, the note first, then the task.

The note stands first so that a model's prefix cache serves every task on one note.
"""

from __future__ import annotations

from dataclasses import dataclass

from doctorflan_ls.drafts import Draft
from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.text import Span


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier answer on the same case and the doctor's next question about it."""

    draft: Draft
    question: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A task to be answered for ``span`` of ``note`` in ``language``."""

    task: Task
    note: Note
    span: Span
    language: Locale
    turn: Turn | None = None

    def case(self) -> str:
        """The text of the note that the task is about."""
        return self.note.slice(self.span)

    def user_message(self) -> str:
        """Case first, instruction after it, in the dataset's form."""
        tag = "<病例描述>：" if self.language == "zh" else "<Case description>:"
        text = f"{tag}\n{self.case()}\n\n{self.task.instruction.in_(self.language)}"
        if self.turn is None:
            return text
        return f"{text}\n\n{self.turn.draft.text}\n\n{self.turn.question}"
