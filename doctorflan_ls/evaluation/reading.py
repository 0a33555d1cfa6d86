"""Files of rows: parquet, JSON Lines or one JSON list. A row that is broken hides no other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from doctorflan_ls.evaluation.rows import BadSet

Object = dict[str, Any]

# More of one row is no row; a line that long would be held in memory several times over.
_LONGEST_LINE = 8 * 1024 * 1024


class Raw(NamedTuple):
    """A row at ``number`` (from 1); ``values`` is None where it cannot be read, ``why`` a key."""

    number: int
    values: Object | None
    why: str = ""


def raw_rows(path: Path) -> Iterator[Raw]:
    """The rows of the file, in its order. Raises BadSet where it cannot be read as a whole."""
    try:
        with path.open("rb") as source:
            magic = source.read(4)
        yield from _parquet(path) if magic == b"PAR1" else _json(path)
    except FileNotFoundError:
        raise BadSet("eval.missing", file=path) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadSet("eval.unreadable", file=path, reason=reason) from None


def file_digest(path: Path) -> str:
    """SHA-256 of the file's bytes. Raises BadSet."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadSet("eval.unreadable", file=path, reason=reason) from None


def _parquet(path: Path) -> Iterator[Raw]:
    try:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise BadSet("eval.needs-pyarrow", file=path) from None
    try:
        table = parquet.ParquetFile(path)
    except (pa.ArrowInvalid, OSError):
        # The list of a parquet file's rows is at its end: without it there are none.
        raise BadSet("eval.truncated", file=path) from None
    number = 0
    try:
        for batch in table.iter_batches(batch_size=256):
            for values in batch.to_pylist():
                number += 1
                yield Raw(number, values)
    except (pa.ArrowException, OSError):
        yield Raw(number + 1, None, "eval.row-truncated")


def _json(path: Path) -> Iterator[Raw]:
    with path.open("rb") as source:
        head = source.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    yield from _json_list(path) if head.startswith(b"[") else _json_lines(path)


def _json_list(path: Path) -> Iterator[Raw]:
    try:
        whole: list[Any] = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise BadSet("eval.not-json", file=path) from None
    for number, values in enumerate(whole, start=1):
        yield _raw(number, values)


def _json_lines(path: Path) -> Iterator[Raw]:
    with path.open("rb") as source:
        number = 0
        while line := source.readline(_LONGEST_LINE):
            number += 1
            if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                while (rest := source.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
                yield Raw(number, None, "eval.row-too-long")
                continue
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if text.strip():
                yield _line(number, text)


def _line(number: int, line: bytes) -> Raw:
    try:
        return _raw(number, json.loads(line.decode("utf-8")))
    except UnicodeDecodeError:
        return Raw(number, None, "eval.row-not-utf8")
    except (ValueError, RecursionError):
        return Raw(number, None, "eval.row-half")


def _raw(number: int, values: object) -> Raw:
    if isinstance(values, dict):
        return Raw(number, values)
    return Raw(number, None, "eval.row-no-object")


__all__ = ["Object", "Raw", "file_digest", "raw_rows"]
