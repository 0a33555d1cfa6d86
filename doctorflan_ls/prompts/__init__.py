"""What a model is asked: a task for a part of a note, and the questions that follow.

``render.py`` words it for a language model, ``fitting.py`` makes a long note fit its context and
``fence.py`` keeps the note's text from being taken for anything but text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from doctorflan_ls.drafts import Draft, digest
from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.text import Span


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier answer on the same case and the doctor's next question about it.

    ``earlier`` is the turn that the answer ``draft`` was given to; None where it answered the task.
    """

    draft: Draft
    question: str
    earlier: Turn | None = None

    def chain(self) -> Iterator[Turn]:
        """The turns up to this one, the first question first."""
        turns = []
        turn: Turn | None = self
        while turn is not None:
            turns.append(turn)
            turn = turn.earlier
        return reversed(turns)


@dataclass(frozen=True, slots=True)
class ContextItem:
    """What a plugin knows that bears on the case: one or more short lines, and their source.

    It is no part of the record: a draft shows it apart, with ``source`` (who says so, which
    edition) and the request to check it.
    """

    title: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A task to be answered for ``span`` of ``note`` in ``language``.

    Front matter is no part of the case: other notes of the stay may stand in it, which nobody chose
    to hand to a model.
    ``context`` stands beside the note, ``instructions`` are added to the task's own: both come from
    plugins.
    """

    task: Task
    note: Note
    span: Span
    language: Locale
    turn: Turn | None = None
    context: tuple[ContextItem, ...] = ()
    instructions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        front = self.note.front
        if self.span.start < front:
            object.__setattr__(self, "span", Span(front, max(self.span.end, front)))

    def told(self, instruction: str) -> Prompt:
        """The same prompt with one more instruction for a language model."""
        return replace(self, instructions=(*self.instructions, instruction))

    def case(self) -> str:
        """The text of the note that the task is about."""
        return self.note.slice(self.span)

    def scope(self) -> Span:
        """The part of the note that is read.

        A selection inside one section is what the task is about, and the whole note is read for
        it; a larger one limits what is read.
        """
        section = self.note.section_at(self.span.start)
        narrow = section is not None and section.span.contains(self.span)
        return Span(self.note.front, len(self.note.text)) if narrow else self.span

    def digest(self) -> str:
        """SHA-256 of all that an answer may depend on.

        The whole note counts, not the case alone: evidence spans are offsets in the note, and the
        patient's sex and age may stand outside the case.
        """
        turns = self.turn.chain() if self.turn else ()
        told = [text for turn in turns for text in (turn.draft.text, turn.question)]
        asked = (self.task.id, self.task.instruction.in_(self.language), self.language)
        beside = (repr(self.span), repr(self.context), repr(self.instructions))
        return digest("\0".join((str(self.note.text), *asked, *beside, *told)))


__all__ = ["ContextItem", "Prompt", "Turn"]
