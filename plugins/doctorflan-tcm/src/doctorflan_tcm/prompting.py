"""The instruction that a language model gets beside a task."""

from __future__ import annotations

from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Task
from doctorflan_tcm.sections import is_tcm_record
from doctorflan_tcm.tables import document


def instruction(task: Task, note: Note, language: Locale) -> str:
    """What to tell a model for ``task``; empty where TCM is not the matter."""
    table = document("prompts")
    name = task.id.rpartition("/")[2]
    own = name in table["own_tasks"]
    if not own and not (task.id in table["core_tasks"] and is_tcm_record(note)):
        return ""
    told: str = table["instruction"][language]
    return told
