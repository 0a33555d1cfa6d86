"""Rows of the dataset: read, checked, split into those to learn from and those to measure with."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from doctorflan_ls.evaluation.reading import Object, Raw, file_digest, raw_rows
from doctorflan_ls.evaluation.rows import Problem
from doctorflan_ls.evaluation.sets import Categories
from doctorflan_ls.tuning.keys import Data

_COLUMNS = ("id", "category", "input", "output")
_LONGEST_SHOWN = 60


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

    ``problems`` name a faulty row each; ``unknown`` names a category that no task has where it
    first stands, and its rows are good. ``leaked`` counts rows left out for a tag of the dataset's
    making. ``files`` are names with their SHA-256; ``digest`` is of the rows themselves, whatever
    file they came in.
    """

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    unknown: tuple[Problem, ...]
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
    BadSet for a file that cannot be read.
    """
    reader = _Reader(data, Categories(names))
    for path in paths:
        reader.read(path)
        if reader.is_full:
            break
    return Rows(
        tuple(reader.rows),
        tuple(reader.problems),
        tuple(reader.unknown.values()),
        reader.leaked,
        {path.name: file_digest(path) for path in paths},
        digest(reader.rows),
    )


class _Reader:
    def __init__(self, data: Data, categories: Categories) -> None:
        self.rows: list[Row] = []
        self.problems: list[Problem] = []
        self.unknown: dict[str, Problem] = {}
        self.leaked = 0
        self._data = data
        self._categories = categories
        self._seen: dict[str, int] = {}
        self._columns = tuple(dict.fromkeys((*_COLUMNS, data.group)))

    @property
    def is_full(self) -> bool:
        return bool(self._data.limit) and len(self.rows) >= self._data.limit

    def read(self, path: Path) -> None:
        for raw in raw_rows(path):
            if self.is_full:
                return
            row = self._row(path.name, raw)
            if row is None:
                continue
            if self._data.categories and row.category not in self._data.categories:
                continue
            if self._data.drop_leaked and any(tag in row.output for tag in _leaked_tags()):
                self.leaked += 1
                continue
            self._look_at_category(path.name, raw.number, row.category)
            self.rows.append(row)

    def _row(self, file: str, raw: Raw) -> Row | None:
        if raw.values is None:
            self.problems.append(Problem(file, raw.number, raw.why, {}))
            return None
        found = {name: _text(raw.values, name) for name in self._columns}
        if lacking := [name for name, value in found.items() if not value]:
            fields = {"fields": ", ".join(lacking)}
            self.problems.append(Problem(file, raw.number, "eval.row-lacks", fields))
            return None
        first = self._seen.setdefault(found["id"], raw.number)
        if first != raw.number:
            fields = {"id": found["id"][:_LONGEST_SHOWN], "first": str(first)}
            self.problems.append(Problem(file, raw.number, "eval.row-duplicate", fields))
            return None
        return Row(*(found[name] for name in (*_COLUMNS, self._data.group)))

    def _look_at_category(self, file: str, number: int, name: str) -> None:
        if not self._categories.task(name) and name not in self.unknown:
            fields = {"name": name[:_LONGEST_SHOWN], "nearest": self._categories.nearest[name]}
            self.unknown[name] = Problem(file, number, "eval.row-category", fields)


def _text(values: Object, name: str) -> str:
    value = values.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def digest(rows: Iterable[Row]) -> str:
    """SHA-256 of the rows' contents in their order."""
    whole = hashlib.sha256()
    for row in rows:
        whole.update(json.dumps([row.id, row.category, row.input, row.output]).encode())
    return whole.hexdigest()


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """The rows as JSON Lines in the dataset's own columns. Raises OSError."""
    with path.open("w", encoding="utf-8") as out:
        for row in rows:
            values = {"id": row.id, "category": row.category}
            values |= {"input": row.input, "output": row.output}
            out.write(json.dumps(values, ensure_ascii=False) + "\n")


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
