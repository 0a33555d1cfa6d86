"""What a feature may know: the note, and what the client can show. It never changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from doctorflan_ls.checks.model import CheckOptions
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.registry import get_task


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A note as one request sees it.

    ``locale`` is the language of titles and messages. ``draft_language`` is None where drafts take
    the language of the note. ``snippets`` and ``markdown`` say if the client renders them in the
    feature that is asked.
    """

    note: Note
    locale: Locale = "en"
    snippets: bool = False
    markdown: bool = False
    draft_language: Locale | None = None
    checks: CheckOptions = field(default_factory=CheckOptions)

    @property
    def language(self) -> Locale:
        """The language that drafts of this note are written in."""
        return self.draft_language or self.note.language

    def say(self, key: str, **fields: object) -> str:
        """The message ``key`` in the client's language."""
        return message(key, self.locale, **fields)

    def task_title(self, task_id: str) -> str:
        """The task's title; its id where no such task is known (a plugin that is not here)."""
        try:
            return get_task(task_id).title.in_(self.locale)
        except BadRequest:
            return task_id
