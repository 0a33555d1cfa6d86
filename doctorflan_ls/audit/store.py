"""The trail's file: rows are appended, one chain for all processes that write to it.

A write that returned is on the disk: a killed process loses none of it. The triggers keep honest
programs from changing rows; who can write the file can drop them, and that is what ``verify`` is
for.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from doctorflan_ls.audit.heads import append_head, begin_heads
from doctorflan_ls.audit.places import AuditFailed, heads_path
from doctorflan_ls.audit.rows import FIRST, Row, next_row

if TYPE_CHECKING:
    import sqlite3

    from doctorflan_ls.audit.event import Event

BUSY_SECONDS = 5.0
"""How long a write waits for another process's."""

TRIGGERS = (
    "events_no_change",
    "events_no_removal",
    "events_in_order",
    "head_goes_on",
    "head_stays",
)
# Without quotation marks: sqlite takes a quoted name that is no column for a text.
COLUMNS = ", ".join(Row._fields)

_ABORT = "SELECT RAISE(ABORT, 'append-only');"
_STANDS = "new.seq <= (SELECT coalesce(max(seq), 0) FROM events)"
_SCHEMA = (
    """CREATE TABLE events (
        seq INTEGER PRIMARY KEY, at TEXT NOT NULL, user TEXT NOT NULL, kind TEXT NOT NULL,
        outcome TEXT NOT NULL, identifiers TEXT NOT NULL, digests TEXT NOT NULL,
        counts TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)""",
    "CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), count INTEGER, hash TEXT)",
    f"INSERT INTO head VALUES (1, 0, '{FIRST}')",  # noqa: S608  (a constant of ours)
    f"CREATE TRIGGER events_no_change BEFORE UPDATE ON events BEGIN {_ABORT} END",
    f"CREATE TRIGGER events_no_removal BEFORE DELETE ON events BEGIN {_ABORT} END",
    # INSERT OR REPLACE would remove a row without asking the trigger above.
    f"CREATE TRIGGER events_in_order BEFORE INSERT ON events WHEN {_STANDS} BEGIN {_ABORT} END",
    f"""CREATE TRIGGER head_goes_on BEFORE UPDATE ON head
        WHEN new.count <= old.count BEGIN {_ABORT} END""",
    f"CREATE TRIGGER head_stays BEFORE DELETE ON head BEGIN {_ABORT} END",
)
_INSERT = f"INSERT INTO events VALUES ({', '.join('?' * len(Row._fields))})"  # noqa: S608


class Store:
    """The file ``path``, opened at the first write and again after a failure. For one thread."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._connection: sqlite3.Connection | None = None
        self._opened: _Files | None = None

    def append(self, entries: Sequence[tuple[Event, str]]) -> list[Row]:
        """Write events, each with its user, in this order: all of them, or none.

        Raises AuditFailed.
        """
        try:
            import sqlite3  # noqa: PLC0415  (starts faster)
        except ImportError as error:
            # A Python that was built without it, or no memory for it now.
            raise self._failed(error) from None
        try:
            connection = self._connect()
            rows = self._write(connection, entries)
        # What sqlite says of a damaged file may quote it, and is then no UTF-8.
        except (sqlite3.Error, OSError, OverflowError, MemoryError, UnicodeDecodeError) as error:
            self.close()
            raise self._failed(error) from None
        # Where it fails the rows are there all the same; ``verify`` lets heads be missing.
        with suppress(OSError):
            append_head(heads_path(self.path), rows[-1].seq, rows[-1].hash)
        return rows

    def _failed(self, error: Exception) -> AuditFailed:
        said = error.strerror if isinstance(error, OSError) else str(error)
        reason = said or type(error).__name__
        return AuditFailed("audit.unwritable", path=self.path, reason=reason)

    def close(self) -> None:
        """Close the file; the next write opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(
        self, connection: sqlite3.Connection, entries: Sequence[tuple[Event, str]]
    ) -> list[Row]:
        # The lock is taken first: what is read as the last row is the last one.
        connection.execute("BEGIN IMMEDIATE")
        try:
            seq, previous = _last(connection)
            rows: list[Row] = []
            for event, user in entries:
                row = next_row(event, user, seq + 1, previous)
                rows.append(row)
                seq, previous = row.seq, row.hash
            connection.executemany(_INSERT, rows)
            connection.execute("UPDATE head SET count = ?, hash = ?", (seq, previous))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return rows

    def _connect(self) -> sqlite3.Connection:
        if self._connection is not None and self._opened != _identity(self.path):
            # A file was moved away, or what is not folded into it yet: what is written to the old
            # one would be found by nobody. What that one holds is folded in when it is closed.
            self.close()
        if self._connection is None:
            self._connection = self._open()
            self._opened = _identity(self.path)
        return self._connection

    def _open(self) -> sqlite3.Connection:
        import sqlite3  # noqa: PLC0415  (starts faster)

        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # sqlite gives its own files beside this one the same mode.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            self._set_up(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> None:
        import sqlite3  # noqa: PLC0415

        until = time.monotonic() + self._busy_seconds
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                # Two processes that begin at once: sqlite does not wait here by itself.
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.01)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            # First: a trail without heads looks as if somebody had taken them away.
            with suppress(OSError):
                begin_heads(heads_path(self.path))
            for statement in _SCHEMA:
                connection.execute(statement)
        connection.execute("COMMIT")


def _last(connection: sqlite3.Connection) -> tuple[int, str]:
    """The number and the hash to go on from.

    The head counts where rows behind it are gone: a gap stays a gap and is found.
    """
    row = connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    head = connection.execute("SELECT count, hash FROM head").fetchone()
    ends = [
        (count, hashed)
        for count, hashed in filter(None, (row, head))
        if type(count) is int and type(hashed) is str
    ]
    return max(ends, default=(0, FIRST))


# The file and sqlite's log beside it, as the system knows them; None for one that is not there.
_Files = tuple[tuple[int, int] | None, ...]


def _identity(path: Path) -> _Files:
    return tuple(_inode(each) for each in (path, path.with_name(f"{path.name}-wal")))


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
