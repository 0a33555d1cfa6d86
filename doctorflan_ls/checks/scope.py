"""What a check is, and what it looks at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeVar

from doctorflan_ls.checks.memo import last_options, reading, remembered
from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.parts import sections_over
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.notes.context import Context
from doctorflan_ls.notes.model import Fact, Section
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span

_T = TypeVar("_T")
_NO_BREAK = re.compile(r"[^\r\n]")


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

    @cached_property
    def text(self) -> str:
        """The characters of ``span``; position 0 is ``span.start``.

        What is no record, front matter and drafts that nobody reviewed, is blank.
        """
        return self.words(self.span)

    def words(self, span: Span) -> str:
        """The characters of any ``span`` of the note; what is no record is blank."""
        note = self.note
        words = note.slice(span)
        outside = [block.span for block in note.draft_blocks if block.span.overlaps(span)]
        if note.front > span.start:
            outside.append(Span(0, note.front))
        for each in outside:
            first, last = max(each.start - span.start, 0), min(each.end, span.end) - span.start
            words = f"{words[:first]}{_NO_BREAK.sub(' ', words[first:last])}{words[last:]}"
        return words

    @property
    def table(self) -> RuleTable:
        """The rules as the settings have them."""
        return self.options.table or rule_table()

    @cached_property
    def context(self) -> Context:
        """What is known beside the text: the note's front matter, then what the client told."""
        told = self.note.front_matter.context.over(self.options.context)
        if any(each.uri for each in told.other_notes):
            # Open notes by their names: only whoever has them can put them into the options.
            return replace(told, other_notes=self.options.context.other_notes)
        return told

    def is_record(self, span: Span) -> bool:
        """False for what stands in the front matter or in a draft that nobody reviewed."""
        drafts = self.note.draft_blocks
        return span.start >= self.note.front and not any(
            block.span.overlaps(span) for block in drafts
        )

    @cached_property
    def setting(self) -> tuple[object, ...]:
        """What findings in any part of this note follow from beside the part's words."""
        note = self.note
        return (
            note.doc_type,
            note.stated_type is None,
            note.language,
            note.patient,
            self.options.chief_complaint_max,
            self.options.table,
        )

    @cached_property
    def key(self) -> object:
        """What findings in a part follow from; places in it count from its start."""
        inside = (each.span for each in self.note.draft_blocks if each.span.overlaps(self.span))
        start = self.span.start
        drafts = tuple((span.start - start, span.end - start) for span in inside)
        return self.note.slice(self.span), self.setting, drafts

    @cached_property
    def known(self) -> dict[object, object]:
        """What is remembered of this part, by what it was asked."""
        return self.note.memo.parts.setdefault(self.key, {})

    def part(
        self, span: Span, key: object = None, known: dict[object, object] | None = None
    ) -> Scope:
        """The part at ``span``; ``key`` and ``known`` are its own where they are at hand."""
        part = Scope(self.note, span, self.options)
        if known is not None:
            part.__dict__.update(key=key, known=known)
        return part

    @property
    def parts(self) -> Iterator[Scope]:
        """The parts that are read one by one: what stands before the first section, then each
        section of the first level with all that is in it."""
        return (self.part(span) for span in self.part_spans())

    def part_spans(self) -> list[Span]:
        """Where the parts stand that share a character with ``span``; each is whole."""
        found = []
        at = max(self.span.start, self.note.front)
        sections = self.note.sections if self.whole else self.sections
        for section in sections:
            if section.level == 1:
                if section.span.start > at:
                    found.append(Span(at, section.span.start))
                found.append(section.span)
                at = section.span.end
        if at < self.span.end:
            found.append(Span(at, self.span.end))
        return found

    def gather(self, collect: Callable[[Scope], Iterable[_T]]) -> Iterator[tuple[int, _T]]:
        """What ``collect`` gives for each part, each with where its part starts.

        It is remembered by the words of the part: what it gives must follow from them, the
        patient's sex and age, the language and the type of the document, and any place in it must
        count from the part's start. ``collect`` must be the same function each time.
        """
        if self.whole:
            yield from reading(self).gathered(collect)
            return
        for part in self.parts:
            for each in remembered(part, collect):
                yield part.span.start, each


def of_all(note: Note) -> Scope:
    """The whole of ``note``, with the settings that it was last checked with."""
    return Scope(note, None, last_options(note))


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """Looks at a note and reports findings of its ``rules``.

    ``find`` is pure: it does no IO, and gives the same findings for the same scope. One that
    reaches a ``part`` is asked of one part of the note after the other, is asked again only where
    the words of a part change, and may look at nothing outside its scope but the patient, the
    language and the type of the document. One that reaches the ``note`` is asked of all of it, or
    of the span that somebody points at; of a text too long for one record (`run.ONE_RECORD`) only
    where it is ``at_any_length``.
    """

    id: str
    rules: tuple[Rule, ...]
    find: Callable[[Scope], Iterable[Finding]] = field(compare=False)
    reach: Literal["part", "note"] = "note"
    at_any_length: bool = False
