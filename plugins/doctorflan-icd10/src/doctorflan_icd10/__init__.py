"""ICD-10 for the DoctorFLAN language server: completion, candidate codes, a check of codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from doctorflan_ls.hookspecs import hookimpl

if TYPE_CHECKING:
    import click

    from doctorflan_ls.checks.scope import Check
    from doctorflan_ls.notes.facts.vocabulary import TermEntry
    from doctorflan_ls.notes.note import Note
    from doctorflan_ls.prompts import ContextItem
    from doctorflan_ls.tasks.model import Task

DOCTORFLAN_API = 1


@hookimpl
def register_tasks(register: Callable[[Task], None]) -> None:
    """The task that lists what is to be coded."""
    from doctorflan_icd10.tasks import coding  # noqa: PLC0415 - keeps the import of the plugin cheap

    register(coding())


@hookimpl
def register_terms(register: Callable[[TermEntry], None]) -> None:
    """Offer the codes a doctor writes as diagnoses, by WHO's title and the project's names."""
    from doctorflan_icd10.terms import terms  # noqa: PLC0415

    for each in terms():
        register(each)


@hookimpl
def register_checks(register: Callable[[Check], None]) -> None:
    """Check the codes that are written beside diagnoses."""
    from doctorflan_icd10.checks import code_check  # noqa: PLC0415

    register(code_check())


@hookimpl
def draft_context(task: Task, note: Note) -> list[ContextItem] | None:
    """Candidate codes of the note's diagnoses, for the tasks that ask for a diagnosis."""
    from doctorflan_icd10.context import TASKS, candidates  # noqa: PLC0415

    return candidates(note) if task.id in TASKS else None


@hookimpl
def register_commands(cli: click.Group) -> None:
    """Add ``doctorflan-ls icd10``."""
    from doctorflan_icd10.lookup import add_command  # noqa: PLC0415

    add_command(cli)
