"""The trail read: nothing of this changes a byte of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from doctorflan_ls.audit.places import AuditFailed
from doctorflan_ls.audit.rows import Row
from doctorflan_ls.audit.store import BUSY_SECONDS, COLUMNS

if TYPE_CHECKING:
    import sqlite3


class Wanted(NamedTuple):
    """Which rows: of this kind, at ``since`` (as `rows.stamp` writes it) or later; the last
    ``limit`` of them, all where it is 0.
    """

    since: str = ""
    kind: str = ""
    limit: int = 0


def rows(path: Path, wanted: Wanted | None = None) -> Iterator[Row]:
    """The rows in their order, none where there is no file; raises AuditFailed."""
    import sqlite3  # noqa: PLC0415  (starts faster)

    chosen = wanted or Wanted()
    if not path.exists():
        return
    try:
        with opened(path) as connection:
            if is_blank(connection):
                return
            for found in connection.execute(*_query(chosen)):
                yield Row(*found)
    except sqlite3.Error as error:
        raise AuditFailed("audit.unreadable", path=path, reason=str(error)) from None


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write; raises sqlite3.Error."""
    import sqlite3  # noqa: PLC0415  (starts faster)

    address = f"file:{quote(str(path))}"
    connection = _reading(f"{address}?mode=ro")
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except UnicodeDecodeError:
        # What sqlite says of a damaged file may quote it.
        connection.close()
        raise sqlite3.DatabaseError("not UTF-8") from None
    except sqlite3.OperationalError:
        connection.close()
        # In a folder where sqlite may not put its index of what is not folded in yet: a copy that
        # has nothing of that kind can be read without.
        if path.with_name(f"{path.name}-wal").exists():
            raise
        connection = _reading(f"{address}?mode=ro&immutable=1")
    try:
        yield connection
    except UnicodeDecodeError:
        raise sqlite3.DatabaseError("not UTF-8") from None
    finally:
        connection.close()


def is_blank(connection: sqlite3.Connection) -> bool:
    """True where the file was made and nothing written: its process was killed in between."""
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None


def _reading(address: str) -> sqlite3.Connection:
    import sqlite3  # noqa: PLC0415  (starts faster)

    return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _query(wanted: Wanted) -> tuple[str, tuple[object, ...]]:
    which = "FROM events WHERE at >= ? AND (? = '' OR kind = ?)"
    parameters: tuple[object, ...] = (wanted.since, wanted.kind, wanted.kind)
    if not wanted.limit:
        return f"SELECT {COLUMNS} {which} ORDER BY seq", parameters
    last = f"SELECT {COLUMNS} {which} ORDER BY seq DESC LIMIT ?"
    return f"SELECT * FROM ({last}) ORDER BY seq", (*parameters, wanted.limit)  # noqa: S608
