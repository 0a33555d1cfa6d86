"""``doctorflan-ls draft``: a task's draft for a note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from doctorflan_ls.cli.answering import answering, make_drafts, model_options
from doctorflan_ls.cli.console import console, print_json
from doctorflan_ls.cli.drafting import Shown
from doctorflan_ls.cli.exits import Exit, end
from doctorflan_ls.cli.opened import draft_language, open_note
from doctorflan_ls.cli.session import Session
from doctorflan_ls.drafts import Draft, to_json
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import get_task


@click.command("draft")
@click.argument("arguments", nargs=-1, metavar="[TASK] FILE")
@click.option("--all", "every", is_flag=True, help="A draft for each task.")
@click.option("--json", "as_json", is_flag=True, help="As JSON (schemas/draft.schema.json).")
@click.option("--language", type=click.Choice(["zh", "en"]), help="Language of the draft.")
@model_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    arguments: tuple[str, ...],
    every: bool,
    as_json: bool,
    language: Locale | None,
    **chosen: Any,  # noqa: ANN401  (the options of ``model_options``, which names their types)
) -> None:
    """A draft of TASK for the note in FILE (- is standard input).

    Numbers in the draft name the passages of the note that a statement rests on; what the note does
    not say is listed and never filled in. With --all and --json, a list of drafts. A model that
    --model names is not replaced where it cannot answer: exit code 4.
    """
    session = Session.of(ctx)
    tasks, path = _asked(arguments, every, session)
    opened = open_note(path, session)
    how = answering(session, **chosen)
    spoken = draft_language(opened, session, language)
    if as_json:
        found = [to_json(draft) for draft in make_drafts(opened, tasks, spoken, how)]
        print_json(found if every else found[0])
        return
    out = console()
    shown = Shown(out, opened, session.locale)
    by_id = {task.id: task for task in tasks}

    def grow(draft: Draft) -> None:
        shown.grow(draft, by_id[draft.provenance.task])

    for draft in make_drafts(opened, tasks, spoken, how, grow):
        shown.end(draft, by_id[draft.provenance.task])
        if draft.provenance.task != tasks[-1].id:
            out.print()


def _asked(arguments: tuple[str, ...], every: bool, session: Session) -> tuple[Sequence[Task], str]:
    if every and len(arguments) == 1:
        return session.registry.tasks, arguments[0]
    if every or len(arguments) != 2:
        end(message("cli.task-or-all", session.locale), Exit.USAGE)
    task, path = arguments
    return (get_task(task, session.registry.tasks),), path
