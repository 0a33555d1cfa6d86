"""Files that grow by one JSON object a line, each on the disk before the next thing is begun."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from doctorflan_ls.evaluation.reading import Object
from doctorflan_ls.evaluation.rows import BadSet

RUN = "run"


class Appending:
    """Appends to ``path``, which need not exist. A line that a crash left half is cut off first.

    Raises BadSet where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = path.open("a+b")
            _end_line(self._file)
        except OSError as error:
            raise _unwritable(path, error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, values: Mapping[str, Any]) -> None:
        """Write one object and wait until the disk has it. Raises BadSet."""
        self.add_all([values])

    def add_all(self, many: Iterable[Mapping[str, Any]]) -> None:
        """Write objects and wait until the disk has all of them. Raises BadSet."""
        try:
            for values in many:
                line = json.dumps(values, ensure_ascii=False)
                self._file.write(line.encode("utf-8", "replace") + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(self._path, error) from None


def lines(path: Path) -> Iterator[Object]:
    """The whole objects of a file of ours; none where there is no such file.

    What a crash left half is passed over: it is done again.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadSet("eval.unreadable", file=path, reason=reason) from None
    for line in data.split(b"\n"):
        try:
            values = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError):
            continue
        if isinstance(values, dict):
            yield values


def run_of(path: Path) -> Object | None:
    """What the first line of a file of ours says of the run that wrote it."""
    for values in lines(path):
        run = values.get(RUN)
        return run if isinstance(run, dict) else None
    return None


def _end_line(file: IO[bytes]) -> None:
    """Leave the file at the end of a whole line: what only lacks its line's end is kept."""
    end = file.seek(0, os.SEEK_END)
    at = end
    while at:
        start = max(at - 65536, 0)
        file.seek(start)
        found = file.read(at - start).rfind(b"\n")
        if found >= 0:
            at = start + found + 1
            break
        at = start
    if at < end:
        file.seek(at)
        if _is_whole(file.read(end - at)):
            file.write(b"\n")
        else:
            file.truncate(at)
    file.seek(0, os.SEEK_END)


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line.decode("utf-8")), dict)
    except (ValueError, RecursionError):
        return False


def _unwritable(path: Path, error: OSError) -> BadSet:
    return BadSet("eval.unwritable", file=path, reason=error.strerror or type(error).__name__)


__all__ = ["RUN", "Appending", "lines", "run_of"]
