"""``doctorflan-ls tasks``: the tasks, and their names against a copy of the dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from doctorflan_ls.cli.console import (
    BAD,
    GAP,
    GOOD,
    ID,
    QUIET,
    console,
    padded,
    print_json,
    width,
)
from doctorflan_ls.cli.exits import Exit, say
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import BadRequest, DoctorFlanError
from doctorflan_ls.i18n import message
from doctorflan_ls.settings import user_file
from doctorflan_ls.settings.write import set_table
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.reconcile import Reconciliation, reconcile
from doctorflan_ls.tasks.registry import get_task


@click.group("tasks", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON, one object for each task.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """The tasks a note can be asked for.

    `assumed` marks a task whose name in the dataset could not be read when the task was written;
    `tasks reconcile` settles it with your own copy. `confirmed` marks one that it has settled.
    """
    if ctx.invoked_subcommand is not None:
        return
    session = Session.of(ctx)
    names = session.settings.tasks.categories
    if as_json:
        print_json([_as_json(task, names) for task in session.registry.tasks])
    else:
        _print(session.registry.tasks, names)


def mark(task: Task, names: Mapping[str, str]) -> str:
    """How the dataset's name of ``task`` is known."""
    return "confirmed" if task.origin == "assumed" and task.id in names else task.origin


def _as_json(task: Task, names: Mapping[str, str]) -> dict[str, object]:
    return {
        "id": task.id,
        "category": names.get(task.id, task.category),
        "origin": mark(task, names),
        "phase": task.phase,
        "title": {"zh": task.title.zh, "en": task.title.en},
        "description": {"zh": task.description.zh, "en": task.description.en},
        "sections": list(task.sections),
        "doc_types": list(task.doc_types),
    }


def _print(tasks: tuple[Task, ...], names: Mapping[str, str]) -> None:
    out = console()
    colours = {"verified": GOOD, "confirmed": GOOD}
    for task in tasks:
        how = mark(task, names)
        out.print(padded(task.id, max(24, width(task.id) + 2)), style=ID, end="")
        out.print(padded(task.title.zh, 10), end="  ")
        out.print(padded(names.get(task.id, task.category), 24), end="")
        out.print(padded(task.phase, 16), style=QUIET, end="")
        out.print(how, style=colours.get(how, GAP))


@command.command("check")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.pass_context
def check_command(ctx: click.Context, files: tuple[Path, ...]) -> Exit:
    """Check task files against the schema, and try each on example notes.

    What is wrong is said with file and line; the exit code is 1 then.
    """
    from doctorflan_ls.plugins.scratch import Scratch  # noqa: PLC0415  (imports the skeleton)
    from doctorflan_ls.plugins.task_folder import PACKAGE, read_source  # noqa: PLC0415

    session = Session.of(ctx)
    bad = False
    out = console()
    scratch = Scratch(PACKAGE)
    for file in files:
        try:
            task = scratch.register_task_file(read_source(file, str(file)), str(file))
        except DoctorFlanError as error:
            bad = True
            say(error.user_message(session.locale))
        else:
            out.print(
                message("tasks.file-good", session.locale, file=file, task=task.id), style=GOOD
            )
    return Exit.FOUND if bad else Exit.OK


@command.command("reconcile")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Keep the names in your settings file.")
@click.option("--json", "as_json", is_flag=True, help="The comparison as JSON.")
@click.pass_context
def reconcile_command(ctx: click.Context, file: Path, write: bool, as_json: bool) -> None:
    """Compare the task names with the `category` column of FILE, your copy of DoctorFLAN.

    FILE is parquet, JSON Lines or a JSON list.
    """

    session = Session.of(ctx)
    if not file.exists():
        raise BadRequest("notefile.missing", name=file)
    found = reconcile(file)
    if as_json:
        print_json(asdict(found))
    else:
        _print_reconciliation(found, session)
    if write:
        _write(found, session)


def _print_reconciliation(found: Reconciliation, session: Session) -> None:
    out = console()

    def line(key: str, style: str, **fields: object) -> None:
        out.print(message(f"cli.reconcile-{key}", session.locale, **fields), style=style)

    line("rows", QUIET, rows=found.rows, names=len(found.counts))
    for task_id in found.equal:
        name = get_task(task_id).category
        newly = "confirmed" if task_id in found.confirmed else "equal"
        line(newly, GOOD, task=task_id, name=name, count=found.counts[name])
    for pair in found.differing:
        fields = {"task": pair.task, "ours": pair.ours, "name": pair.name}
        line("differs", GAP, count=found.counts[pair.name], **fields)
    for task_id in found.missing:
        line("missing", BAD, task=task_id)
    for name in found.new:
        line("new", BAD, name=name, count=found.counts[name])
    for bad in found.bad_rows:
        line("bad-row", BAD, row=bad.row, why=bad.why)


def _write(found: Reconciliation, session: Session) -> None:
    names = {task_id: get_task(task_id).category for task_id in found.confirmed}
    names |= found.mapping()
    path = user_file()
    set_table(path, "tasks", "categories", names)
    say(message("cli.reconcile-written", session.locale, count=len(names), path=path))
