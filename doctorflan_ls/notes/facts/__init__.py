"""Facts of a sentence, one module for each kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module

from doctorflan_ls.notes.model import Fact, FactKind, Sentence

_MODULES = (
    "demographics",
    "complaint",
    "vitals",
    "labs",
    "dates",
    "allergies",
    "drugs",
    "procedures",
    "diagnoses",
    "findings",
)
# What a kind leaves to others where the two overlap.
_YIELDS_TO: dict[FactKind, frozenset[FactKind]] = {
    "drug": frozenset({"allergy", "lab"}),
    "diagnosis": frozenset({"allergy", "procedure", "drug"}),
    "symptom": frozenset({"allergy", "procedure", "drug", "diagnosis"}),
    "sign": frozenset({"allergy", "procedure", "drug", "diagnosis"}),
    "procedure": frozenset({"allergy", "drug"}),
}


_PAST = frozenset({"past_history", "past_medical_history"})
_EARLIER = re.compile(r"最高|最低|曾|既往|\bpreviously\b|\bprior\b|\bhighest\b")


@cache
def _finders() -> tuple[Callable[[Sentence], Iterable[Fact]], ...]:
    # Imported on first use: the patterns take longer to compile than the server to start.
    return tuple(import_module(f"{__name__}.{name}").find for name in _MODULES)


def extract(sentence: Sentence) -> tuple[Fact, ...]:
    """The facts of ``sentence``, spans relative to its text, in the order they stand.

    Where two facts overlap, a substance of an allergy is no drug, a disease in an operation's name
    no diagnosis, a symptom in a disease's name no symptom; of one kind, the longer stays.
    """
    found = [_dated(fact, sentence) for find in _finders() for fact in find(sentence)]
    found.sort(key=lambda fact: (fact.span.start, -fact.span.end))
    return tuple(
        fact
        for near in _overlapping(found)
        for fact in near
        if len(near) == 1 or not any(_loses(fact, other) for other in near)
    )


def _overlapping(ordered: Iterable[Fact]) -> Iterator[list[Fact]]:
    """Facts in runs, none of which overlaps a fact of another run."""
    run: list[Fact] = []
    end = 0
    for fact in ordered:
        if run and fact.span.start >= end:
            yield run
            run, end = [], 0
        run.append(fact)
        end = max(end, fact.span.end)
    if run:
        yield run


def _dated(fact: Fact, sentence: Sentence) -> Fact:
    """A measurement of the past history, or one told as the highest ever, is not today's."""
    if fact.kind not in ("vital", "lab"):
        return fact
    before = sentence.text[max(fact.span.start - 12, 0) : fact.span.start + 6]
    if sentence.section in _PAST or _EARLIER.search(before):
        return fact._replace(assertion="historical")
    return fact


def _loses(fact: Fact, other: Fact) -> bool:
    if fact is other or not fact.span.overlaps(other.span):
        return False
    if fact.kind == other.kind:
        return other.span != fact.span and other.span.contains(fact.span)
    return other.kind in _YIELDS_TO.get(fact.kind, frozenset())
