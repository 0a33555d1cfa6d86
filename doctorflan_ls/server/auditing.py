"""The audit trail in the server: one thread writes, so that no disk stops the event loop.

What waits is written in one go, in the order in which it was recorded. Whoever wants to know that
an event is on the disk waits for its future.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from doctorflan_ls.audit.places import AuditFailed, trail_path
from doctorflan_ls.audit.trail import Trail
from doctorflan_ls.i18n import message
from doctorflan_ls.incidents import report

if TYPE_CHECKING:
    from doctorflan_ls.audit import Event

# What could not be written is tried again with the next event, or after so long.
_RETRY_SECONDS = 30.0
# At the end the disk gets so long for what still waits.
_GOODBYE_SECONDS = 2.0
# An answer waits so long for its event, and is then given without.
ANSWER_SECONDS = 0.5

_log = logging.getLogger(__name__)


class _Entry(NamedTuple):
    event: Event
    path: str
    user: str
    done: Future[None]


class Recorder:
    """Writes events, each to the file that its ``path`` names (the setting ``audit.path``).

    ``on_trouble`` hears from the thread why something cannot be written and how many events are
    not, and of None once all is well again.
    """

    def __init__(self, on_trouble: Callable[[AuditFailed | None, int], None]) -> None:
        self._on_trouble = on_trouble
        self._queue: SimpleQueue[_Entry | None] = SimpleQueue()
        self._trails: dict[str, Trail] = {}
        self._failure: AuditFailed | None = None
        # Events for which there is no file at all.
        self._placeless = 0
        self._thread: threading.Thread | None = None

    def record(self, event: Event, path: str = "", user: str = "") -> Future[None]:
        """Take ``event``; the future is done once it is written, or could not be for now."""
        entry = _Entry(event, path, user, Future())
        self._queue.put(entry)
        self._begin()
        return entry.done

    def _begin(self) -> None:
        """See that the thread runs; what is queued waits where the system has none to give."""
        if self._thread is not None and self._thread.is_alive():
            return
        thread = threading.Thread(target=self._run, name="audit", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._failure = AuditFailed("audit.no-thread")
            self._on_trouble(self._failure, self._unwritten() + self._queue.qsize())
        else:
            self._thread = thread

    def close(self) -> None:
        """Write what waits and end; what cannot be written is counted in the log."""
        self._queue.put(None)
        self._begin()
        thread = self._thread
        if thread is not None:
            thread.join(_GOODBYE_SECONDS)
        ended = thread is not None and not thread.is_alive()
        # The last in the queue says that it is the end.
        unwritten = self._unwritten() + (0 if ended else max(self._queue.qsize() - 1, 0))
        if unwritten:
            reason = "" if self._failure is None else self._failure.user_message()
            _log.error("%s", message("audit.lost", "en", count=unwritten, reason=reason))

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            entries, goes_on = self._next()
            try:
                self._write(entries)
            except Exception as error:  # noqa: BLE001  (the next event may fare better)
                report(error)
            for entry in entries:
                if entry.done.set_running_or_notify_cancel():
                    entry.done.set_result(None)
        for trail in self._trails.values():
            trail.close()

    def _next(self) -> tuple[list[_Entry], bool]:
        """All that was recorded meanwhile; False once there is no more."""
        waits = any(trail.waits for trail in self._trails.values())
        try:
            first = self._queue.get(timeout=_RETRY_SECONDS if waits else None)
            found = [first]
            while first is not None and not self._queue.empty():
                found.append(self._queue.get())
        except Empty:
            return [], True
        return [entry for entry in found if entry is not None], None not in found

    def _write(self, entries: list[_Entry]) -> None:
        failure: AuditFailed | None = None
        for entry in entries:
            try:
                self._trail(entry.path).add(entry.event, entry.user)
            except AuditFailed as error:
                failure = error
                self._placeless += 1
        for trail in self._trails.values():
            failure = trail.write() or failure
        before, self._failure = self._failure, failure
        if failure is not None or before is not None:
            self._on_trouble(failure, self._unwritten())

    def _unwritten(self) -> int:
        return self._placeless + sum(each.unwritten for each in tuple(self._trails.values()))

    def _trail(self, path: str) -> Trail:
        if path not in self._trails:
            self._trails[path] = Trail(trail_path(path))
        return self._trails[path]
