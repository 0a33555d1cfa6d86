"""What a statement of an inserted draft rests on, as long as the draft is remembered.

A block in a note carries no evidence; who made the draft remembers it with the words it rests on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from doctorflan_ls.drafts import Draft, Gap, Statement, plain
from doctorflan_ls.features.snapshot import Snapshot
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
    note, draft = snapshot.note, remembered.draft
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
    piece = _piece(draft, at - start + origin)
    said_of = _findings(snapshot, draft, at - start + origin)
    if piece is None:
        return block.span, said_of or [snapshot.say("hover.evidence-none")]
    first = max(piece.span.start - origin, 0) + start
    last = min(piece.span.end - origin, len(line)) + start
    span = Span(block.body.start + places[first], block.body.start + places[last - 1] + 1)
    if isinstance(piece, Gap):
        return span, [snapshot.say("hover.evidence-gap"), *said_of]
    return span, [*said_of, *_lines(snapshot, block, remembered, piece)]


def _findings(snapshot: Snapshot, draft: Draft, at: int) -> list[str]:
    """What plugins say of the draft's text at ``at``."""
    return [
        snapshot.say(
            "hover.finding",
            message=found.message(snapshot.locale),
            source=found.authority(snapshot.locale),
        )
        for found in draft.findings
        if found.span.start <= at < found.span.end
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
        words = remembered.words[span]
        moved = span.start + (len(block.span) if span.start >= block.span.start else 0)
        at = _nearest(note, words, moved)
        quoted = " ".join(words.split())
        if len(quoted) > _LONGEST_QUOTE:
            quoted = quoted[:_LONGEST_QUOTE] + "…"
        if at is None:
            yield snapshot.say("hover.evidence-gone", words=quoted)
        else:
            line = note.text.line_of(at) + 1
            yield snapshot.say("hover.evidence-line", line=line, words=quoted)


def _nearest(note: Note, words: str, expected: int) -> int | None:
    """Where the record (no draft in it) still says ``words``, nearest to ``expected``."""
    blocks = [block.span for block in note.draft_blocks]
    found = (
        match.start()
        for match in re.finditer(re.escape(words), str(note.text))
        if not any(span.start <= match.start() < span.end for span in blocks)
    )
    return min(found, key=lambda at: abs(at - expected), default=None)
