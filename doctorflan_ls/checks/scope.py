"""What a check is, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from doctorflan_ls.checks.model import CheckOptions, Finding, Rule
from doctorflan_ls.checks.parts import sections_over
from doctorflan_ls.notes.model import Fact, Section
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span


class Scope:
    """What a check looks at: ``span`` of ``note``, or all of it where ``whole``.

    Sections and facts are read when they are first asked for.
    """

    def __init__(
        self, note: Note, span: Span | None = None, options: CheckOptions | None = None
    ) -> None:
        self.note = note
        self.whole = span is None
        self.span = Span(0, len(note.text)) if span is None else span
        self.options = options or CheckOptions()

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """The facts that stand in it."""
        return self.note.facts if self.whole else self.note.facts_in(self.span)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The sections that share a character with it."""
        return sections_over(self.note, self.span)


@dataclass(frozen=True, slots=True)
class Check:
    """Looks at a part of a note and reports findings of its ``rules``.

    ``find`` is pure: it does no IO, and gives the same findings for the same scope.
    """

    id: str
    rules: tuple[Rule, ...]
    find: Callable[[Scope], Iterable[Finding]] = field(compare=False)
