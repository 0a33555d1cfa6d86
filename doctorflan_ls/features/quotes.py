"""Ghost text that goes on with what the note already says: a drug with its dose, a lab value.

Only what would be read as the very same fact where it is typed is offered, so that a ghost never
says what the note does not hold: not behind a negation, not as somebody else's, not as a new value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from doctorflan_ls.insertion import block_at
from doctorflan_ls.lexicon import group, has_cue, table
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span

_KINDS = ("allergy", "diagnosis", "drug", "lab", "procedure")
_HELD = ("present", "historical")
_NO_LONGER_TAKEN = ("avoid", "changed", "stopped")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")
_SENTENCE_END = re.compile(r"[。！？；;!?\r\n]|\.(?=\s)")
# What may stand behind the cursor: a ghost in front of words would run into them.
_CLOSING = "，。；、,;.)）]］"
_LEAST_CHINESE, _LEAST_LATIN, _LEAST_REST = 2, 3, 2
_LONGEST = 80
# Chinese sides are part of a diagnosis; English ones stand before it.
_SIDE = re.compile(r"(left|right|bilateral|左侧?|右侧?|双侧?)[ -]*$", re.IGNORECASE)
_LONGEST_SIDE = 12
# Far away in a very long note nobody remembers it, and each key would cost the whole note.
_NEAR = 50_000
_MOST_TRIED, _MOST = 8, 3


@dataclass(frozen=True, slots=True)
class Ghost:
    """``span``, which ends at the cursor, becomes ``text``, which begins with what stands there."""

    span: Span
    text: str


class _Candidate(NamedTuple):
    """``fact``, of which the last ``typed`` characters before the cursor are the beginning."""

    fact: Fact
    typed: int


def quotes(note: Note, offset: int) -> tuple[Ghost, ...]:
    """What goes on from the words before ``offset``: the longest typed first, then the nearest."""
    line = note.text.line_span(note.text.line_of(offset))
    after = note.slice(Span(offset, line.end)).strip()
    if (after and after[0] not in _CLOSING) or block_at(note, offset) is not None:
        return ()
    before = note.slice(Span(max(line.start, offset - _LONGEST - 1), offset))
    found = sorted(
        _candidates(note, before, offset),
        key=lambda each: (-each.typed, abs(each.fact.span.start - offset)),
    )
    ghosts: dict[str, Ghost] = {}
    for fact, typed in found[:_MOST_TRIED]:
        rest = fact.text[typed:]
        if rest not in ghosts and _reads_the_same(note, fact, offset, typed):
            ghosts[rest] = Ghost(Span(offset - typed, offset), before[-typed:] + rest)
    return tuple(ghosts.values())[:_MOST]


def _candidates(note: Note, before: str, offset: int) -> Iterator[_Candidate]:
    near = Span(max(offset - _NEAR, 0), min(offset + _NEAR, len(note.text)))
    barred = _barred(note, offset)
    for fact in note.facts_in(near):
        if fact.kind in barred or not _is_offered(fact):
            continue
        typed = _typed(before, fact.text)
        if not typed or fact.span.overlaps(Span(offset - typed, offset)):
            continue
        if _side(before[:-typed]) == _side_of(note, fact):
            yield _Candidate(fact, typed)


def _is_offered(fact: Fact) -> bool:
    text = fact.text
    # Half of a bracket: words of two clauses that were read as one.
    torn = text.count("（") != text.count("）") or text.count("(") != text.count(")")
    if fact.kind not in _KINDS or len(text) > _LONGEST or len(text.splitlines()) != 1 or torn:
        return False
    if fact.kind == "drug":
        taken = fact.status not in _NO_LONGER_TAKEN
        return fact.assertion == "present" and fact.dose is not None and taken
    if fact.kind == "lab":
        return fact.assertion == "present" and fact.value is not None
    return fact.assertion in (("present",) if fact.kind == "allergy" else _HELD)


def _typed(before: str, quote: str) -> int:
    """How many characters of ``quote`` stand at the end of ``before``; 0 where too few do."""
    folded, wanted = before.lower(), quote.lower()
    if len(folded) != len(before) or len(wanted) != len(quote):
        return 0
    for length in range(min(len(quote) - _LEAST_REST, len(before)), 1, -1):
        if not folded.endswith(wanted[:length]):
            continue
        start = before[-length - 1 : -length] if length < len(before) else ""
        if _in_word(start) and _in_word(quote[0]):
            continue
        typed = quote[:length]
        enough = len(_CHINESE.findall(typed)) >= _LEAST_CHINESE
        if enough or len(_LATIN.findall(typed)) >= _LEAST_LATIN:
            return length
    return 0


def _side(before: str) -> str:
    """The side that ``before`` ends with; empty where it names none."""
    found = _SIDE.search(before)
    return found[1].lower() if found else ""


def _side_of(note: Note, fact: Fact) -> str:
    return _side(note.slice(Span(max(fact.span.start - _LONGEST_SIDE, 0), fact.span.start)))


def _in_word(char: str) -> bool:
    """True for a letter or digit of a script that parts words by blanks."""
    return char.isalnum() and not _CHINESE.match(char)


def _barred(note: Note, offset: int) -> set[str]:
    """Kinds of which something new is being said: another dose, a fresh result, a mere suspicion.

    Where results are written down, what is typed is a fresh one.
    """
    start = max(note.text.line_span(note.text.line_of(offset)).start, offset - 4 * _LONGEST)
    sentence = _SENTENCE_END.split(note.slice(Span(start, offset)))[-1]
    barred = {kind for kind, words in table("ghost")["words"].items() if has_cue(sentence, words)}
    section = note.section_at(offset) or (note.section_at(offset - 1) if offset else None)
    if section is not None and section.id in group("labs") | group("reports"):
        barred.add("lab")
    return barred


def _reads_the_same(note: Note, fact: Fact, offset: int, typed: int) -> bool:
    """True where the words, completed at ``offset``, say the same as ``fact`` and are held."""
    completed = note.edited(Span(offset, offset), fact.text[typed:], note.version)
    whole = Span(offset - typed, offset - typed + len(fact.text))
    return any(
        _said(read) == _said(fact)
        and read.assertion in _HELD
        and read.status not in _NO_LONGER_TAKEN
        and read.span.start == whole.start
        and read.span.end >= whole.end
        for read in completed.facts_in(whole)
    )


def _said(fact: Fact) -> tuple[object, ...]:
    return (fact.kind, fact.name, fact.value, fact.unit, fact.dose, fact.frequency, fact.route)
