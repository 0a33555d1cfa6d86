"""What a feature may know: the note, and what the client can show. It never changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.run import check
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.grounding import block_findings
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.notes.note import Note
from doctorflan_ls.plugins.registry import Registry, builtin_registry
from doctorflan_ls.score.model import Score, ScoreTable
from doctorflan_ls.score.run import score
from doctorflan_ls.score.tables import default_tables, table_for
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span

# In code points: what is made of such a note is made while one waits.
_SHORT = 50_000


def said_of(note: Note, finding: Finding) -> str:
    """What a dismissal of ``finding`` is about: its words, and all that it says of them.

    In one language, so that it holds whichever the doctor reads: two parts that are missing stand
    at the same title.
    """
    return f"{note.slice(finding.span)}\0{finding.message('zh')}"


Aside = Callable[[str, str], bool]
"""Whether what a rule says of some words was put aside."""


def _nothing(_rule: str, _words: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A note as one request sees it.

    ``locale`` is the language of titles and messages. ``draft_language`` is None where drafts take
    the language of the note. ``snippets`` and ``markdown`` say if the client renders them in the
    feature that is asked. ``registry`` is what there is besides, ``brought`` what plugins' checks
    found in the note. ``dismissed`` is what the doctor put aside. ``score_tables`` are the tables
    of points as the settings have them; None are those that come with the server.
    """

    note: Note
    locale: Locale = "en"
    snippets: bool = False
    markdown: bool = False
    draft_language: Locale | None = None
    checks: CheckOptions = field(default_factory=CheckOptions)
    registry: Registry = field(default_factory=builtin_registry)
    brought: tuple[Finding, ...] = ()
    dismissed: Aside = _nothing
    score_tables: tuple[ScoreTable, ...] | None = None

    def is_aside(self, finding: Finding) -> bool:
        """True for a finding that the doctor put aside."""
        return self.dismissed(finding.rule.id, said_of(self.note, finding))

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Every task there is."""
        return self.registry.tasks

    def findings(self, span: Span | None = None) -> tuple[Finding, ...]:
        """What all checks find in the note, or in ``span`` of it, and grounding in its drafts."""
        checks = self.registry.checks
        brought = (*self.brought, *self._of_drafts(span))
        return check(self.note, self.checks, span, checks=checks, brought=brought)

    def score(self, findings: Iterable[Finding]) -> Score | None:
        """The points of the note by its table, without what was put aside; None without a table."""
        tables = default_tables() if self.score_tables is None else self.score_tables
        table = table_for(self.note.doc_type, tables)
        if table is None:
            return None
        return score((each for each in findings if not self.is_aside(each)), self.note, table)

    def _of_drafts(self, span: Span | None) -> tuple[Finding, ...]:
        note = self.note
        if not any(span is None or block.span.overlaps(span) for block in note.draft_blocks):
            return ()
        # Whoever points at a place of a long note does not wait until all of it is read.
        at_once = span is not None and len(note.text) > _SHORT
        return block_findings(note, self.tasks, at_once=at_once)

    @property
    def language(self) -> Locale:
        """The language that drafts of this note are written in."""
        return self.draft_language or self.note.language

    def say(self, key: str, **fields: object) -> str:
        """The message ``key`` in the client's language."""
        return message(key, self.locale, **fields)

    def task_title(self, task_id: str) -> str:
        """The task's or calculator's title; the id where there is none (a plugin not here)."""
        try:
            return get_task(task_id, self.tasks).title.in_(self.locale)
        except BadRequest:
            from doctorflan_ls.features.calculators import calculator_task  # noqa: PLC0415

            calculator = calculator_task(task_id)
            return task_id if calculator is None else calculator.title.in_(self.locale)
