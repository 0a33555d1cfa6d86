"""The notes that a command's paths name."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.notefile import STANDARD_INPUT

# In a folder; a file that is named is read whatever it is called.
_SUFFIXES = frozenset({".txt", ".text", ".md", ".markdown", ".note", ".rst"})


def note_files(paths: Sequence[str]) -> list[str]:
    """The files of ``paths`` in order; folders are searched to any depth, links not followed.

    Raises BadRequest where there are none.
    """
    found: list[str] = []
    for path in paths:
        if path != STANDARD_INPUT and Path(path).is_dir():
            found += _below(Path(path))
        else:
            found.append(path)
    if not found:
        raise BadRequest(
            "cli.no-notes", path=", ".join(paths), suffixes=" ".join(sorted(_SUFFIXES))
        )
    return found


def is_file(path: Path) -> bool:
    """True for a file that lies there itself: no link, pipe or device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _below(folder: Path) -> list[str]:
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(files):
            path = Path(root, name)
            # A pipe would be waited for.
            if path.suffix.casefold() in _SUFFIXES and is_file(path):
                found.append(str(path))
    return found
