"""What a statement of an inserted draft rests on, as long as the draft is remembered.

A block in a note carries no evidence; who made the draft remembers it with the words it rests on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from doctorflan_ls.drafts import Draft, Gap, Statement, plain
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.grounding import is_of_grounding
from doctorflan_ls.notes.model import DraftBlock
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span

_LONGEST_QUOTE = 160


@dataclass(frozen=True, slots=True)
class Remembered:
    """A draft, and the words of the note that its evidence spans stood for when it was made."""

    draft: Draft
    words: Mapping[Span, str]


def remember(draft: Draft, note: Note) -> Remembered:
    """``draft`` with the words of the ``note`` it was made from."""
    spans = {span for statement in draft.statements for span in statement.evidence}
    return Remembered(draft, {span: note.slice(span) for span in spans})


def evidence(
    snapshot: Snapshot, block: DraftBlock, remembered: Remembered, offset: int
) -> tuple[Span, list[str]] | None:
    """The piece of the draft at ``offset`` of the note, and lines on what it rests on.

    None where that line of the block is not the draft's any more: a doctor fills one gap after
    the other, and the lines left alone keep their evidence.
    """
    draft = remembered.draft
    place = _place(snapshot.note, block, draft, offset)
    if place is None:
        return None
    piece = _piece(draft, place.at)
    said_of = _findings(snapshot, draft, place.at)
    if piece is None:
        return block.span, said_of or [snapshot.say("hover.evidence-none")]
    span = place.standing(piece.span)
    if isinstance(piece, Gap):
        return span, [snapshot.say("hover.evidence-gap"), *said_of]
    return span, [*said_of, *_lines(snapshot, block, remembered, piece)]


def sources(note: Note, block: DraftBlock, remembered: Remembered, offset: int) -> list[Span]:
    """Where the note still says what the statement at ``offset`` rests on, in order."""
    place = _place(note, block, remembered.draft, offset)
    piece = None if place is None else _piece(remembered.draft, place.at)
    if not isinstance(piece, Statement):
        return []
    found = (_standing(note, block, remembered, span) for span in dict.fromkeys(piece.evidence))
    return sorted(span for span in found if span is not None)


class _Place(NamedTuple):
    """The code point ``at`` of a draft's text, in a line that stands in the note as it was made.

    ``line`` is that line in the draft's text, ``offsets`` where each of its code points stands.
    """

    at: int
    line: Span
    offsets: list[int]

    def standing(self, span: Span) -> Span:
        """Where the part of ``span`` that is on this line stands in the note."""
        first = max(span.start - self.line.start, 0)
        last = max(min(span.end, self.line.end) - self.line.start, first + 1)
        return Span(self.offsets[first], self.offsets[last - 1] + 1)


def _place(note: Note, block: DraftBlock, draft: Draft, offset: int) -> _Place | None:
    body = note.slice(block.body)
    # The note's line ends may be CRLF; the draft counts each as one.
    places = [at for at, char in enumerate(body) if char != "\n" or body[at - 1 : at] != "\r"]
    said = "".join("\n" if body[at] in "\r\n" else body[at] for at in places)
    at = max(bisect_right(places, offset - block.body.start) - 1, 0)
    start = said.rfind("\n", 0, at) + 1
    end = said.find("\n", at)
    line = said[start:] if end < 0 else said[start:end]
    origin = _same_line(plain(draft), line, start)
    if origin is None:
        return None
    # An empty line stands where its end does.
    offsets = [block.body.start + place for place in places[start : start + max(len(line), 1)]]
    return _Place(at - start + origin, Span(origin, origin + len(line)), offsets)


def _findings(snapshot: Snapshot, draft: Draft, at: int) -> list[str]:
    """What plugins say of the draft's text at ``at``."""
    return [
        snapshot.say(
            "hover.finding",
            message=found.message(snapshot.locale),
            source=found.authority(snapshot.locale),
        )
        for found in draft.findings
        # What grounding finds is said of the draft as it stands now.
        if not is_of_grounding(found) and found.span.start <= at < found.span.end
    ]


def _same_line(text: str, line: str, near: int) -> int | None:
    """Where ``text`` has ``line`` as a whole line, nearest to ``near``."""
    found = re.finditer(rf"^{re.escape(line)}$", text, re.MULTILINE)
    return min((match.start() for match in found), key=lambda at: abs(at - near), default=None)


def _piece(draft: Draft, at: int) -> Statement | Gap | None:
    """The statement or gap at ``at`` of the draft's text."""
    pieces: tuple[Statement | Gap, ...] = (*draft.statements, *draft.gaps)
    return next((each for each in pieces if each.span.start <= at < each.span.end), None)


def _lines(
    snapshot: Snapshot, block: DraftBlock, remembered: Remembered, statement: Statement
) -> Iterator[str]:
    note = snapshot.note
    yield snapshot.say("hover.evidence")
    for span in dict.fromkeys(statement.evidence):
        stands = _standing(note, block, remembered, span)
        quoted = " ".join(remembered.words[span].split())
        if len(quoted) > _LONGEST_QUOTE:
            quoted = quoted[:_LONGEST_QUOTE] + "…"
        if stands is None:
            yield snapshot.say("hover.evidence-gone", words=quoted)
        else:
            line = note.text.line_of(stands.start) + 1
            yield snapshot.say("hover.evidence-line", line=line, words=quoted)


def _standing(note: Note, block: DraftBlock, remembered: Remembered, span: Span) -> Span | None:
    """Where the words of the evidence ``span`` stand now, nearest to where they stood; None where
    the note lost them.

    They are looked for in the record, drafts left out: one may stand in their middle by now.
    """
    words = remembered.words[span].strip()
    if not words:
        return None
    record = _Record(note)
    moved = span.start + (
        block.span.end - block.span.start if span.start >= block.span.start else 0
    )
    found = (
        Span(record.offset(match.start()), record.offset(match.end() - 1) + 1)
        for match in re.finditer(re.escape(words), record.text)
    )
    return min(found, key=lambda at: abs(at.start - moved), default=None)


class _Record:
    """The text of a note without the drafts in it, and where each part of it stands."""

    def __init__(self, note: Note) -> None:
        self._starts: list[int] = []
        self._places: list[int] = []
        parts = []
        length = at = 0
        end = Span(len(note.text), len(note.text))
        for block in (*(each.span for each in note.draft_blocks), end):
            parts.append(note.slice(Span(at, block.start)))
            self._starts.append(length)
            self._places.append(at)
            length += block.start - at
            at = block.end
        self.text = "".join(parts)

    def offset(self, at: int) -> int:
        """Where the code point ``at`` of ``text`` stands in the note."""
        part = bisect_right(self._starts, at) - 1
        return self._places[part] + at - self._starts[part]
