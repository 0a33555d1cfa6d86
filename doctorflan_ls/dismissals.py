"""Findings that a doctor put aside, remembered from one session to the next.

Nothing of a note is kept: a place is the keyed digest of its words, a document that of its address.
The key is made for this file and never leaves it. Where the words change, what was said of them is
said again.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    import sqlite3

Reach = Literal["place", "document", "user"]
"""What is put aside: one place, a rule in one document, or a rule for this user."""
REACHES: tuple[Reach, ...] = ("place", "document", "user")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS secret (key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS dismissed (
    reach TEXT NOT NULL, document TEXT NOT NULL, rule TEXT NOT NULL, place TEXT NOT NULL,
    reason TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (reach, document, rule, place));
"""
# Both are on the event loop: who reads goes on without, who writes is told.
_BUSY_READING = 0.1
_BUSY_WRITING = 1.0
# A file that could not be read is left alone for so long: each key that is typed asks for it.
_REST_SECONDS = 5.0


class Dismissed(NamedTuple):
    """What is put aside in one document: rules, and places by `Dismissals.place`."""

    rules: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()


class Row(NamedTuple):
    """One decision; ``at`` is in seconds since 1970 (UTC)."""

    reach: Reach
    rule: str
    reason: str
    at: float


@dataclass(slots=True)
class Dismissals:
    """The decisions of one user in the SQLite file at ``path``; None keeps them in memory.

    Several servers may use one file at once. Raises OSError where it cannot be used.
    """

    path: Path | None
    _memory: sqlite3.Connection | None = None
    _key: bytes = b""
    _rests_until: float = 0.0

    def dismiss(self, uri: str, rule: str, place: str, reach: Reach, reason: str) -> None:
        """Put aside what ``rule`` says: of the words that ``place`` stands for in the document
        ``uri``, anywhere in it (``place`` is empty), or ever."""
        with self._open() as file:
            document = "" if reach == "user" else self._digest("document", uri)
            file.execute(
                "INSERT OR REPLACE INTO dismissed VALUES (?, ?, ?, ?, ?, ?)",
                (reach, document, rule, place, reason, time.time()),
            )

    def of(self, uri: str) -> Dismissed:
        """What is put aside in the document ``uri``."""
        if self._memory is None if self.path is None else not self.path.exists():
            return Dismissed()
        with self._reading() as file:
            rows = file.execute(
                "SELECT rule, place FROM dismissed WHERE document IN (?, '')",
                (self._digest("document", uri),),
            ).fetchall()
        return Dismissed(
            frozenset(rule for rule, place in rows if not place),
            frozenset(place for _, place in rows if place),
        )

    def restore(self, uri: str | None) -> int:
        """Take back what was put aside in the document ``uri``, or everything; how much it was."""
        with self._open() as file:
            if uri is None:
                return file.execute("DELETE FROM dismissed").rowcount
            document = self._digest("document", uri)
            return file.execute("DELETE FROM dismissed WHERE document = ?", (document,)).rowcount

    def rows(self) -> list[Row]:
        """Every decision, the latest first."""
        with self._open() as file:
            rows = file.execute(
                "SELECT reach, rule, reason, at FROM dismissed ORDER BY at DESC"
            ).fetchall()
        return [Row(*row) for row in rows]

    def place(self, rule: str, words: str) -> str:
        """What stands for ``words`` about which ``rule`` says something."""
        return self._digest("place", f"{rule}\0{' '.join(words.split())}")

    def _digest(self, kind: str, words: str) -> str:
        if not self._key and self.path is None:
            import secrets  # noqa: PLC0415

            # There need be no table for it: most clients put nothing aside.
            self._key = secrets.token_bytes(32)
        if not self._key and self.path is not None and self.path.exists():
            with suppress(OSError), self._reading():
                pass
        if not self._key:
            with self._open():
                pass
        return hmac.new(
            self._key, f"{kind}\0{words}".encode("utf-8", "replace"), "sha256"
        ).hexdigest()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The file without a lock and without a change: it may lie on a read-only disk."""
        import sqlite3  # noqa: PLC0415

        if self.path is None:
            with self._open() as memory:
                yield memory
            return
        if time.monotonic() < self._rests_until:
            msg = "it could not be read a moment ago"
            raise OSError(msg)
        try:
            address = f"file:{quote(str(self.path))}?mode=ro"
            with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_READING)) as file:
                found = file.execute("SELECT key FROM secret").fetchone()
                if found and isinstance(found[0], bytes):
                    self._key = found[0]
                yield file
        except (sqlite3.Error, UnicodeDecodeError, MemoryError) as error:
            self._rests_until = time.monotonic() + _REST_SECONDS
            raise OSError(_reason(error)) from None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        import sqlite3  # noqa: PLC0415  (most sessions put nothing aside)

        try:
            if self.path is None:
                self._memory = self._memory or self._made(":memory:")
                with self._memory:
                    yield self._memory
                return
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Before there is a key in it.
            self.path.touch(mode=0o600)
            with closing(self._made(self.path)) as file, file:
                yield file
        # A message of sqlite's about a damaged file need not be UTF-8.
        except (sqlite3.Error, UnicodeDecodeError, MemoryError) as error:
            raise OSError(_reason(error)) from None
        self._rests_until = 0.0

    def _made(self, path: Path | str) -> sqlite3.Connection:
        import secrets  # noqa: PLC0415
        import sqlite3  # noqa: PLC0415

        file = sqlite3.connect(path, timeout=_BUSY_WRITING, check_same_thread=False)
        with file:
            file.executescript(_SCHEMA)
            file.execute("BEGIN IMMEDIATE")
            if file.execute("SELECT count(*) FROM secret").fetchone()[0] == 0:
                # The same again where the file was taken away: what stands for a place still does.
                key = self._key or secrets.token_bytes(32)
                file.execute("INSERT INTO secret VALUES (?)", (key,))
            key = file.execute("SELECT key FROM secret").fetchone()[0]
        if not isinstance(key, bytes) or not key:
            file.close()
            raise sqlite3.DatabaseError
        self._key = key
        if isinstance(path, Path):
            path.chmod(0o600)
        return file


def _reason(error: Exception) -> str:
    # What the bytes of a damaged file are is nobody's reason.
    named = type(error).__name__
    return named if isinstance(error, UnicodeDecodeError) else str(error) or named
