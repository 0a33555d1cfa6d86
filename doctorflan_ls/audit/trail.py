"""Events on their way to the file: what cannot be written is kept, tried again and counted."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from doctorflan_ls.audit.places import AuditFailed
from doctorflan_ls.audit.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from doctorflan_ls.audit.event import Event

MOST_KEPT = 10_000
"""Events that wait in memory, some 10 MB; later ones are counted alone."""


class Trail:
    """What is to be written to ``path``, in order. For one thread.

    ``lost`` counts what found no room in memory.
    """

    def __init__(self, path: Path, most_kept: int = MOST_KEPT) -> None:
        self.store = Store(path)
        self.lost = 0
        self._most_kept = most_kept
        self._waiting: deque[tuple[Event, str]] = deque()

    @property
    def unwritten(self) -> int:
        """How many events are not in the file: those that wait, and those that are lost."""
        return len(self._waiting) + self.lost

    @property
    def waits(self) -> bool:
        """True where something is to be tried again."""
        return bool(self._waiting)

    def add(self, event: Event, user: str = "") -> None:
        """Take ``event`` of the user that the host named."""
        if len(self._waiting) < self._most_kept:
            self._waiting.append((event, user))
        else:
            self.lost += 1

    def write(self) -> AuditFailed | None:
        """Write what waits, all of it or nothing; why that failed. Raises nothing."""
        if not self._waiting:
            return None
        try:
            self.store.append(tuple(self._waiting))
        except AuditFailed as failure:
            return AuditFailed(failure.key, **{**failure.fields, "count": self.unwritten})
        self._waiting.clear()
        return None

    def close(self) -> None:
        """Close the file."""
        self.store.close()
