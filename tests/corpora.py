"""The licensed notes beside the checkout, as plain texts; absent in most places.

A test that reads them is marked ``data`` and asks for them with ``notes_of``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def _admission(row: dict[str, Any]) -> str:
    """A TCM-MSDD record: its fields as headed lines; ``病史`` holds the histories inline."""
    return "\n".join(f"{name}：{value}" for name, value in row["disease_case"].items())


_CORPORA: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "CMB-Clin": ("CMB-Clin/cases.jsonl", lambda row: row["description"]),
    "MTCMB-TCM": ("MTCMB-TCM/TCM-MSDD.jsonl", _admission),
    "TCM-CHGD": ("MTCMB-TCM/TCM-CHGD.jsonl", lambda row: row["answer"]),
    "ACI-Bench": ("ACI-Bench/encounters.jsonl", lambda row: row["note"]),
    "PriMock57": ("PriMock57/consultations.jsonl", lambda row: row["note"]),
    "cTAKES": ("cTAKES-examples/notes.jsonl", lambda row: row["text"]),
    "MTS-Dialog": ("MTS-Dialog/dialogs.jsonl", lambda row: row["section_text"]),
}

NAMES = tuple(_CORPORA)


def records(path: str) -> list[dict[str, Any]]:
    """The rows of a JSONL file of the data folder; skips the test where it is absent."""
    file = DATA / path
    if not file.exists():
        pytest.skip(f"{path} is not beside this checkout")
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


@cache
def notes_of(name: str) -> tuple[str, ...]:
    """The notes of a corpus, in file order; skips the test where it is absent."""
    path, note = _CORPORA[name]
    return tuple(note(row) for row in records(path))
