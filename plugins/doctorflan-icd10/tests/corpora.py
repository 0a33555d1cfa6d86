"""The licensed notes beside the checkout, as plain texts; absent in most places."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DATA = Path(
    os.environ.get("DOCTORFLAN_TEST_DATA")
    or Path(__file__).resolve().parents[4] / "shared" / "data"
)

_CORPORA: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "CMB-Clin": ("CMB-Clin/cases.jsonl", lambda row: row["description"]),
    "MTCMB-TCM": (
        "MTCMB-TCM/TCM-MSDD.jsonl",
        lambda row: "\n".join(f"{name}：{value}" for name, value in row["disease_case"].items()),
    ),
    "ACI-Bench": ("ACI-Bench/encounters.jsonl", lambda row: row["note"]),
    "cTAKES": ("cTAKES-examples/notes.jsonl", lambda row: row["text"]),
}

NAMES = tuple(_CORPORA)


def notes_of(name: str) -> list[str]:
    """The notes of a corpus; skips the test where it is absent."""
    path, note = _CORPORA[name]
    file = DATA / path
    if not file.exists():
        pytest.skip(f"{path} is not beside this checkout")
    with file.open(encoding="utf-8") as lines:
        return [note(json.loads(line)) for line in lines if line.strip()]
