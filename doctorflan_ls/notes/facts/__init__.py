"""Facts of a sentence, one module for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from doctorflan_ls.notes.model import Fact, Sentence

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


@cache
def _finders() -> tuple[Callable[[Sentence], Iterable[Fact]], ...]:
    present = [name for name in _MODULES if find_spec(f"{__name__}.{name}")]
    return tuple(import_module(f"{__name__}.{name}").find for name in present)


def extract(sentence: Sentence) -> tuple[Fact, ...]:
    """The facts of ``sentence``, spans relative to its text, in the order they stand."""
    found = [fact for find in _finders() for fact in find(sentence)]
    return tuple(sorted(found, key=lambda fact: fact.span))
