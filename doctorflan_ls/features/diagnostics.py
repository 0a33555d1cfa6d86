"""What the checks found and which drafts wait for a review, as they stand beside the text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from doctorflan_ls.checks.model import Finding, Severity
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.notes.model import DraftBlock
from doctorflan_ls.text import Span

UNREVIEWED = "draft-unreviewed"
"""The code of the diagnostic at a draft that nobody reviewed; it can be disabled like a rule."""

_WORDS = re.compile(r"\S[^\r\n]*")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One sentence about ``span``; ``code`` is the rule's id."""

    span: Span
    severity: Severity
    code: str
    message: str


def diagnostics(snapshot: Snapshot) -> tuple[Diagnostic, ...]:
    """All there is to report of the note, in document order and each once."""
    found = [_of_finding(snapshot, each) for each in snapshot.findings()]
    if UNREVIEWED not in snapshot.checks.disabled:
        found += [_of_draft(snapshot, block) for block in snapshot.note.draft_blocks]
    return tuple(sorted(dict.fromkeys(found), key=lambda each: each.span))


def _of_finding(snapshot: Snapshot, finding: Finding) -> Diagnostic:
    message = snapshot.say(
        "hover.finding",
        message=finding.message(snapshot.locale),
        source=finding.authority(snapshot.locale),
    )
    span = _visible(snapshot, finding.span)
    return Diagnostic(span, finding.rule.severity, finding.rule.id, message)


def _of_draft(snapshot: Snapshot, block: DraftBlock) -> Diagnostic:
    task = snapshot.task_title(block.task)
    message = snapshot.say("diagnostics.draft-unreviewed", task=task, model=block.model)
    return Diagnostic(opening_line(snapshot, block), "information", UNREVIEWED, message)


def opening_line(snapshot: Snapshot, block: DraftBlock) -> Span:
    """The opening marker line of ``block`` without its line end."""
    text = snapshot.note.text
    return text.line_span(text.line_of(block.span.start))


def _visible(snapshot: Snapshot, span: Span) -> Span:
    """``span``, or the first line with words where it holds none: what a whole note lacks is
    reported at its first line, which may be empty."""
    note = snapshot.note
    if span.start < span.end:
        return span
    found = _WORDS.search(note.slice(Span(span.start, span.start + 10_000)))
    return span if found is None else Span(span.start + found.start(), span.start + found.end())
