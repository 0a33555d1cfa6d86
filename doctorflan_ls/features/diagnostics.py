"""What the checks found and which drafts wait for a review, as they stand beside the text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from doctorflan_ls.checks.model import Finding, Severity
from doctorflan_ls.checks.run import ONE_RECORD
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.notes.model import DraftBlock
from doctorflan_ls.text import Span

UNREVIEWED = "draft-unreviewed"
"""The code of the diagnostic at a draft that nobody reviewed; it can be disabled like a rule."""

MORE = "more-findings"
"""The code of the diagnostic that says how many findings are not shown."""

LONG = "long-note"
"""The code of the diagnostic that says what is not looked at in a very long text."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "information")
"""The worst first."""

_WORDS = re.compile(r"\S[^\r\n]*")


@dataclass(frozen=True, slots=True)
class Place:
    """Another place that a diagnostic rests on."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One sentence about ``span``; ``code`` is the rule's id."""

    span: Span
    severity: Severity
    code: str
    message: str
    related: tuple[Place, ...] = ()

    def to_json(self) -> dict[str, object]:
        """As a finding of ``schemas/analysis.schema.json``; it rests on no rule of a source."""
        return {
            "rule": self.code,
            "severity": self.severity,
            "message": self.message,
            "span": list(self.span),
            "source": "DoctorFLAN",
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of it is shown: the ``limit`` worst (0: all), with ``quiet`` errors alone.

    ``typing`` is the word that is being typed: nothing is said of it yet.
    """

    limit: int = 0
    quiet: bool = False
    typing: Span | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What stands beside the text; ``is_waiting`` where something waits for a word's end."""

    diagnostics: tuple[Diagnostic, ...]
    is_waiting: bool = False


def diagnostics(snapshot: Snapshot) -> tuple[Diagnostic, ...]:
    """All there is to report of the note, in document order and each once."""
    return report(snapshot, Shown()).diagnostics


def report(snapshot: Snapshot, shown: Shown) -> Report:
    """What is to stand beside the note, in document order and each once.

    What the doctor put aside is left out; of more than the limit the worst are kept, and one line
    says how many are not shown.
    """
    findings = [each for each in snapshot.findings() if not snapshot.is_aside(each)]
    if shown.quiet:
        findings = [each for each in findings if each.rule.severity == "error"]
    typed = [each for each in findings if _is_being_typed(each.span, shown.typing)]
    findings = [each for each in findings if each not in typed] if typed else findings
    worst = findings
    if shown.limit and len(findings) > shown.limit:
        worst = sorted(findings, key=lambda each: SEVERITIES.index(each.rule.severity))
        worst = worst[: shown.limit]
    found = [_of_finding(snapshot, each) for each in worst]
    if len(worst) < len(findings):
        more = snapshot.say("diagnostics.more", count=len(findings) - len(worst))
        found.append(_at_first(snapshot, MORE, more))
    if len(snapshot.note.text) > ONE_RECORD and LONG not in snapshot.checks.disabled:
        found.append(_at_first(snapshot, LONG, snapshot.say("diagnostics.long", limit=ONE_RECORD)))
    if UNREVIEWED not in snapshot.checks.disabled:
        found += of_drafts(snapshot)
    ordered = sorted(dict.fromkeys(found), key=lambda each: each.span)
    return Report(tuple(ordered), bool(typed))


def _is_being_typed(span: Span, typing: Span | None) -> bool:
    return typing is not None and span.start <= typing.end and typing.start <= span.end


def _of_finding(snapshot: Snapshot, finding: Finding) -> Diagnostic:
    locale = snapshot.locale
    message = snapshot.say(
        "hover.finding",
        message=finding.message(locale),
        source=finding.authority(locale),
    )
    related = tuple(
        Place(each.span, each.text.in_(locale)) for each in finding.related if each.other is None
    )
    span = _visible(snapshot, finding.span)
    return Diagnostic(span, finding.rule.severity, finding.rule.id, message, related)


def _at_first(snapshot: Snapshot, code: str, message: str) -> Diagnostic:
    """Something about the whole note, at its first line."""
    first = _visible(snapshot, Span(snapshot.note.front, snapshot.note.front))
    return Diagnostic(first, "information", code, message)


def of_drafts(snapshot: Snapshot) -> list[Diagnostic]:
    """One for each draft that nobody reviewed."""
    return [_of_draft(snapshot, block) for block in snapshot.note.draft_blocks]


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
