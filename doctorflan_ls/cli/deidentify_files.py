"""Which files ``deidentify`` reads, and where their masked copies go."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from doctorflan_ls.cli.note_files import is_file
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.notefile import STANDARD_INPUT

# In a folder; a file that is named is read whatever it is called.
_SUFFIXES = frozenset({".txt", ".text", ".md", ".markdown", ".note", ".rst", ".csv", ".tsv"})


@dataclass(frozen=True, slots=True)
class Job:
    """A note to read, and the path of its copy below the output folder."""

    source: str
    relative: Path


def jobs_of(paths: Sequence[str]) -> tuple[list[Job], bool]:
    """The files of the paths in order, and whether there can be several.

    Folders are searched to any depth for text files; links are not followed.
    """
    jobs: list[Job] = []
    several = len(paths) > 1
    for path in paths:
        if path != STANDARD_INPUT and Path(path).is_dir():
            several = True
            jobs += _below(Path(path))
        else:
            name = "stdin.txt" if path == STANDARD_INPUT else Path(path).name
            jobs.append(Job(path, Path(name)))
    if not jobs:
        raise BadRequest("deidentify.no-files", path=", ".join(paths))
    return jobs, several


def _below(folder: Path) -> list[Job]:
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(files):
            path = Path(root, name)
            # A pipe would be waited for.
            if path.suffix.casefold() in _SUFFIXES and is_file(path):
                found.append(Job(str(path), path.relative_to(folder)))
    return found


def target_of(job: Job, output: Path) -> Path:
    """Where the copy goes; raises BadRequest where something is there, a source above all."""
    target = output / job.relative
    if target.exists() or target.is_symlink():
        raise BadRequest("deidentify.exists", path=target)
    return target


def check_targets(jobs: Sequence[Job], output: Path) -> None:
    """Raise BadRequest, before anything is written, where a copy would meet a file or another."""
    seen: set[Path] = set()
    for job in jobs:
        target = target_of(job, output)
        if target in seen:
            raise BadRequest("deidentify.exists", path=target)
        seen.add(target)


def write(job: Job, output: Path, text: str) -> None:
    """The copy, in UTF-8 with the text's own line ends; never over a file."""
    target = target_of(job, output)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            file.write(text.encode("utf-8", "replace"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadRequest("deidentify.unwritable", path=target, reason=reason) from None


def say_progress(done: int, of: int) -> None:
    """One line on standard error, rewritten on a terminal; the last one stays."""
    if sys.stderr.isatty():
        click.echo(f"\r{done}/{of}", err=True, nl=done == of)
    elif done == of:
        click.echo(f"{done}/{of}", err=True)
