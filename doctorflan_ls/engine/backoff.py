"""What a model failed with a moment ago: the next draft is not to pay for that again."""

from __future__ import annotations

import time
from collections.abc import Callable

from doctorflan_ls.errors import DoctorFlanError

# The last part of the keys that say that a server was not reached.
_AWAY = frozenset({"no-name", "unreachable"})


def is_away(error: DoctorFlanError) -> bool:
    """True where ``error`` says that a model's server was not reached."""
    return error.key.rpartition(".")[2] in _AWAY


class Backoff:
    """Remembers one failure for ``seconds``, or until ``mark`` gives something else than then.

    A failure that came within ``cheap`` seconds is not remembered: trying again costs nothing, and
    finds what was mended at once. For one thread at a time.
    """

    def __init__(self, seconds: float, cheap: float, mark: Callable[[], object]) -> None:
        self._seconds = seconds
        self._cheap = cheap
        self._mark = mark
        self._failure: DoctorFlanError | None = None
        self._until = 0.0
        self._marked: object = None

    def known(self) -> DoctorFlanError | None:
        """The failure that trying now would end in; None where it may be worth it."""
        over = time.monotonic() >= self._until
        if self._failure is not None and (over or self._mark() != self._marked):
            self._failure = None
        return self._failure

    def note(self, failure: DoctorFlanError, cost: float, mark: object) -> None:
        """Remember ``failure``, which took ``cost`` seconds, with the mark from before it."""
        if cost >= self._cheap:
            self._failure = failure
            self._until = time.monotonic() + self._seconds
            self._marked = mark


__all__ = ["Backoff", "is_away"]
