"""The tables that come with the server, and which of them scores a document."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from doctorflan_ls.score.model import ScoreTable
from doctorflan_ls.score.reading import read_table


@cache
def builtin_tables() -> tuple[ScoreTable, ...]:
    """The files of ``data/scores/``, in the order of their names."""
    folder = files("doctorflan_ls").joinpath("data", "scores")
    given = sorted(folder.iterdir(), key=lambda each: each.name)
    read = [
        read_table(file.name, file.read_text(encoding="utf-8"))
        for file in given
        if file.name.endswith(".toml")
    ]
    return tuple(each.table for each in read if each.table is not None)


def default_tables() -> tuple[ScoreTable, ...]:
    """Those that are taken where no setting names one."""
    return tuple(each for each in builtin_tables() if each.default)


def table_for(doc_type: str | None, tables: Iterable[ScoreTable]) -> ScoreTable | None:
    """The first of ``tables`` that scores documents of ``doc_type``."""
    return next((each for each in tables if doc_type in each.documents), None)
