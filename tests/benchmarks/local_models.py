"""Where the weights are that draft beside the typing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.drafts import MODEL
from tests.benchmarks.peers import CACHE


def folder(given: Path | None) -> Path | None:
    """A folder of models that has the one for drafts; made in the user's cache where none is given.

    None, with a line that says so, where it cannot be made here.
    """
    named = given or os.environ.get("DOCTORFLAN_TEST_MODELS")
    if named is not None:
        return Path(named).resolve()
    made = CACHE / "models"
    if not (made / MODEL / "model.toml").is_file():
        sys.stdout.write(f"making {made} with the weights of the plugins' models\n")
        command = [sys.executable, "-m", "scripts.test_models", str(made)]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if (made / MODEL / "model.toml").is_file():
        return made
    sys.stdout.write("no weights: typing beside a model is left out (--models DIR)\n")
    return None
