"""Where a stop string ends an answer."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from doctorflan_ls.models.base import Finish


def until(
    pieces: Generator[str, None, Finish], stops: Sequence[str]
) -> Generator[str, None, Finish]:
    """Yield the text of ``pieces`` up to the first of ``stops``, never any part of one.

    An end of the text that a stop string may still grow from is held back until it is decided.
    Which string counts as the first (the one complete first, the longer of two that end together)
    depends on the text alone, not on how it is cut into pieces. Returns "stop" where one was
    found, else what ``pieces`` returns; ``pieces`` is closed at the end.
    """
    stops = tuple(stop for stop in stops if stop)
    held = ""
    try:
        while True:
            try:
                held += next(pieces)
            except StopIteration as end:
                if held:
                    yield held
                finish: Finish = end.value
                return finish
            found = _first(held, stops)
            if found is not None:
                if found:
                    yield held[:found]
                return "stop"
            certain = len(held) - _undecided(held, stops)
            if certain:
                yield held[:certain]
                held = held[certain:]
    finally:
        pieces.close()


def _first(text: str, stops: Sequence[str]) -> int | None:
    """Where the stop string begins that is complete first; None where there is none."""
    begins = ((text.find(stop), len(stop)) for stop in stops)
    found = [(at + length, at) for at, length in begins if at >= 0]
    return min(found)[1] if found else None


def _undecided(text: str, stops: Sequence[str]) -> int:
    """The length of the longest end of ``text`` that begins a stop string."""
    longest = min(len(text), max(map(len, stops), default=1) - 1)
    for length in range(longest, 0, -1):
        if text.endswith(tuple(stop[:length] for stop in stops if len(stop) > length)):
            return length
    return 0


__all__ = ["until"]
