"""Selectors over what bears on the choice of a drug, as recorded: they know no dose limit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctorflan_ls.lexicon import cues, has_cue, table
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.facts import measured
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

_LONGEST_WORDING = 40
_DIGIT = re.compile(r"\d")
# A value before 、 belongs to another test.
_AFTER_VALUE = re.compile(r"[^，。；\n]*\d[^、，。；\n]*、")


def safety(case: Case, query: Query) -> list[Line]:
    """``flags``: recorded facts that bear on drug choice; ``missing``: those not recorded."""
    return list(_flags(case)) if query.argument == "flags" else _missing(case)


def _rules() -> dict[str, list[str]]:
    rules: dict[str, list[str]] = table("skeleton")["safety"]
    return rules


def _flags(case: Case) -> Iterator[Line]:
    rules = table("skeleton")["safety"]
    fact = case.first("age")
    if fact and case.age is not None and not rules["child"] <= case.age < rules["old"]:
        yield Line((Piece(case.quote(fact.span), (fact.span,)),), "age")
    yield from case.joined(list(_pregnancy(case)), 3, "pregnancy")
    for kind in ("renal", "hepatic", "coagulation"):
        pieces = [
            measured(case, fact)
            for fact in _values(case, kind)
            if kind == "renal" or fact.flag in ("H", "L", "POS")
        ]
        pieces += list(_in_words(case, kind))
        pieces += list(_diseases(case, rules.get(f"{kind}_words", [])))
        yield from case.joined(pieces, 6, kind)


def _values(case: Case, kind: str) -> Iterator[Fact]:
    names = tuple(name.casefold() for name in _rules()[kind])
    return (
        fact
        for fact in case.all_facts
        if fact.kind == "lab" and _named(f"{fact.name} {fact.text}".casefold(), names)
    )


def _named(text: str, names: tuple[str, ...]) -> bool:
    # Chinese names by substring, Latin abbreviations as words: "alt" is not in "alternate".
    words = set(text.replace("/", " ").replace("(", " ").replace(")", " ").split())
    return any(name in (words if name.isascii() else text) for name in names)


def _in_words(case: Case, kind: str) -> Iterator[Piece]:
    """Where a Chinese note words the organ's function without a value (肝功能正常)."""
    words = tuple(_rules().get(f"{kind}_function", []))
    if case.note.language == "en" or not has_cue(case.text, words):
        return
    for span in case.cut(0, len(case.text)):
        for clause in case.clauses(span):
            start = _AFTER_VALUE.match(case.text, clause.start, clause.end)
            part = Span(start.end(), clause.end) if start else clause
            verdict = has_cue(case.quote(part), cues("normal")) or part.end == span.end
            part = part if verdict else Span(part.start, span.end)
            said = case.quote(part)
            fits = has_cue(said, words) and not _DIGIT.search(said) and len(said) < _LONGEST_WORDING
            if fits and case.place(part) not in ("family", "plan"):
                yield Piece(said, (part,))


def _diseases(case: Case, words: list[str]) -> Iterator[Piece]:
    folded = tuple(word.casefold() for word in words)
    for fact in case.all_facts:
        said = f"{fact.name} {fact.text}"
        known = fact.kind == "diagnosis" and fact.assertion in ("present", "historical")
        if known and folded and has_cue(said, folded):
            yield Piece(case.quote(fact.span), (fact.span,))


def _pregnancy(case: Case) -> Iterator[Piece]:
    low, high = table("skeleton")["safety"]["fertile"]
    if case.sex == "male" or (case.age is not None and not low <= case.age <= high):
        return
    words = cues("pregnancy")
    for span in case.cut(0, len(case.text)):
        if case.place(span) in ("family", "plan"):
            continue
        for clause in case.clauses(span):
            said = case.quote(clause)
            if has_cue(said, words) and not case.denied(clause) and len(said) < 60:
                yield Piece(said, (clause,))


def _missing(case: Case) -> list[Line]:
    """One line of what is not recorded; it rests on the whole note, so it has no span."""
    low, high = table("skeleton")["safety"]["fertile"]
    asks = []
    if case.age is None:
        asks.append(case.word("age_missing"))
    if not any(fact.kind == "vital" and fact.name == "weight" for fact in case.all_facts):
        asks.append(case.word("weight_missing"))
    organs = [
        kind
        for kind in ("renal", "hepatic")
        if not any(_values(case, kind)) and not any(_in_words(case, kind))
    ]
    asks += [case.word(f"{kind}_missing") for kind in organs]
    fertile = case.sex == "female" and case.age is not None and low <= case.age <= high
    if fertile and not case.mentions(cues("pregnancy") + cues("not_fertile")):
        asks.append(case.word("pregnancy_missing"))
    if not asks:
        return []
    return [Line((Piece(case.word("gap", ask=case.word("semicolon").join(asks)), gap=True),))]
