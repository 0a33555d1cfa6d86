"""Whether the trail is what was written: the first row that was changed, removed or moved.

Three witnesses: each row's hash covers the row and the hash before it; the head in the same file
counts the rows; the file of heads beside it has the end after each write. Who can write both files
can shorten both, or make all of it anew: that is found only by a head that was noted elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from doctorflan_ls.audit.heads import read_heads
from doctorflan_ls.audit.places import heads_path
from doctorflan_ls.audit.reading import is_blank, opened, rows
from doctorflan_ls.audit.rows import FIRST, Row
from doctorflan_ls.audit.store import COLUMNS, TRIGGERS

if TYPE_CHECKING:
    import sqlite3

Fault = Literal[
    "changed",
    "missing",
    "unchained",
    "shortened",
    "replaced",
    "head",
    "heads-missing",
    "unguarded",
    "unreadable",
    "noted",
]
"""``changed``: the row's hash is not that of its words. ``missing``: a row before this one is gone.
``unchained``: it does not name the hash of the row before it. ``shortened``: rows at the end are
gone. ``replaced``: another row stood there when it was written. ``head``: the head in the file is
not that of its rows. ``heads-missing``: there is no file of heads. ``unguarded``: triggers are
gone. ``unreadable``: it is no trail. ``noted``: the head noted elsewhere is in no row."""

# Events that were made by two processes at once may be written in either order.
_NOTABLE_SECONDS = 60

_FORM = (int, *(str,) * (len(Row._fields) - 1))


class Verdict(NamedTuple):
    """What was found: ``fault`` at the row ``seq`` (0: at none), or none.

    ``total`` rows were read; ``head`` is the hash of the last one.
    """

    total: int
    head: str
    fault: Fault | None = None
    seq: int = 0


def verify(path: Path, noted: str = "") -> Verdict:
    """Read the whole trail; ``noted`` is the hash of a row that must be in it. Raises nothing."""
    import sqlite3  # noqa: PLC0415  (starts faster)

    reader = _Reader(noted)
    try:
        heads = _heads(heads_path(path))
        if not path.exists():
            return _beside_nothing(reader, heads)
        with opened(path) as connection:
            # One state of the file, whatever is written meanwhile.
            connection.execute("BEGIN")
            if not heads and is_blank(connection):
                return _beside_nothing(reader, heads)
            found = reader.read(connection, heads or {})
            if found is None:
                found = _ends(connection, reader, heads)
    except (sqlite3.Error, OSError):
        return reader.verdict("unreadable", reader.count + 1)
    return reader.verdict(*found) if found is not None else reader.verdict()


class SetBack(NamedTuple):
    """How many rows are over a minute earlier than the row before them, and the first of them."""

    total: int = 0
    seq: int = 0


def set_back(path: Path) -> SetBack:
    """Where the times of the rows go back: the clock was set back, or an event waited for the disk
    while another process wrote. No fault: the chain says which row came first. Raises AuditFailed.
    """
    total = first = 0
    before = None
    for row in rows(path):
        try:
            at = datetime.fromisoformat(row.at).timestamp()
        except ValueError:
            # Whoever made a chain anew may have written anything.
            continue
        if before is not None and before - at > _NOTABLE_SECONDS:
            total += 1
            first = first or row.seq
        before = at
    return SetBack(total, first)


_Found = tuple[Fault, int]


class _Reader:
    """Goes through the rows, each held against the one before and against the heads."""

    def __init__(self, noted: str) -> None:
        self.count = 0
        self.head = FIRST
        self.noted = noted
        self.has_noted = not noted

    def verdict(self, fault: Fault | None = None, seq: int = 0) -> Verdict:
        return Verdict(self.count, self.head, fault, seq)

    def read(self, connection: sqlite3.Connection, heads: Mapping[int, str]) -> _Found | None:
        query = f"SELECT {COLUMNS} FROM events ORDER BY seq"  # noqa: S608
        for found in connection.execute(query):
            fault = self._fault(found, heads)
            if fault is not None:
                return fault
            self.count, self.head = found[0], found[-1]
            self.has_noted = self.has_noted or self.head == self.noted
        return None

    def _fault(self, found: tuple[object, ...], heads: Mapping[int, str]) -> _Found | None:
        wanted = self.count + 1
        # A value of another type may look the same in SQL.
        if tuple(map(type, found)) != _FORM:
            return "changed", wanted
        row = Row(*found)  # type: ignore[arg-type]  # their types were looked at
        if row.seq != wanted:
            return "missing", wanted
        if row.computed() != row.hash:
            return "changed", wanted
        if row.previous != self.head:
            return "unchained", wanted
        if heads.get(row.seq, row.hash) != row.hash:
            return "replaced", wanted
        return None


def _ends(
    connection: sqlite3.Connection, reader: _Reader, heads: Mapping[int, str] | None
) -> _Found | None:
    behind = reader.count + 1
    if max(heads or (), default=0) > reader.count:
        return "shortened", behind
    head = connection.execute("SELECT count, hash FROM head").fetchall()
    if len(head) == 1 and type(head[0][0]) is int and head[0][0] > reader.count:
        return "shortened", behind
    if head != [(reader.count, reader.head)]:
        return "head", 0
    if heads is None and reader.count:
        return "heads-missing", 0
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    if {name for (name,) in triggers} != set(TRIGGERS):
        return "unguarded", 0
    return None if reader.has_noted else ("noted", 0)


def _beside_nothing(reader: _Reader, heads: Mapping[int, str] | None) -> Verdict:
    if heads:
        return reader.verdict("shortened", 1)
    return reader.verdict() if reader.has_noted else reader.verdict("noted")


def _heads(path: Path) -> Mapping[int, str] | None:
    """The heads by their count, None without a file.

    The first line of a count stands: a trail made anew writes the same counts again.
    """
    heads: dict[int, str] = {}
    try:
        for count, head in read_heads(path):
            heads.setdefault(count, head)
    except FileNotFoundError:
        return None
    return heads
