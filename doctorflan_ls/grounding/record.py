"""What a note says, indexed once: the drafts in it left out, for a draft is no evidence.

All offsets count in the text without the drafts (``Record.text``); ``Record.place`` says where a
part of it stands in a note.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable
from functools import cached_property
from itertools import islice
from typing import Final

from doctorflan_ls.grounding.clauses import Clause, clauses
from doctorflan_ls.grounding.dates import When, dates
from doctorflan_ls.grounding.hits import Hit
from doctorflan_ls.grounding.numbers import Amount, amounts
from doctorflan_ls.grounding.table import table
from doctorflan_ls.notes.facts import vocabulary
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.notes.note import Note
from doctorflan_ls.notes.sentences import LONGEST
from doctorflan_ls.sides import Sided, sides
from doctorflan_ls.text import Span, Spans

_KEPT: Final = 8
# So many turns make a dialogue.
_TURNS: Final = 3
_SENTENCE_END: Final = re.compile(r"[?!。\n]|\.(?!\d)")
_LONG: Final = 200_000
_STOPS: Final = "。；;！？\n"
# These name one thing where a note gives a rate.
_SAME: Final = {"heart_rate": "pulse"}


def key_of(fact: Fact) -> str:
    """One name for what ``fact`` is of, whatever the language and the word."""
    if fact.kind in ("lab", "vital"):
        return _SAME.get(fact.name, fact.name)
    return name_key(fact.name)


def name_key(name: str) -> str:
    """One name for a term: its English one where the tables have it."""
    term = vocabulary.lookup(name)
    return (term.name_en or term.name_zh).lower() if term else vocabulary.fold(name)


class Record:
    """The text of a note without its drafts, and its facts; the rest is made when asked for."""

    def __init__(self, text: str, facts: tuple[Fact, ...], language: str) -> None:
        self.text = text
        self.facts = facts
        self.language = language
        # What was found in the drafts beside it, by their words and titles.
        self.found: dict[tuple[object, ...], tuple[Hit, ...]] = {}

    @cached_property
    def folded(self) -> str:
        """The text in one form for look-up, offset for offset."""
        return vocabulary.fold(half_width(self.text))

    @cached_property
    def squeezed(self) -> str:
        """The folded text without blanks."""
        return "".join(self.folded.split())

    @cached_property
    def by_key(self) -> dict[tuple[str, str], list[Fact]]:
        """The facts by kind and key, each told once; findings of every kind are one kind here."""
        found: dict[tuple[str, str], list[Fact]] = {}
        told: set[tuple[object, ...]] = set()
        for fact in self.facts:
            # Of what a file of many records says again and again one place is enough.
            said = (fact.kind, fact.text, fact.name, fact.value, fact.assertion, fact.status)
            if said in told:
                continue
            told.add(said)
            found.setdefault((group(fact), key_of(fact)), []).append(fact)
        return found

    @cached_property
    def terms(self) -> dict[str, list[Span]]:
        """Where each term of the tables is named, whatever is said of it."""
        found: dict[str, list[Span]] = {}
        for start, line in self._lines():
            for match in vocabulary.scan(line):
                if match.term.kind not in ("cue", "trap"):
                    key = (match.term.name_en or match.term.name_zh).lower()
                    span = Span(start + match.start, start + match.end)
                    found.setdefault(key, []).append(span)
        return found

    @cached_property
    def dates(self) -> list[When]:
        """Its dates and times."""
        return dates(self.text)

    @cached_property
    def amounts(self) -> list[Amount]:
        """Its numbers."""
        return amounts(self.text, [when.span for when in self.dates])

    @cached_property
    def by_value(self) -> dict[float, list[Amount]]:
        """Its numbers by value."""
        found: dict[float, list[Amount]] = {}
        for each in self.amounts:
            found.setdefault(each.value, []).append(each)
        return found

    @cached_property
    def in_dates(self) -> frozenset[float]:
        """The numbers that are parts of its dates."""
        parts = (part for when in self.dates for meaning in when.meanings for part in meaning)
        return frozenset(float(part) for part in parts if part is not None)

    @cached_property
    def by_base(self) -> dict[tuple[str, float], list[Amount]]:
        """Its numbers by dimension and size in the base unit."""
        found: dict[tuple[str, float], list[Amount]] = {}
        for each in self.amounts:
            if each.base is not None:
                found.setdefault(each.base, []).append(each)
        return found

    @cached_property
    def sides(self) -> dict[str, list[Sided]]:
        """Its sides by organ."""
        found: dict[str, list[Sided]] = {}
        for each in sides(self.text):
            found.setdefault(each.organ, []).append(each)
        return found

    @cached_property
    def frames(self) -> dict[str, list[Clause]]:
        """Its clauses by their words without numbers, sides and negations.

        Of a very long record none: they would take seconds.
        """
        found: dict[str, list[Clause]] = {}
        if len(self.text) > _LONG:
            return found
        for each in clauses(self.text, [when.span for when in self.dates]):
            found.setdefault(each.frame, []).append(each)
        return found

    @cached_property
    def chinese_names(self) -> frozenset[str]:
        """What its findings are called, as written and by the tables; Chinese names only."""
        names = (name for fact in self.facts for name in (fact.text, fact.name))
        return frozenset(name for name in names if not name.isascii())

    @cached_property
    def is_dialogue(self) -> bool:
        """True for what doctor and patient said: a finding is often named in a question only."""
        turns = table().speaks.finditer(self.text)
        return sum(1 for _ in islice(turns, _TURNS)) == _TURNS

    def is_asked(self, span: Span) -> bool:
        """True where the sentence of ``span`` is a question, and says nothing."""
        end = _SENTENCE_END.search(self.folded, span.end)
        return end is not None and end[0] == "?"

    @cached_property
    def _read(self) -> Spans:
        return Spans(fact.span for fact in self.facts)

    @cached_property
    def unread(self) -> frozenset[str]:
        """The terms that stand somewhere where the reader makes no fact of them."""
        return frozenset(
            key
            for key, spans in self.terms.items()
            if not all(self._read.overlap(span) for span in spans)
        )

    def is_read(self, span: Span) -> bool:
        """True where a fact has a character of ``span``."""
        return self._read.overlap(span)

    def facts_at(self, span: Span) -> list[Fact]:
        """The facts that have a character of ``span``."""
        return [self.facts[at] for at in self._read.overlapping(span)]

    def sentence(self, at: int) -> Span:
        """The sentence or line that ``at`` stands in."""
        first, last = max(at - LONGEST, 0), min(at + LONGEST, len(self.text))
        start = max(self.text.rfind(stop, first, at) for stop in _STOPS) + 1
        ends = [end for stop in _STOPS if (end := self.text.find(stop, at, last)) >= 0]
        return Span(max(start, first), min(ends, default=last))

    def _lines(self) -> Iterable[tuple[int, str]]:
        start = 0
        for line in self.text.splitlines(keepends=True):
            yield start, line
            start += len(line)


def group(fact: Fact) -> str:
    """Kinds that one word may be read as, under one name."""
    if fact.kind in ("symptom", "sign", "diagnosis"):
        return "finding"
    return "measurement" if fact.kind in ("lab", "vital") else fact.kind


class Outside:
    """A note as its record and where the record's parts stand in it."""

    def __init__(self, note: Note) -> None:
        self.note = note
        self._starts: list[int] = []
        self._places: list[int] = []
        self._parts: list[str] = []
        length = at = 0
        end = Span(len(note.text), len(note.text))
        for block in (*(each.span for each in note.draft_blocks), end):
            self._parts.append(note.slice(Span(at, block.start)))
            self._starts.append(length)
            self._places.append(at)
            length += block.start - at
            at = block.end

    @cached_property
    def text(self) -> str:
        """The text without drafts."""
        return "".join(self._parts)

    def facts(self) -> tuple[Fact, ...]:
        """The note's facts, moved to where they stand in ``text``."""
        if len(self._parts) == 1:
            return self.note.facts
        return tuple(fact.moved(-self._shift(fact.span.start)) for fact in self.note.facts)

    def place(self, span: Span) -> Span:
        """Where the ``span`` of ``text`` stands in the note."""
        part = bisect_right(self._starts, span.start) - 1
        shift = self._places[part] - self._starts[part]
        return Span(span.start + shift, span.end + shift)

    def line(self, at: int) -> int:
        """The line of the note, counted from 1, that ``at`` of ``text`` stands in."""
        return self.note.text.line_of(self.place(Span(at, at)).start) + 1

    def _shift(self, at: int) -> int:
        part = bisect_right(self._places, at) - 1
        return self._places[part] - self._starts[part]


_records: OrderedDict[tuple[str, str, int], Record] = OrderedDict()


def record_of(outside: Outside) -> Record:
    """The record, kept as long as it is one of the last few that were asked for."""
    known = known_record(outside)
    if known is None:
        known = _records[_key(outside)] = Record(
            outside.text, outside.facts(), outside.note.language
        )
        while len(_records) > _KEPT:
            _records.popitem(last=False)
    return known


def known_record(outside: Outside) -> Record | None:
    """The record where it was asked for lately."""
    return _records.get(_key(outside))


def _key(outside: Outside) -> tuple[str, str, int]:
    return outside.text, outside.note.language, id(vocabulary.current())
