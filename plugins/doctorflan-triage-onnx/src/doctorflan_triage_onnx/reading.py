"""What of a note the classifier reads, with the way back to the note; used in training too."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from doctorflan_ls.lexicon import place
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span

# What the patient came with and what was made of it. An examination's long list of organs without
# a finding would speak for the departments of those organs.
_READ = frozenset({"chief_complaint", "history", "diagnosis"})
# A complaint with its history is a page; the classifier learned from two lines.
_MOST = 20_000
_GAP = " "


@dataclass(frozen=True, slots=True)
class Reading:
    """Letters in lower case, whatever stood between them one blank.

    ``offsets[i]`` is the offset in the note of the character that ``text[i]`` comes from.
    """

    text: str
    offsets: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """Where in the note ``text[start:end]``, which holds no blank, stands."""
        return Span(self.offsets[start], self.offsets[end - 1] + 1)


def read(note: Note, scope: Span) -> Reading:
    """Complaint, history and diagnoses in ``scope``; all of it where the note has no such part.

    Left out are headings, drafts nobody reviewed, and findings that the note denies: 无胸痛 is no
    word for the cardiologist. Digits and punctuation are blanks.
    """
    source = str(note.text)
    kept = _kept(note, scope)
    letters: list[str] = []
    offsets: list[int] = []
    for at in range(scope.start, scope.end):
        letter = unicodedata.normalize("NFKC", source[at]).lower() if kept[at] else _GAP
        if not letter.isalpha():
            letter = _GAP
        if letter == _GAP and (not letters or letters[-1] == _GAP):
            continue
        # A ligature is several letters of one character.
        letters += letter
        offsets += [at] * len(letter)
        if len(letters) >= _MOST:
            break
    return Reading("".join(letters), tuple(offsets))


def _kept(note: Note, scope: Span) -> list[bool]:
    """For each offset of the note, whether it is read."""
    size = len(note.text)
    kept = _told(note)
    if not any(kept[scope.start : scope.end]):
        kept = [True] * size
    left_out = [section.heading_span for section in note.sections]
    left_out += [block.span for block in note.draft_blocks]
    left_out += [
        fact.span
        for fact in note.facts_in(scope)
        if fact.assertion == "denied" or fact.flag == "NEG"
    ]
    for span in left_out:
        kept[span.start : span.end] = [False] * (span.end - span.start)
    return kept


def _told(note: Note) -> list[bool]:
    """True where the note tells of the complaint; a part without a name is as its container."""
    told = [False] * len(note.text)
    for section in note.sections:
        start, end = section.span
        if section.id != "other":
            told[start:end] = [place(section.id) in _READ] * (end - start)
    return told
