"""The part of a note that values are read from, without drafts and relatives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TypeVar

from doctorflan_ls.checks.scope import Scope as Checked
from doctorflan_ls.checks.scope import of_all
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span

_T = TypeVar("_T")
# Sections of what was examined or measured at this visit.
_MEASURED = frozenset(
    (
        "lab",
        "aux",
        "results",
        "exam",
        "vitals",
        "objective",
        "ecg",
        "specialist_exam",
        "general_appearance",
        "mental_state_exam",
        "admission_condition",
        "current_condition",
    )
)
_OF_OTHERS = frozenset(("family_history", "family_social_history"))
# Where the patient and the day of the visit are told; the same reach as notes/patient.py.
_HEAD = 3200


class Scope:
    """``span`` of ``note``: its facts, and its words with half-width signs at the same offsets."""

    def __init__(self, note: Note, span: Span | None) -> None:
        self.note = note
        self.whole = span is None
        self.span = Span(0, len(note.text)) if span is None else span

    def gather(self, collect: Callable[[Checked], Iterable[_T]]) -> Iterator[tuple[int, _T]]:
        """What ``collect`` gives for each part, each with where its part starts.

        Remembered by the words of the part, as the claims of checks are: after a key only the part
        that was typed in is read again.
        """
        return (of_all(self.note) if self.whole else Checked(self.note, self.span)).gather(collect)

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """The facts of the span; nothing of a relative."""
        found = self.note.facts if self.whole else self.note.facts_in(self.span)
        return tuple(
            fact for fact in found if fact.assertion != "family" and fact.section not in _OF_OTHERS
        )

    @cached_property
    def head(self) -> tuple[Fact, ...]:
        """The facts of the note's beginning."""
        return self.note.facts_in(Span(0, min(_HEAD, len(self.note.text))))

    @cached_property
    def text(self) -> str:
        """The words of the span; a draft that nobody reviewed is blank."""
        words = half_width(self.note.slice(self.span))
        start = self.span.start
        for block in self.note.draft_blocks:
            first, last = max(block.span.start - start, 0), min(block.span.end, self.span.end)
            if first < last - start:
                words = words[:first] + "\n" * (last - start - first) + words[last - start :]
        return words

    def at(self, found: re.Match[str]) -> Span:
        """Where a match of ``text`` stands in the note."""
        return Span(self.span.start + found.start(), self.span.start + found.end())

    def before(self, fact: Fact, reach: int) -> str:
        """The words before ``fact`` in its sentence, ``reach`` of them at most."""
        end = fact.span.start - self.span.start
        if not 0 <= end <= len(self.text):
            return ""
        head = self.text[max(end - reach, 0) : end]
        return re.split(r"[。;；\n]|\. ", head)[-1]

    def after(self, fact: Fact, reach: int) -> str:
        """The ``reach`` characters after ``fact``."""
        start = fact.span.end - self.span.start
        return self.text[start : start + reach] if start >= 0 else ""

    def matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """The matches of ``pattern`` that are about the patient."""
        for found in pattern.finditer(self.text):
            section = self.section(self.at(found).start)
            if section not in _OF_OTHERS:
                yield found

    def section(self, offset: int) -> str:
        """The canonical id of the section at ``offset`` of the note; empty before the first."""
        found = self.note.section_at(offset)
        return "" if found is None else found.id


def is_measured(section: str) -> bool:
    """Whether a section is for what was examined or measured at this visit."""
    return section in _MEASURED
