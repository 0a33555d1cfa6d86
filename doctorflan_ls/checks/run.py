"""Runs checks over a note."""

from __future__ import annotations

from collections.abc import Iterable

from doctorflan_ls.checks.builtin import builtin_checks
from doctorflan_ls.checks.model import CheckOptions, Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span


def check(
    note: Note,
    options: CheckOptions | None = None,
    span: Span | None = None,
    *,
    checks: Iterable[Check] | None = None,
    brought: Iterable[Finding] = (),
) -> tuple[Finding, ...]:
    """What ``checks`` (the built-in ones) find, in document order, disabled rules left out.

    With a ``span`` only what stands in it, at the cost of what stands in it. ``brought`` are what
    others found in the whole note, plugins for one, which are not run here.
    """
    options = options or CheckOptions()
    scope = Scope(note, span, options)
    found = [
        finding
        for each in (builtin_checks() if checks is None else checks)
        for finding in each.find(scope)
    ]
    found += [finding for finding in brought if scope.whole or finding.span.overlaps(scope.span)]
    kept = (finding for finding in found if finding.rule.id not in options.disabled)
    return tuple(sorted(kept, key=lambda finding: finding.span))
