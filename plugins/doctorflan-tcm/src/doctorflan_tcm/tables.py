"""The package's data files, each read once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from doctorflan_ls.tasks.model import Bilingual


def rows(name: str) -> Iterator[tuple[str, ...]]:
    """The rows of ``data/<name>.tsv``; comments and the column line are left out."""
    text = files("doctorflan_tcm").joinpath("data", f"{name}.tsv").read_text(encoding="utf-8")
    body = (line for line in text.splitlines() if line and not line.startswith("#"))
    columns = next(body).count("\t") + 1
    for line in body:
        cells = line.split("\t")
        yield tuple(cells + [""] * (columns - len(cells)))


def several(cell: str) -> tuple[str, ...]:
    """The names of a cell, which are separated by ``|``."""
    return tuple(name for name in cell.split("|") if name)


@cache
def document(name: str) -> dict[str, Any]:
    """The data file ``data/<name>.toml``."""
    text = files("doctorflan_tcm").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def words(group: str, key: str) -> Bilingual:
    """The words ``key`` of a table of ``rules.toml``."""
    found = document("rules")[group][key]
    return Bilingual(found["zh"], found["en"])
