"""Patterns that can take for ever: a repetition of nothing but repetitions, as in ``(a+)+``.

Python's matcher tries every way to share a run of letters among them, twice as many for each letter
more. Of such patterns these are the ones that people write by mistake; a hospital's file is its
own user's, so that none of the cleverer ones has to be feared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any

# Enough to be without a bound in practice.
_MANY = 20


@lru_cache(maxsize=1024)
def can_run_away(pattern: str) -> bool:
    """True for such a pattern; False for what is no pattern at all."""
    try:
        parsed = _parser().parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return any(_is_repeated(items) for items in _repeated(parsed))


def _parser() -> Any:  # noqa: ANN401  (the parser of the standard library has no public name)
    return import_module("re._parser")


def _repeated(items: Iterable[Any]) -> Iterator[Any]:
    """What stands under each unbounded repetition in ``items``."""
    for name, argument in items:
        if str(name) in {"MAX_REPEAT", "MIN_REPEAT"} and argument[1] >= _MANY:
            yield from _branches(argument[2])
        for inner in _inside(str(name), argument):
            yield from _repeated(inner)


def _branches(items: Any) -> Iterator[Any]:  # noqa: ANN401
    """The ways through ``items``: each branch of an alternative that is all of it."""
    while len(items) == 1 and str(items[0][0]) == "SUBPATTERN":
        items = items[0][1][-1]
    if len(items) == 1 and str(items[0][0]) == "BRANCH":
        for branch in items[0][1][1]:
            yield from _branches(branch)
    else:
        yield items


def _is_repeated(items: Any) -> bool:  # noqa: ANN401
    """True where one of ``items`` is an unbounded repetition and the others may be nothing."""
    endless = [
        at
        for at, (name, argument) in enumerate(items)
        if str(name) in {"MAX_REPEAT", "MIN_REPEAT"} and argument[1] >= _MANY
    ]
    return any(all(_may_be_nothing(*each) for each in _others(items, at)) for at in endless)


def _others(items: Any, at: int) -> list[Any]:  # noqa: ANN401
    return [each for number, each in enumerate(items) if number != at]


def _may_be_nothing(name: object, argument: Any) -> bool:  # noqa: ANN401
    if str(name) in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        return bool(argument[0] == 0)
    return str(name) in {"AT", "ASSERT", "ASSERT_NOT"}


def _inside(name: str, argument: Any) -> list[Any]:  # noqa: ANN401
    match name:
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return [argument[2]]
        case "SUBPATTERN":
            return [argument[-1]]
        case "BRANCH":
            return list(argument[1])
        case "ASSERT" | "ASSERT_NOT":
            return [argument[1]]
        case "ATOMIC_GROUP":
            return [argument]
        case _:
            return []
