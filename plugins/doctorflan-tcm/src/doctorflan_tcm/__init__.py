"""Traditional Chinese medicine for the DoctorFLAN language server; README.md says what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from doctorflan_ls.hookspecs import hookimpl

if TYPE_CHECKING:
    from doctorflan_ls.checks.model import Finding
    from doctorflan_ls.checks.scope import Check
    from doctorflan_ls.drafts import Draft
    from doctorflan_ls.notes.facts.vocabulary import TermEntry
    from doctorflan_ls.notes.headings import SectionKind
    from doctorflan_ls.notes.note import Note
    from doctorflan_ls.prompts import ContextItem, Prompt
    from doctorflan_ls.tasks.model import Task

DOCTORFLAN_API = 1


@hookimpl
def register_sections(register: Callable[[SectionKind], None]) -> None:
    """The parts of TCM records that the core's table lacks."""
    from doctorflan_tcm.sections import kinds  # noqa: PLC0415

    for kind in kinds():
        register(kind)


@hookimpl
def register_terms(register: Callable[[TermEntry], None]) -> None:
    """Syndromes as diagnoses, signs of tongue and pulse, and herbs to complete."""
    from doctorflan_tcm.terms import entries  # noqa: PLC0415

    for entry in entries():
        register(entry)


@hookimpl
def register_checks(register: Callable[[Check], None]) -> None:
    """Herbs that do not go together, and doses above the pharmacopoeia's range."""
    from doctorflan_tcm.checks import checks  # noqa: PLC0415

    for check in checks():
        register(check)


@hookimpl
def draft_context(task: Task, note: Note) -> list[ContextItem] | None:
    """What the checks find in the note's herbs, where a draft about drugs does not read them."""
    from doctorflan_tcm.context import TASKS, herbs  # noqa: PLC0415

    return herbs(note) if task.id in TASKS else None


@hookimpl
def check_draft(note: Note, draft: Draft) -> list[Finding]:
    """The same for the herbs of a draft, also against those that the note prescribes."""
    from doctorflan_tcm.drafted import findings  # noqa: PLC0415

    return findings(note, draft)


@hookimpl
def amend_prompt(task: Task, note: Note, prompt: Prompt) -> Prompt | None:
    """Ask for standard terms, and for syndrome and disease apart, where that is the matter."""
    from doctorflan_tcm.prompting import instruction  # noqa: PLC0415

    told = instruction(task, note, prompt.language)
    return prompt.told(told) if told else None
