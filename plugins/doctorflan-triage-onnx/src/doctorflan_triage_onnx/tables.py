"""The package's data files."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class Department(NamedTuple):
    """One of the model's departments; ``same`` are the server's that see the same patients."""

    label: str
    name: str
    same: tuple[str, ...]


@cache
def departments() -> dict[str, Department]:
    """By the label in the training data."""
    rows = _table("departments")["department"]
    return {row["label"]: Department(row["label"], row["name"], tuple(row["same"])) for row in rows}


def word(key: str, **fields: object) -> str:
    """One of the draft's own phrases."""
    words: str = _table("words")[key]
    return words.format_map(fields)


@cache
def _table(name: str) -> dict[str, Any]:
    source = files("doctorflan_triage_onnx").joinpath(f"{name}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))
