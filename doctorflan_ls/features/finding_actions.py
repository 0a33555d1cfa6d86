"""What can be done about findings: mends that are safe, and putting them aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.features.diagnostics import SEVERITIES
from doctorflan_ls.features.snapshot import Snapshot, said_of
from doctorflan_ls.text import Edit, Span

_MOST, _MOST_ASIDE = 5, 2
# (what is put aside, why, the message): the two that are wanted most come first.
_ASIDE = (
    ("place", "checked", "actions.dismiss-checked"),
    ("place", "wrong", "actions.dismiss-wrong"),
    ("document", "not-applicable", "actions.dismiss-document"),
    ("user", "not-wanted", "actions.dismiss-user"),
)


@dataclass(frozen=True, slots=True)
class Mend:
    """A quick fix of what ``code`` says at ``span``: ``edits``, or ``dismissal`` as the argument of
    the command that puts it aside."""

    title: str
    code: str
    span: Span
    edits: tuple[Edit, ...] = ()
    dismissal: dict[str, str] | None = None


def mends(snapshot: Snapshot, span: Span) -> Iterator[Mend]:
    """The mends of the findings that touch ``span``, of the gravest first; all mends stand before
    all ways to put findings aside."""
    found = sorted(_at(snapshot, span), key=lambda each: SEVERITIES.index(each.rule.severity))
    found = found[:_MOST]
    for finding in found:
        for fix in finding.fixes:
            title = fix.title.in_(snapshot.locale)
            yield Mend(title, finding.rule.id, finding.span, fix.edits)
    for finding in found[:_MOST_ASIDE]:
        yield from _aside(snapshot, finding)


def _at(snapshot: Snapshot, span: Span) -> list[Finding]:
    line = snapshot.note.text.line_span(snapshot.note.text.line_of(span.start))
    asked = Span(min(line.start, span.start), max(line.end, span.end))
    return [
        each
        for each in snapshot.findings(asked)
        if each.span.start <= span.end
        and span.start <= each.span.end
        and not snapshot.is_aside(each)
    ]


def _aside(snapshot: Snapshot, finding: Finding) -> Iterator[Mend]:
    words = said_of(snapshot.note, finding)
    for reach, reason, key in _ASIDE:
        said = {
            "uri": snapshot.note.uri,
            "rule": finding.rule.id,
            "words": words,
            "reach": reach,
            "reason": reason,
        }
        title = snapshot.say(key, rule=finding.rule.id)
        yield Mend(title, finding.rule.id, finding.span, dismissal=said)
