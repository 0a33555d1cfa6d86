"""Rows of the dataset: read, checked, split into those to learn from and those to measure with."""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.tasks.registry import builtin_tasks
from doctorflan_ls.tuning.config import Data

_PARQUET = b"PAR1"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: ``input`` is the instruction with the case, ``output`` the answer to learn."""

    id: str
    category: str
    input: str
    output: str
    group: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What was read.

    ``problems`` name a faulty row each; ``unknown`` are categories that no task has, with the
    nearest; ``leaked`` counts rows left out for a tag of the dataset's making. ``files`` are names
    with their SHA-256; ``digest`` is of the rows themselves, whatever file they came in.
    """

    rows: tuple[Row, ...]
    problems: tuple[BadRequest, ...]
    unknown: Mapping[str, str]
    leaked: int
    files: Mapping[str, str]
    digest: str


@cache
def _leaked_tags() -> tuple[str, ...]:
    source = files("doctorflan_ls").joinpath("data", "tune.toml")
    return tuple(tomllib.loads(source.read_text(encoding="utf-8"))["leaked"])


def read_rows(paths: Sequence[Path], data: Data, names: Mapping[str, str]) -> Rows:
    """The rows of the files, as ``data`` chooses among them.

    ``names`` are the dataset's own names by the task's id (the setting tasks.categories). Raises
    BadRequest for a file that cannot be read.
    """
    rows: list[Row] = []
    problems: list[BadRequest] = []
    seen: set[str] = set()
    leaked = 0
    for path in paths:
        for number, raw in enumerate(_raw(path), start=1):
            found = _row(raw, data.group)
            if isinstance(found, Row) and found.id in seen:
                found = ("tune.row-twice", f"id {found.id}")
            if not isinstance(found, Row):
                key, field = found
                problems.append(BadRequest(key, at=f"{path.name}:{number}", field=field))
                continue
            seen.add(found.id)
            if data.categories and found.category not in data.categories:
                continue
            if data.drop_leaked and any(tag in found.output for tag in _leaked_tags()):
                leaked += 1
                continue
            rows.append(found)
        if data.limit and len(rows) >= data.limit:
            del rows[data.limit :]
            break
    unknown = _unknown(Counter(row.category for row in rows), names)
    hashes = {path.name: _sha256(path) for path in paths}
    return Rows(tuple(rows), tuple(problems), unknown, leaked, hashes, digest(rows))


def digest(rows: Iterable[Row]) -> str:
    """SHA-256 of the rows' contents in their order."""
    whole = hashlib.sha256()
    for row in rows:
        whole.update(json.dumps([row.id, row.category, row.input, row.output]).encode())
    return whole.hexdigest()


def split(rows: Iterable[Row], share: float) -> tuple[list[Row], list[Row]]:
    """Rows to learn from, and about ``share`` of them to measure with.

    A hash of the row's group decides: the side of a row never changes when others come or go.
    """
    learn: list[Row] = []
    measure: list[Row] = []
    for row in rows:
        drawn = int.from_bytes(hashlib.sha256(row.group.encode()).digest()[:8], "big") / 2**64
        (measure if drawn < share else learn).append(row)
    return learn, measure


def _row(raw: object, group: str) -> Row | tuple[str, str]:
    """The row, or the key of what is wrong with it and where."""
    if not isinstance(raw, dict):
        return "tune.row-broken", "-"
    found: dict[str, str] = {}
    for name in dict.fromkeys(("id", "category", "input", "output", group)):
        value = raw.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            return "tune.row-lacks", name
        found[name] = value.strip()
    return Row(found["id"], found["category"], found["input"], found["output"], found[group])


def _unknown(counts: Mapping[str, int], names: Mapping[str, str]) -> dict[str, str]:
    known = [names.get(task.id, task.category) for task in builtin_tasks()]
    return {
        name: ", ".join(difflib.get_close_matches(name, known, n=1)) or "-"
        for name in counts
        if name not in known
    }


def _raw(path: Path) -> Iterator[object]:
    try:
        with path.open("rb") as source:
            magic = source.read(4)
        yield from _parquet(path) if magic == _PARQUET else _json(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise BadRequest("tune.unreadable", name=path, reason=reason) from None


def _parquet(path: Path) -> Iterator[object]:
    try:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise BadRequest("tasks.needs-pyarrow", name=path.name) from None
    try:
        for batch in parquet.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise BadRequest("tune.unreadable", name=path, reason=type(error).__name__) from None


def _json(path: Path) -> Iterator[object]:
    with path.open(encoding="utf-8-sig") as lines:
        first = lines.read(1)
        lines.seek(0)
        if first == "[":
            yield from _whole(path, lines.read())
            return
        for line in lines:
            if line.strip():
                yield _parsed(line)


def _whole(path: Path, text: str) -> list[Any]:
    found = _parsed(text)
    if not isinstance(found, list):
        raise BadRequest("tune.unreadable", name=path, reason="JSON")
    return found


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
