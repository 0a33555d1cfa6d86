"""The built-in task names against the ``category`` column of a user's own copy of the dataset.

Eight of the dataset's 22 names could not be read when the tasks were written; they are marked
``assumed``. This compares them with a copy and proposes which name stands for which task.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import builtin_tasks

COLUMN = "category"
_NEAR = 0.6
_NAMED_ROWS = 20


@dataclass(frozen=True, slots=True)
class Differing:
    """A name of the file that is not ours but is near the name of one task without a match."""

    name: str
    task: str
    ours: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row (counted from 1) that gave no category, and why."""

    row: int
    why: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How the names of a file stand to ours.

    ``equal`` are task ids whose name is in the file word for word (``confirmed`` those of them
    that were only assumed), ``missing`` task ids with no name in it, ``new`` names of the file
    near to no task. ``counts`` are rows for each name. ``bad_rows`` holds the first twenty.
    """

    rows: int
    counts: dict[str, int]
    equal: tuple[str, ...]
    confirmed: tuple[str, ...]
    differing: tuple[Differing, ...]
    missing: tuple[str, ...]
    new: tuple[str, ...]
    bad_rows: tuple[BadRow, ...]
    bad_row_count: int

    def mapping(self) -> dict[str, str]:
        """Task id to the file's name for it, where that is not ours: what the settings keep."""
        return {found.task: found.name for found in self.differing}


def _value(row: object) -> str | BadRow:
    if not isinstance(row, dict):
        return BadRow(0, "not an object")
    value = row.get(COLUMN)
    if value is None:
        return BadRow(0, f"no {COLUMN}")
    if not isinstance(value, str) or not value.strip():
        return BadRow(0, f"{COLUMN} is not a name")
    return value.strip()


def _parquet(path: Path) -> Iterator[object]:
    try:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise BadRequest("tasks.needs-pyarrow", name=path.name) from error
    try:
        table = parquet.ParquetFile(path)
        if COLUMN not in table.schema_arrow.names:
            raise BadRequest("tasks.no-category", name=path.name, column=COLUMN)
        for batch in table.iter_batches(columns=[COLUMN]):
            yield from batch.to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        raise BadRequest("tasks.unreadable", name=path.name) from error


def _json_rows(path: Path) -> Iterator[object]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest("tasks.unreadable", name=path.name) from error
    if text.lstrip().startswith("["):
        try:
            whole: list[Any] = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadRequest("tasks.unreadable", name=path.name) from error
        yield from whole
        return
    lines = [line for line in text.split("\n") if line.strip()]
    for number, line in enumerate(lines):
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            if number == 0:
                raise BadRequest("tasks.not-json", name=path.name) from error
            yield None


def _rows(path: Path) -> Iterator[object]:
    with path.open("rb") as source:
        magic = source.read(4)
    return _parquet(path) if magic == b"PAR1" else _json_rows(path)


def _tally(rows: Iterable[object]) -> tuple[int, Counter[str], list[BadRow]]:
    counts: Counter[str] = Counter()
    bad: list[BadRow] = []
    number = 0
    for number, row in enumerate(rows, 1):
        value = _value(row)
        if isinstance(value, str):
            counts[value] += 1
        else:
            bad.append(BadRow(number, value.why))
    return number, counts, bad


def _likeness(name: str, task: Task) -> float:
    def folded(text: str) -> str:
        return " ".join(text.casefold().replace("-", " ").replace("_", " ").split())

    names = (task.category, task.id, task.title.zh)
    wanted = folded(name)
    return max(difflib.SequenceMatcher(None, wanted, folded(own)).ratio() for own in names)


def _pair(names: Sequence[str], tasks: Sequence[Task]) -> list[Differing]:
    """The likeliest pairs first, each name and each task once."""
    ranked = sorted(
        ((_likeness(name, task), name, task) for name in names for task in tasks),
        key=lambda pair: (-pair[0], pair[1], pair[2].id),
    )
    used: set[str] = set()
    pairs = []
    for likeness, name, task in ranked:
        if likeness >= _NEAR and name not in used and task.id not in used:
            used |= {name, task.id}
            pairs.append(Differing(name, task.id, task.category))
    return pairs


def reconcile(path: Path, tasks: Sequence[Task] | None = None) -> Reconciliation:
    """Compare the ``category`` column of ``path`` (parquet, JSONL or a JSON list) with ours.

    Raises BadRequest where the file cannot be read or has no such column in any row.
    """
    tasks = builtin_tasks() if tasks is None else tasks
    try:
        total, counts, bad = _tally(_rows(path))
    except OSError as error:
        raise BadRequest("tasks.unreadable", name=path.name) from error
    if not counts:
        raise BadRequest("tasks.no-category", name=path.name, column=COLUMN)
    equal = [task for task in tasks if task.category in counts]
    others = [task for task in tasks if task not in equal]
    taken = {task.category for task in equal}
    strangers = [name for name in counts if name not in taken]
    pairs = _pair(strangers, others)
    paired = {pair.name for pair in pairs} | {pair.task for pair in pairs}
    return Reconciliation(
        rows=total,
        counts=dict(counts),
        equal=tuple(task.id for task in equal),
        confirmed=tuple(task.id for task in equal if task.origin == "assumed"),
        differing=tuple(pairs),
        missing=tuple(task.id for task in others if task.id not in paired),
        new=tuple(name for name in strangers if name not in paired),
        bad_rows=tuple(bad[:_NAMED_ROWS]),
        bad_row_count=len(bad),
    )
