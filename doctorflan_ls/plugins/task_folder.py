"""A hospital's own folder of task files: each stands for itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from doctorflan_ls.errors import DoctorFlanError, PluginFailed
from doctorflan_ls.plugins.scratch import Contribution, Scratch
from doctorflan_ls.tasks.loader import BadTaskFile

PACKAGE = "local"
"""What stands before the ids of these tasks."""

_MAX_FILE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class TaskFolder:
    """The tasks of a folder, and what is wrong with the files that are left out."""

    contribution: Contribution
    problems: tuple[tuple[str, DoctorFlanError], ...]


def read_folder(folder: Path) -> TaskFolder:
    """Read the ``*.toml`` files of ``folder`` in the order of their names. Raises nothing."""
    try:
        paths = sorted(each for each in folder.iterdir() if each.suffix == ".toml")
    except OSError as error:
        fields = {"folder": folder, "reason": error.strerror or type(error).__name__}
        failure = PluginFailed("plugins.no-folder", **fields)
        return TaskFolder(Contribution(PACKAGE), ((str(folder), failure),))
    scratch = Scratch(PACKAGE)
    problems: list[tuple[str, DoctorFlanError]] = []
    for path in paths:
        try:
            scratch.register_task_file(read_source(path), str(path))
        except DoctorFlanError as error:
            problems.append((path.name, error))
    # What a file clashes with is told above and leaves the others as they are.
    scratch.failure = None
    return TaskFolder(scratch.commit(), tuple(problems))


def read_source(path: Path) -> str:
    """The text of a task file; raises BadTaskFile where it is none."""
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise BadTaskFile(str(path), "", f"longer than {_MAX_FILE_BYTES} bytes")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadTaskFile(str(path), "", error.strerror or type(error).__name__) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise BadTaskFile(str(path), "", "not UTF-8", line) from None
