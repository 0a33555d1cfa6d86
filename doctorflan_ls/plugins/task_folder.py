"""A hospital's own folder of task files: each stands for itself."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources.abc import Traversable
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
            scratch.register_task_file(read_source(path, str(path)), str(path))
        except DoctorFlanError as error:
            problems.append((path.name, error))
    return TaskFolder(scratch.commit(), tuple(problems))


def read_source(file: Traversable, name: str) -> str:
    """The text of a task file, which errors call ``name``; raises BadTaskFile where it is none."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadTaskFile(name, "", error.strerror or type(error).__name__) from None
    if len(content) > _MAX_FILE_BYTES:
        raise BadTaskFile(name, "", f"longer than {_MAX_FILE_BYTES} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadTaskFile(name, "", "not UTF-8", line) from None
