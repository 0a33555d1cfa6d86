"""The 22 tasks, in the order of a doctor's day as the dataset lists them, and how to find one.

Each function takes the tasks it looks through, by default the 22.
"""

from __future__ import annotations

import difflib
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.tasks.loader import load_task
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from doctorflan_ls.notes.note import Note


@cache
def builtin_tasks() -> tuple[Task, ...]:
    """The built-in tasks in their listed order; raises BadTaskFile for a broken data file."""
    found: list[tuple[int, Task]] = []
    for entry in files("doctorflan_ls").joinpath("tasks", "data").iterdir():
        if entry.name.endswith(".toml"):
            source = entry.read_text(encoding="utf-8")
            task = load_task(source, entry.name)
            found.append((int(tomllib.loads(source)["order"]), task))
    return tuple(task for _, task in sorted(found, key=lambda pair: pair[0]))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def short_id(task: Task) -> str:
    """The task's id without the package that brings it."""
    return task.id.rpartition("/")[2]


def _names(task: Task) -> tuple[str, ...]:
    return (task.id, task.category, task.title.zh, task.title.en)


def get_task(name: str, tasks: Sequence[Task] | None = None) -> Task:
    """The task with this id, category or title, in any case.

    Raises BadRequest that names the nearest ids, or all that a short id may mean.
    """
    tasks = builtin_tasks() if tasks is None else tasks
    # The first of a name counts.
    by_name = {_folded(known): task for task in reversed(tasks) for known in _names(task)}
    wanted = _folded(name)
    if wanted in by_name:
        return by_name[wanted]
    # A plugin's id may be written without its package where only one has it.
    short = [task for task in tasks if _folded(short_id(task)) == wanted]
    if len(short) == 1:
        return short[0]
    if short:
        ids = ", ".join(task.id for task in short)
        raise BadRequest("tasks.ambiguous", name=name[:40], ids=ids)
    near = [by_name[match].id for match in difflib.get_close_matches(wanted, by_name, 6, 0.5)]
    near += [task.id for task in search(name, tasks)]
    nearest = ", ".join(list(dict.fromkeys(near))[:3]) or ", ".join(task.id for task in tasks[:3])
    raise BadRequest("tasks.unknown", name=name[:40], nearest=nearest)


def fitting(note: Note, span: Span, tasks: Sequence[Task] | None = None) -> tuple[Task, ...]:
    """The tasks offered for ``span`` of ``note``: those made for its section first.

    A span over several sections, or in a part without a heading, takes every task of the document
    type.
    """
    tasks = builtin_tasks() if tasks is None else tasks
    section = note.section_at(span.start)
    for_type = [
        task for task in tasks if not task.doc_types or note.doc_type in (None, *task.doc_types)
    ]
    if section is None or not section.span.contains(span):
        return tuple(for_type)
    here = [task for task in for_type if section.id in task.sections]
    anywhere = [task for task in for_type if not task.sections]
    return (*here, *anywhere)


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


def _rank(task: Task, query: str) -> int:
    """How well ``query`` (folded) names the task; 0 means not at all."""
    names = [_folded(name) for name in _names(task)]
    pinyin = task.pinyin.casefold()
    words = [word for name in names for word in name.replace("-", " ").split()]
    ranks = (
        (100, query in (*names, pinyin)),
        (80, pinyin.startswith(query)),
        (70, any(name.startswith(query) for name in names)),
        (60, any(word.startswith(query) for word in words)),
        (50, any(query in name for name in names)),
        (
            40,
            " " in query and all(any(w.startswith(q) for w in words) for q in query.split()),
        ),
        (30, len(query) > 1 and not query.isascii() and _in_order(query, names[2])),
        (20, len(query) > 1 and query in _folded(task.description.zh + task.description.en)),
    )
    return next((rank for rank, true in ranks if true), 0)


def search(query: str, tasks: Sequence[Task] | None = None) -> tuple[Task, ...]:
    """Tasks that ``query`` may name, best first: Chinese, pinyin initials, English or id.

    A leading ``/`` is ignored; an empty query gives every task.
    """
    tasks = builtin_tasks() if tasks is None else tasks
    wanted = _folded(query).removeprefix("/").strip()
    if not wanted:
        return tuple(tasks)
    ranked = [(-_rank(task, wanted), index) for index, task in enumerate(tasks)]
    return tuple(tasks[index] for rank, index in sorted(ranked) if rank)
