"""The notes that a command's paths name."""

from __future__ import annotations

import os
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


def _below(folder: Path) -> list[str]:
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(files):
            path = Path(root, name)
            if path.suffix.casefold() in _SUFFIXES and not path.is_symlink():
                found.append(str(path))
    return found
