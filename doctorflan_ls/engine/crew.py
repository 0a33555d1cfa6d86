"""Many pieces of work that mostly wait, done a few at a time on threads of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar, cast

from doctorflan_ls.models.base import Stop

_T = TypeVar("_T")
_R = TypeVar("_R")

# So often the caller's thread looks up: not every system wakes one that waits for Ctrl-C.
_LOOK_SECONDS = 0.2
# What hands have at the end to let go of what they are in.
_LEAVE_SECONDS = 3.0
_END = object()


def in_parallel(
    work: Callable[[_T, int], _R],
    items: Iterable[_T],
    hands: int,
    stop: Stop,
    keep: Callable[[_R], None],
) -> Iterator[_R]:
    """What ``work`` makes of each of ``items``, as it comes, made by ``hands`` threads.

    ``work`` is given an item and the number of the hand, from 0, and is to end early once ``stop``
    is set. ``keep`` is called with each result on the thread that made it, before it is given here
    and never twice at once, so that nothing that was done is lost where the caller is interrupted.
    Raises what ``work`` or ``keep`` raised first, once the other hands have let go. Leaving early
    sets ``stop``.
    """
    crew = _Crew(work, iter(items), stop, keep)
    threads = [
        threading.Thread(target=crew.run, args=(hand,), name=f"crew {hand}", daemon=True)
        for hand in range(hands)
    ]
    try:
        for thread in threads:
            thread.start()
        yield from crew.results(len(threads))
    finally:
        stop.set()
        until = time.monotonic() + _LEAVE_SECONDS
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0))
    if crew.failure is not None:
        raise crew.failure


class _Crew(Generic[_T, _R]):
    """What the hands share."""

    def __init__(
        self,
        work: Callable[[_T, int], _R],
        items: Iterator[_T],
        stop: Stop,
        keep: Callable[[_R], None],
    ) -> None:
        self.failure: BaseException | None = None
        self._work = work
        self._items = items
        self._stop = stop
        self._keep = keep
        self._taking = threading.Lock()
        self._keeping = threading.Lock()
        self._done: SimpleQueue[tuple[_R] | None] = SimpleQueue()

    def run(self, hand: int) -> None:
        """Work until nothing is left or the stop is set."""
        try:
            while not self._stop.is_set():
                with self._taking:
                    item = next(self._items, _END)
                if item is _END:
                    break
                result = self._work(cast("_T", item), hand)
                with self._keeping:
                    self._keep(result)
                self._done.put((result,))
        except BaseException as error:  # noqa: BLE001  (raised again where the caller waits)
            self.failure = self.failure or error
            self._stop.set()
        finally:
            self._done.put(None)

    def results(self, hands: int) -> Iterator[_R]:
        """The results until every hand has ended."""
        while hands:
            try:
                done = self._done.get(timeout=_LOOK_SECONDS)
            except Empty:
                continue
            if done is None:
                hands -= 1
            else:
                yield done[0]


__all__ = ["in_parallel"]
