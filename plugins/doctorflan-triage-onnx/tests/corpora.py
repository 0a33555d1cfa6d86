"""The questions the model was trained and tested on, where they lie beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def questions() -> Path:
    """The folder of the two files; skips the test where it is absent."""
    beside = Path(__file__).resolve().parents[4] / "shared" / "data"
    folder = Path(os.environ.get("DOCTORFLAN_TEST_DATA") or beside) / "Toyhom-triage"
    if not folder.is_dir():
        pytest.skip("the questions are not beside this checkout")
    return folder
