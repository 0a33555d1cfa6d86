"""How a record is worded: foreign words (ZC-04), copied entries (ZC-06), negations (ZC-13)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from doctorflan_ls.checks.model import Finding, Related
from doctorflan_ls.checks.patterns import (
    filled,
    found_in,
    limit,
    pattern,
    phrase,
    rules_of,
    words,
)
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.notes.facts.lab_table import lab_table
from doctorflan_ls.notes.facts.measurements import load
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.notes.facts.vocabulary import scan, table_terms
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

_LATIN = re.compile(r"[A-Za-z]{2,}")
# Around a phrase's word, in code points.
_BESIDE = 24


def checks() -> Iterator[Check]:
    """The checks of this module."""
    yield Check("foreign-words", rules_of("ZC-04"), foreign_words, "part")
    yield Check("copied-entries", rules_of("ZC-06"), copied_entries)
    yield Check("double-negations", rules_of("ZC-13"), double_negations, "part")
    yield Check("stated-and-denied", rules_of("ZC-13"), stated_and_denied, "part")


def foreign_words(at: Scope) -> Iterator[Finding]:
    """Foreign words in a Chinese record that no list knows (ZC-04), each once in a part."""
    if at.note.language != "zh":
        return
    table = at.table
    common = words(table, "forms", "latin", "common")
    before = pattern(table, "forms", "latin", "phrase_before")
    after = pattern(table, "forms", "latin", "phrase_after")
    told: set[str] = set()
    for span, match in found_in(at, pattern(table, "forms", "latin", "word")):
        word = match[0]
        if not (word.isupper() or word.islower()) or word in told:
            continue
        if word.lower() in common or word.lower() in _known_latin():
            continue
        text = half_width(at.text)
        start, end = match.span()
        if before.search(text[max(start - 4, 0) : start]) or after.match(text, end):
            continue
        if _in_brackets(text, start, end):
            continue
        told.add(word)
        yield Finding(table.rules["ZC-04"], span, {"text": word})


def _in_brackets(text: str, start: int, end: int) -> bool:
    head = text[max(start - _BESIDE, 0) : start]
    tail = text[end : end + _BESIDE]
    return head.rfind("(") > head.rfind(")") and ")" in tail


@cache
def _known_latin() -> frozenset[str]:
    """The Latin words of the tables: terms, tests, vital signs, units; in small letters."""
    known: set[str] = set()
    for term, surfaces in table_terms():
        for each in surfaces:
            found = _LATIN.findall(each)
            # Of a phrase (change in bowel habit) only what is an abbreviation; of a drug each part.
            whole = len(found) == 1 or term.kind in ("drug", "drug_class")
            known.update(word.lower() for word in found if whole or word.isupper())
    labs = lab_table()
    known.update(word for each in labs.analytes for word in _LATIN.findall(each.lower()))
    known.update(word for each in labs.units for word in _LATIN.findall(each.lower()))
    for row in load("vitals.toml")["vital"]:
        for each in (*row["labels"], *row["units"]):
            known.update(_LATIN.findall(half_width(each).lower()))
    return frozenset(known)


def double_negations(at: Scope) -> Iterator[Finding]:
    """否认无高血压, denies no chest pain (ZC-13)."""
    table = at.table
    problem = phrase(table, "forms", "negation", "problems", "doubled")
    kind = "doubled_zh" if at.note.language == "zh" else "doubled_en"
    for span, match in found_in(at, pattern(table, "forms", "negation", kind)):
        if kind == "doubled_zh":
            end = _denied_end(at, match.end())
            # In 无否认 and the like the table's word must follow at once.
            if end is None:
                continue
            span = Span(span.start, at.span.start + end)  # noqa: PLW2901
        text = at.words(span)
        yield Finding(table.rules["ZC-13"], span, {"problem": filled(problem, {"text": text})})


def _denied_end(at: Scope, start: int) -> int | None:
    """Where the word ends that is denied from ``start`` on; None where none is known."""
    table = at.table
    kinds = words(table, "forms", "negation", "kinds")
    window = max(start - 8, 0)
    for match in scan(at.text[window : start + 16]):
        first, last = match.start + window, match.end + window
        # 无力 and 无痛: the second negation belongs to the word.
        if first < start < last:
            return None
        if first == start and match.term.kind in kinds:
            return last
    other = pattern(table, "forms", "negation", "deniable").match(at.text, start)
    return other.end() if other else None


def stated_and_denied(at: Scope) -> Iterator[Finding]:
    """A finding that one section both has and has not, with no other moment told (ZC-13)."""
    table = at.table
    problem = phrase(table, "forms", "negation", "problems", "both")
    related = phrase(table, "forms", "negation", "related", "other")
    for said in _said_of(at).values():
        one = said[0]
        other = next((each for each in said if each.assertion != one.assertion), None)
        if other is None or any(_is_apart(at, each) for each in said):
            continue
        if _is_another_moment(at, Span(one.span.end, other.span.start)):
            continue
        fields = {"problem": filled(problem, {"text": other.text})}
        place = Related(one.span, related)
        yield Finding(table.rules["ZC-13"], other.span, fields, related=(place,))


def _said_of(at: Scope) -> dict[tuple[str, str], list[Fact]]:
    """What each section says of each finding that is one thing wherever it is told."""
    table = at.table
    sections = words(table, "forms", "stated_and_denied", "sections")
    whole = words(table, "forms", "stated_and_denied", "examined")
    whole |= words(table, "forms", "stated_and_denied", "complained")
    said: dict[tuple[str, str], list[Fact]] = {}
    for fact in at.facts:
        if (
            fact.kind in ("symptom", "sign")
            and fact.name in whole
            and fact.section in sections
            and fact.assertion in ("present", "denied")
        ):
            said.setdefault((fact.section, fact.name), []).append(fact)
    return said


def _is_apart(at: Scope, fact: Fact) -> bool:
    """True where the words around it say that it is one of several: a side, a degree, a time."""
    reach = int(limit(at.table, "forms", "stated_and_denied", "reach"))
    start = fact.span.start - at.span.start
    around = at.text[max(start - reach, 0) : fact.span.end - at.span.start + reach]
    return pattern(at.table, "forms", "stated_and_denied", "apart").search(around) is not None


def _is_another_moment(at: Scope, between: Span) -> bool:
    if between.end - between.start > limit(at.table, "forms", "stated_and_denied", "farthest"):
        return True
    text = half_width(at.words(between))
    return pattern(at.table, "forms", "stated_and_denied", "moment").search(text) is not None


class _Piece(NamedTuple):
    """A sentence by its hash and length; ``entry`` is a line that begins an entry."""

    start: int
    end: int
    words: int
    length: int
    entry: bool


def copied_entries(at: Scope) -> Iterator[Finding]:
    """Entries of one document that say nearly what an earlier one says (ZC-06)."""
    # Sentences are looked at only where there are two entries to compare.
    if not at.whole or sum(count for _, count in at.gather(_heads)) < 2:
        return
    entries: list[list[_Piece]] = []
    for start, piece in at.gather(_pieces):
        if piece.entry:
            head = piece._replace(start=piece.start + start, end=piece.end + start)
            entries.append([head])
        elif entries:
            entries[-1].append(piece)
    least = limit(at.table, "forms", "copies", "shortest_entry")
    shares = limit(at.table, "forms", "copies", "share")
    related = phrase(at.table, "forms", "copies", "related")
    before: list[tuple[_Piece, frozenset[int]]] = []
    for head, *body in entries:
        length = sum(piece.length for piece in body)
        if length < least:
            continue
        said = frozenset(piece.words for piece in body)
        for other, earlier in reversed(before[-10:]):
            share = _share(body, earlier) / length
            if share >= shares:
                span = Span(head.start, head.end)
                place = Related(Span(other.start, other.end), related)
                fields = {"share": str(round(share * 100))}
                yield Finding(at.table.rules["ZC-06"], span, fields, related=(place,))
                break
        before.append((head, said))


def _heads(part: Scope) -> tuple[int, ...]:
    """How many entries begin in ``part``."""
    entry = pattern(part.table, "forms", "copies", "entry")
    count = sum(1 for _ in entry.finditer(half_width(part.text)))
    return (count,) if count else ()


def _share(body: Sequence[_Piece], earlier: frozenset[int]) -> int:
    return sum(piece.length for piece in body if piece.words in earlier)


def _pieces(part: Scope) -> Iterator[_Piece]:
    table, text, start = part.table, part.text, part.span.start
    heads = [
        match.span()
        for match in pattern(table, "forms", "copies", "entry").finditer(half_width(text))
        if part.is_record(Span(start + match.start(), start + match.end()))
    ]
    least = limit(table, "forms", "copies", "shortest_sentence")
    bounds = [0, *(end for _, end in heads)]
    stops = [*(first for first, _ in heads), len(text)]
    sentence = pattern(table, "forms", "copies", "sentence")
    for index, (begin, stop) in enumerate(zip(bounds, stops, strict=True)):
        if index:
            first, last = heads[index - 1]
            first += len(text[first:last]) - len(text[first:last].lstrip())
            yield _Piece(first, last, 0, 0, entry=True)
        for found in sentence.finditer(text, begin, stop):
            said = re.sub(r"\s", "", found[0])
            place = Span(start + found.start(), start + found.end())
            if len(said) >= least and part.is_record(place):
                yield _Piece(found.start(), found.end(), hash(said), len(said), entry=False)
