"""Looks again, some seconds after a job was stopped, whether its model has noticed."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from doctorflan_ls.engine.job import Ticket
from doctorflan_ls.engine.worker import Worker


class Watch:
    """Calls ``late`` for a worker that is still in its job ``grace`` seconds after the stop.

    Its thread lives while there is something to look at.
    """

    def __init__(self, grace: float, late: Callable[[Worker, Ticket], None]) -> None:
        self._grace = grace
        self._late = late
        self._expected: deque[tuple[float, Worker, Ticket]] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def expect(self, worker: Worker, ticket: Ticket) -> None:
        """Look at ``worker`` later."""
        with self._lock:
            self._expected.append((time.monotonic() + self._grace, worker, ticket))
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="watch", daemon=True)
                # Where the system has no thread to give, the next stop finds what waits here.
                with suppress(RuntimeError):
                    thread.start()
                    self._thread = thread

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._expected:
                    self._thread = None
                    return
                due, worker, ticket = self._expected.popleft()
            while worker.serves(ticket) and (left := due - time.monotonic()) > 0:
                time.sleep(left)
            if worker.serves(ticket):
                self._late(worker, ticket)
