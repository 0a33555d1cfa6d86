"""The tables of points that ``checks.score_table`` names, a hospital's own from disk."""

from __future__ import annotations

import stat
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.errors import BadSetting
from doctorflan_ls.score.model import ScoreTable
from doctorflan_ls.score.reading import read_table
from doctorflan_ls.score.tables import builtin_tables, default_tables

OFF = "off"
"""No score."""

_MOST_BYTES = 1024 * 1024


class Chosen(NamedTuple):
    """The tables to score with, and what was wrong with what the setting names."""

    tables: tuple[ScoreTable, ...]
    problems: tuple[BadSetting, ...] = ()


def score_tables(chosen: str) -> Chosen:
    """Those of the setting's value: empty is the defaults, ``off`` none, else an id or a path.

    Where a file cannot be used there is no score: another table's would be taken for its.
    """
    if chosen == OFF:
        return Chosen(())
    if not chosen:
        return Chosen(default_tables())
    found = tuple(each for each in builtin_tables() if each.id == chosen)
    if found:
        return Chosen(found)
    if not chosen.endswith(".toml"):
        ids = ", ".join(each.id for each in builtin_tables())
        return Chosen((), (BadSetting("score.unknown-table", name=chosen, known=ids),))
    return _read(chosen, _stamp(chosen))


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).expanduser().stat()
    except (OSError, ValueError):
        return None
    # Somebody else's folder may hold a pipe, which would never end.
    if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
        return None
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=8)
def _read(path: str, stamp: tuple[int, int] | None) -> Chosen:
    """The table at ``path``; ``stamp`` is of the file as it is now, None where there is none."""
    try:
        text = "" if stamp is None else Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError):
        stamp = None
    if stamp is None:
        return Chosen((), (BadSetting("score.unreadable", path=path),))
    table, problems = read_table(path, text, rule_table().rules)
    return Chosen(() if table is None else (table,), problems)
