"""What a model is asked: pure rendering, the note first, then the task.

The note stands first so that a model's prefix cache serves every task on one note.
"""

from __future__ import annotations

from dataclasses import dataclass

from doctorflan_ls.drafts import Draft, digest
from doctorflan_ls.i18n import Locale
from doctorflan_ls.models.base import Message
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
        return f"{tag}\n{self.case()}\n\n{self.task.instruction.in_(self.language)}"

    def messages(self) -> tuple[Message, ...]:
        """The conversation for a chat model: the case, then the earlier answer and question."""
        first = Message("user", self.user_message())
        if self.turn is None:
            return (first,)
        return (
            first,
            Message("assistant", self.turn.draft.text),
            Message("user", self.turn.question),
        )

    def digest(self) -> str:
        """SHA-256 of all that an answer may depend on.

        The whole note counts, not the case alone: evidence spans are offsets in the note, and the
        patient's sex and age may stand outside the case.
        """
        told = (str(self.note.text), repr(self.span), *(turn.text for turn in self.messages()))
        return digest("\0".join(told))
