"""What notes are read with beside the tables of ``data/``: sections and terms of plugins.

One set for the process, because a note must be read one way wherever it stands. It is built whole
by whoever has the time, and published at one moment: a reader has the old one or the new one. What
was read before must be read again by whoever keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from doctorflan_ls.notes import headings
from doctorflan_ls.notes.facts import offers, vocabulary
from doctorflan_ls.notes.facts.vocabulary import TermEntry, Vocabulary
from doctorflan_ls.notes.headings import SectionKind, Sections


@dataclass(frozen=True, slots=True)
class Reading:
    """What notes can be read with."""

    sections: Sections
    vocabulary: Vocabulary


_number = 0


def built(kinds: Iterable[SectionKind], entries: Iterable[TermEntry]) -> Reading:
    """The tables with these beside them, built now: not at the first key that is typed."""
    reading = Reading(Sections(tuple(kinds)), Vocabulary(tuple(entries)))
    if reading.sections.more or reading.vocabulary.entries:
        _ = reading.sections.table, reading.vocabulary.automaton
        offers.prepare(reading.vocabulary)
    return reading


def publish(reading: Reading) -> bool:
    """Read with ``reading`` from here on; False where it holds what is read with already."""
    global _number  # noqa: PLW0603  (how a note is read is one thing for the process)
    now = headings.current(), vocabulary.current()
    if (now[0].more, now[1].entries) == (reading.sections.more, reading.vocabulary.entries):
        return False
    headings.publish(reading.sections)
    vocabulary.publish(reading.vocabulary)
    _number += 1
    return True


def number() -> int:
    """Another one for each reading: what was made from a note is of the reading it was made by."""
    return _number


def read_with(kinds: Iterable[SectionKind], entries: Iterable[TermEntry]) -> bool:
    """Build and publish at once, for a command or a test."""
    return publish(built(kinds, entries))
