"""The whole contract between the server and a plugin: ten hooks, one integer.

A plugin is an installed package with an entry point in the group `GROUP` that names a module (or an
object) with ``DOCTORFLAN_API = 1`` and functions marked `hookimpl`. Each takes as many of its
hook's arguments as it wants, by their names. A package that holds only task files needs no function
and no number. docs/plugins/ has a page for each hook.

Every hook is called alone, off the event loop, within the seconds of `BUDGETS`: one that raises,
prints, raises SystemExit, hands over something else or comes late takes nothing else with it.

Maturity: *tested* hooks change only with the integer; *trial* ones may change in a minor version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from doctorflan_ls.audit import Event
    from doctorflan_ls.checks.model import Finding
    from doctorflan_ls.checks.scope import Check
    from doctorflan_ls.drafts import Draft
    from doctorflan_ls.models.base import Listed
    from doctorflan_ls.notes.facts.vocabulary import TermEntry
    from doctorflan_ls.notes.headings import SectionKind
    from doctorflan_ls.notes.note import Note
    from doctorflan_ls.prompts import ContextItem, Prompt
    from doctorflan_ls.tasks.model import Task
    from doctorflan_ls.text import Span

API = 1
"""A plugin says in ``DOCTORFLAN_API`` for which number it was written; another one is refused."""

PROJECT = "doctorflan"
GROUP = "doctorflan_ls"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_tasks(register: Callable[[Task], None]) -> None:
    """Call ``register`` with each task; its ``origin`` is ``plugin``.

    Maturity: tested. `doctorflan_ls.tasks.loader.load_task` reads one from TOML.
    """


@hookspec
def register_models(register: Callable[[Listed], None]) -> None:
    """Call ``register`` with each model; nothing may be loaded yet.

    Maturity: tested. `doctorflan_ls.models.folders.store.folder_model` lists a model folder.
    """


@hookspec
def register_sections(register: Callable[[SectionKind], None]) -> None:
    """Call ``register`` with a section of notes, or with more headings for one that is known.

    Maturity: trial. A heading that is known already is refused.
    """


@hookspec
def register_checks(register: Callable[[Check], None]) -> None:
    """Call ``register`` with each check; its findings are shown beside the built-in ones.

    Maturity: trial.
    """


@hookspec
def register_terms(register: Callable[[TermEntry], None]) -> None:
    """Call ``register`` with a term to recognise in notes, to offer in completion, or both.

    Maturity: trial. What the server knows already is left as it is.
    """


@hookspec
def register_commands(cli: click.Group) -> None:
    """Add commands of the plugin's own: ``@cli.command()``; a built-in name is refused.

    Maturity: trial. Called on the command line alone, when a command is asked for.
    """


@hookspec
def draft_context(task: Task, note: Note, span: Span) -> list[ContextItem] | None:
    """What should stand beside the note when ``task`` is drafted for ``span`` of it.

    Maturity: trial. Each item is shown in the draft with its source, apart from the record.
    """


@hookspec
def amend_prompt(task: Task, note: Note, prompt: Prompt) -> Prompt | None:
    """The prompt to use in place of ``prompt``; None leaves it.

    Maturity: trial. Chained in the order of the packages' names: each gets what the one before
    made. Note, task id and turn must stay; ``prompt.told(line)`` adds an instruction.
    """


@hookspec
def check_draft(task: Task, note: Note, draft: Draft) -> list[Finding] | None:
    """What is to be said about a finished draft; each finding's span counts in ``draft.text``.

    Maturity: trial. Findings are shown with the draft and never keep it from the doctor.
    """


@hookspec
def record_event(event: Event) -> None:
    """Take note of what happened: identifiers, digests and counts, never text.

    Maturity: trial.
    """


BUDGETS: dict[str, float] = {
    # Importing the plugin's module.
    "import": 5.0,
    "register_tasks": 3.0,
    "register_models": 3.0,
    "register_sections": 3.0,
    "register_checks": 3.0,
    "register_terms": 3.0,
    "register_commands": 3.0,
    "draft_context": 1.0,
    "amend_prompt": 0.5,
    "check_draft": 1.0,
    "record_event": 0.5,
    # One run of one registered check over one note.
    "check": 0.3,
}
"""Seconds that a call may take; a later answer is dropped."""
