"""The file of heads: a line for each write, so that a shortened trail is found.

A line is the number of rows and the hash of the last one. Lines are only appended: the file can be
made append-only by the system or sent on by a log shipper. It may lack lines (the process was
killed between the two writes) and two servers may append in either order, so each line is held
against its row and the highest number counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

_LINE = re.compile(rb"([1-9][0-9]{0,17}) ([0-9a-f]{64})")


def begin_heads(path: Path) -> None:
    """Make the file where there is none; raises OSError."""
    os.close(_opened(path))


def append_head(path: Path, count: int, head: str) -> None:
    """Note that ``count`` rows end with the hash ``head``; raises OSError."""
    file = _opened(path)
    try:
        # One write in append mode; a line that was cut short by a full disk is ended first.
        os.write(file, f"\n{count} {head}\n".encode("ascii"))
    finally:
        os.close(file)


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def read_heads(path: Path) -> Iterator[tuple[int, str]]:
    """The heads that were noted, in the order of the lines; raises OSError.

    A line of another form is left out where it is the beginning of one.
    """
    with path.open("rb") as file:
        for line in file:
            found = _LINE.fullmatch(line.strip())
            if found:
                yield int(found[1]), found[2].decode("ascii")
