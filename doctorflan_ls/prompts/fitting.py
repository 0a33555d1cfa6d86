"""What of a long note a model is given: its parts by their worth to the task's phase."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from doctorflan_ls.lexicon import group, table
from doctorflan_ls.notes.model import Section
from doctorflan_ls.notes.note import Note
from doctorflan_ls.notes.sentences import sentences
from doctorflan_ls.prompts.fence import harmless, seen
from doctorflan_ls.tasks.model import Phase
from doctorflan_ls.text import Span

_LONGEST_NAME = 24
# Of the room that is left, what a part that does not fit whole may have before the others.
_SHARE = 0.5
_TRIES = 4
# A case that fills this much of the room is not tried longer; a new length is a little under what
# the measure says.
_FULL = 0.85
_CAUTION = 0.95
# A case of fewer characters is none.
_LEAST = 60
# No tokenizer makes fewer tokens of text than one for this many characters, roughly; what is longer
# than the context by that measure is not counted whole.
_MOST_CHARACTERS = 8
# Of one part, no more is cut into sentences: no context takes more.
_MOST_READ = 200_000


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of the note that the model is not given; with ``begun`` its beginning is."""

    name: str
    begun: bool


@dataclass(frozen=True, slots=True)
class Case:
    """The note's text as a model is given it, and what of it is left out."""

    text: str
    left_out: tuple[LeftOut, ...] = ()


@dataclass(slots=True)
class _Part:
    """A headed part without those inside it, drafts taken away; ``kept`` counts in ``text``."""

    section: str
    name: str
    text: str
    kept: int = 0


class CaseFitter:
    """Cuts a note's scope to a length, again and again for other lengths."""

    def __init__(self, note: Note, scope: Span, phase: Phase, gap: str) -> None:
        self._parts = _parts(note, scope)
        self._gap = gap
        ranks = _ranks(phase)
        order = sorted(
            range(len(self._parts)),
            key=lambda at: (ranks.get(self._parts[at].section, len(ranks)), at),
        )
        self._by_worth = [self._parts[at] for at in order]
        self._ends: dict[int, list[int]] = {}
        self.length = sum(len(part.text) for part in self._parts)

    def whole(self) -> Case:
        """All of it."""
        return Case("".join(part.text for part in self._parts).strip("\n"))

    def cut(self, limit: int) -> Case:
        """At most ``limit`` characters: whole parts first, by worth, then beginnings of others."""
        if self.length <= limit:
            return self.whole()
        left = limit
        # Behind each part that is kept something may be left out, which is said there.
        said = len(self._gap) + 2
        for part in self._by_worth:
            size = len(part.text)
            room = left - said
            part.kept = size if size <= room else self._beginning(part, int(room * _SHARE))
            left -= part.kept + said if part.kept else 0
        for part in self._by_worth:
            if part.kept < len(part.text):
                more = self._beginning(part, part.kept + left - (0 if part.kept else said))
                left -= more - part.kept + (0 if part.kept or not more else said)
                part.kept = max(more, part.kept)
        return Case(self._joined(), tuple(self._left_out()))

    def _beginning(self, part: _Part, limit: int) -> int:
        """How many characters of whole sentences of ``part`` fit in ``limit``."""
        ends = self._ends.get(id(part))
        if ends is None:
            ends = [span.end for span in sentences(part.text, 0, min(len(part.text), _MOST_READ))]
            self._ends[id(part)] = ends
        fitting = [end for end in ends if end <= limit]
        return fitting[-1] if fitting else 0

    def _joined(self) -> str:
        shown: list[str] = []
        for part in self._parts:
            if part.kept:
                shown.append(part.text[: part.kept])
            if part.kept < len(part.text.rstrip()) and (not shown or shown[-1] != self._gap):
                shown.append(self._gap)
        return "\n".join(text.strip("\n") for text in shown)

    def _left_out(self) -> Iterator[LeftOut]:
        for part in self._parts:
            if part.kept < len(part.text.rstrip()):
                yield LeftOut(part.name, begun=part.kept > 0)


def fitted(
    fitter: CaseFitter, tokens: Callable[[str], int], budget: int, floor: int
) -> Case | None:
    """The case in a conversation of at most ``budget`` tokens; None where hardly any of it fits.

    ``tokens`` counts the conversation with a given text of the case. It is asked a few times only,
    and never for much more text than could fit. What goes around the case is taken to need
    ``floor`` tokens at least, so that tasks that differ a little in it get the same case.
    """
    if fitter.length <= budget * _MOST_CHARACTERS:
        case = fitter.whole()
        limit = len(case.text)
        if (used := tokens(case.text)) <= budget:
            return case
    else:
        limit = budget
        case = fitter.cut(limit)
        used = tokens(case.text)
    around = tokens("")
    room = budget - max(around, floor)
    best: Case | None = None
    for _ in range(_TRIES):
        if used - around <= room:
            best = case
            if used - around > room * _FULL:
                break
        # By the tokens that the last length took.
        limit = int(limit * room / max(used - around, 1) * _CAUTION)
        case = fitter.cut(limit)
        if limit < _LEAST or (best and len(case.text) <= len(best.text)):
            break
        used = tokens(case.text)
    return best


def _parts(note: Note, scope: Span) -> list[_Part]:
    cuts = [section for section in note.sections if scope.start < section.heading_span.start]
    cuts = [section for section in cuts if section.heading_span.start < scope.end]
    first = note.section_at(scope.start)
    begins: list[tuple[int, Section | None]] = [(scope.start, first)]
    begins += [(section.heading_span.start, section) for section in cuts]
    ends = [at for at, _ in begins[1:]] + [scope.end]
    found = []
    for (start, section), end in zip(begins, ends, strict=True):
        text = harmless(_without_drafts(note, Span(start, end)))
        if text.strip():
            name = _named(section.heading if section else "")
            found.append(_Part(_canonical(note.sections, section), name, text))
    return found


def _named(heading: str) -> str:
    """A heading of the note as a draft may repeat it: short, one line."""
    name = " ".join(seen(heading).split()).translate(str.maketrans("〔〕［］[]", "（）（）()"))
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _canonical(sections: Sequence[Section], section: Section | None) -> str:
    """The id that says what the part is: its own, or for a heading nobody knows its container's."""
    if section is None:
        return ""
    if section.id != "other":
        return section.id
    for other in reversed(sections):
        if other.id != "other" and other is not section and other.span.contains(section.span):
            return other.id
    return section.id


def _without_drafts(note: Note, span: Span) -> str:
    """The text of ``span``; what nobody reviewed is no evidence and is not shown to a model."""
    kept = []
    start = span.start
    for block in note.draft_blocks:
        if block.span.overlaps(span):
            kept.append(note.slice(Span(start, max(block.span.start, start))))
            start = max(min(block.span.end, span.end), start)
    kept.append(note.slice(Span(start, span.end)))
    return "".join(kept)


@cache
def _ranks(phase: Phase) -> dict[str, int]:
    ranks: dict[str, int] = {}
    for rank, name in enumerate(table("prompts")["worth"][phase]):
        for section in group(name[1:]) if name.startswith("@") else (name,):
            ranks.setdefault(section, rank)
    return ranks


__all__ = ["Case", "CaseFitter", "LeftOut", "fitted"]
