"""What a feature may know: the note, and what the client can show. It never changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from doctorflan_ls.checks.model import CheckOptions, Finding
from doctorflan_ls.checks.run import check
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.notes.note import Note
from doctorflan_ls.plugins.registry import Registry, builtin_registry
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A note as one request sees it.

    ``locale`` is the language of titles and messages. ``draft_language`` is None where drafts take
    the language of the note. ``snippets`` and ``markdown`` say if the client renders them in the
    feature that is asked. ``registry`` is what there is besides, ``brought`` what plugins' checks
    found in the note.
    """

    note: Note
    locale: Locale = "en"
    snippets: bool = False
    markdown: bool = False
    draft_language: Locale | None = None
    checks: CheckOptions = field(default_factory=CheckOptions)
    registry: Registry = field(default_factory=builtin_registry)
    brought: tuple[Finding, ...] = ()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Every task there is."""
        return self.registry.tasks

    def findings(self, span: Span | None = None) -> tuple[Finding, ...]:
        """What all checks find in the note, or in ``span`` of it."""
        checks = self.registry.checks
        return check(self.note, self.checks, span, checks=checks, brought=self.brought)

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
            return get_task(task_id, self.tasks).title.in_(self.locale)
        except BadRequest:
            return task_id
