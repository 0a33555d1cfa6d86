"""A note in blocks: runs of text that are read once and shared by every later version.

A block starts at a heading, at a draft's marker line, or, in a long section, where a sentence
ends. What a block says is a function of its own text, so an edit costs the blocks it touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes import facts, markers
from doctorflan_ls.notes.heading_scan import REACH, Heading, find_headings
from doctorflan_ls.notes.language import letters
from doctorflan_ls.notes.markers import Marker, marker_of
from doctorflan_ls.notes.model import Fact, Sentence, Sex
from doctorflan_ls.notes.sentences import block_end, sentences
from doctorflan_ls.text import Span

CONTEXT = max(REACH, markers.LONGEST) + 32
"""Text further than this from an edit is cut as it was before."""

# Long enough that a 1 MB note has a thousand blocks, short enough that reading one is nothing.
_LONG = 1000


@dataclass(frozen=True, slots=True)
class Setting:
    """What the reading of a block's facts depends on beside its text."""

    section: str
    language: Locale
    sex: Sex | None
    age_years: float | None


@dataclass(slots=True)
class Block:
    """A run of a note's text with the heading or marker it starts with.

    ``is_front`` is true for the front matter, which is no part of the record.
    """

    text: str
    heading: Heading | None = None
    marker: Marker | None = None
    is_front: bool = False
    _facts: tuple[Setting, int, tuple[Fact, ...]] | None = field(default=None, compare=False)
    _sentences: Mapping[Sentence, tuple[Fact, ...]] | None = field(default=None, compare=False)
    _letters: tuple[int, int] | None = field(default=None, compare=False)
    _content: tuple[int, int] | None = field(default=None, compare=False)

    @property
    def body(self) -> int:
        """Where the text after heading or marker starts."""
        if self.marker is not None or self.is_front:
            return len(self.text)
        return self.heading.end if self.heading is not None else 0

    @property
    def content(self) -> tuple[int, int]:
        """Where the first and after the last character of its body stand that are no blanks.

        A blank body ends where the heading does.
        """
        if self._content is None:
            body = self.text[self.body :]
            last = self.body + len(body.rstrip())
            first = self.body + len(body) - len(body.lstrip())
            self._content = first, last
        return self._content

    @property
    def letters(self) -> tuple[int, int]:
        """Its Chinese characters and Latin letters."""
        if self._letters is None:
            self._letters = (0, 0) if self.is_front else letters(self.text)
        return self._letters

    def sentences(self, setting: Setting) -> Iterator[tuple[int, Sentence]]:
        """Its sentences, each with its offset in the block."""
        for span in sentences(self.text, self.body, len(self.text)):
            yield (
                span.start,
                Sentence(
                    self.text[span.start : span.end],
                    setting.section,
                    setting.language,
                    setting.sex,
                    setting.age_years,
                ),
            )

    def facts(self, setting: Setting, start: int) -> tuple[Fact, ...]:
        """Its facts, spans counted from the note's start, where the block stands at ``start``."""
        known = self._facts
        if known is None or known[0] != setting:
            found = tuple(
                fact._replace(span=_moved(fact.span, start + at), section=setting.section)
                for at, read in self._read(setting)
                for fact in read
            )
        elif known[1] != start:
            found = tuple(fact.moved(start - known[1]) for fact in known[2])
        else:
            return known[2]
        self._facts = setting, start, found
        return found

    def succeeds(self, blocks: Iterable[Block]) -> None:
        """Note that this is what became of ``blocks``: sentences that stayed are not read again."""
        self._sentences = {}
        for block in blocks:
            if block._sentences:
                self._sentences |= block._sentences

    def _read(self, setting: Setting) -> Iterator[tuple[int, tuple[Fact, ...]]]:
        """The facts of each sentence, with where it starts."""
        if self._sentences is None:
            for at, sentence in self.sentences(setting):
                yield at, facts.extract(sentence)
            return
        # Only where somebody writes: what was read of all others would be kept twice.
        known = {}
        for at, sentence in self.sentences(setting):
            read = self._sentences.get(sentence)
            if read is None:
                read = facts.extract(sentence)
            known[sentence] = read
            yield at, read
        self._sentences = known


def _moved(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)


def cut(text: str, start: int, end: int) -> list[Block]:
    """The blocks of ``text[start:end]``.

    ``start`` and ``end`` must be block borders, and ``text`` must reach ``CONTEXT`` code points
    past both, or to its document's own borders.
    """
    blocks: list[Block] = []
    at = start
    heading: Heading | None = None
    for place, event in _events(text, start, end):
        if place > at:
            blocks.extend(_run(text, at, place, heading))
        if isinstance(event, Heading):
            at, heading = place, event
        else:
            marker, after = event
            after = min(after, end)
            blocks.append(Block(text[place:after], marker=marker))
            at, heading = after, None
    if end > at:
        blocks.extend(_run(text, at, end, heading))
    return blocks


def _events(text: str, start: int, end: int) -> Iterator[tuple[int, Heading | tuple[Marker, int]]]:
    """The headings and markers that start in [start, end), in order; a marker is no heading."""
    at = start
    for found in markers.PATTERN.finditer(text, start) if "〔DoctorFLAN " in text else ():
        if found.start() >= end:
            break
        yield from find_headings(text, at, found.start())
        yield found.start(), (marker_of(found), found.end())
        at = found.end()
    yield from find_headings(text, at, end)


def _run(text: str, start: int, end: int, heading: Heading | None) -> Iterator[Block]:
    """The blocks of a run under one heading, cut where it is long."""
    while end - start > 2 * _LONG:
        stop = block_end(text, start + _LONG, end)
        if stop is None or stop >= end:
            break
        yield Block(text[start:stop], heading)
        start, heading = stop, None
    yield Block(text[start:end], heading)
