"""Runs checks over a note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from doctorflan_ls.checks.builtin import builtin_checks
from doctorflan_ls.checks.memo import found_in, reading
from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span

ONE_RECORD = 100_000
"""In code points. A longer text is many records, which are not to be held against one another."""

# In code points. What the whole of such a note says is looked at wherever somebody points.
_SHORT = 50_000


def check(
    note: Note,
    options: CheckOptions | None = None,
    span: Span | None = None,
    *,
    checks: Iterable[Check] | None = None,
    brought: Iterable[Finding] = (),
) -> tuple[Finding, ...]:
    """What ``checks`` (the built-in ones) find, in document order, disabled rules left out.

    With a ``span`` only what stands in it; in a long note at the cost of what stands in it.
    ``brought`` are what others found in the whole note, plugins for one, which are not run here.
    """
    options = options or CheckOptions()
    scope = Scope(note, span, options)
    off = options.disabled | scope.table.off
    wanted = builtin_checks() if checks is None else tuple(checks)
    found = [*_found(scope, wanted), *brought]
    kept = (
        finding
        for finding in found
        if finding.rule.id not in off and (span is None or _touches(finding.span, span))
    )
    return tuple(sorted(kept, key=lambda finding: finding.span))


def _found(scope: Scope, checks: tuple[Check, ...]) -> Iterable[Finding]:
    if scope.whole or len(scope.note.text) <= _SHORT:
        return _in_all(scope if scope.whole else Scope(scope.note, None, scope.options), checks)
    return _in_span(scope, checks)


def _in_all(whole: Scope, checks: tuple[Check, ...]) -> tuple[Finding, ...]:
    """What ``checks`` find in the whole note; worked out once for all requests of a version."""
    read = reading(whole)
    known = read.results.get(checks)
    if known is None or known[0] != whole.options:
        of_parts, of_note = _by_reach(checks, whole.note)
        found = (*read.found(of_parts), *(each for one in of_note for each in one.find(whole)))
        known = read.results[checks] = whole.options, found
    return known[1]


def _in_span(scope: Scope, checks: tuple[Check, ...]) -> Iterator[Finding]:
    of_parts, of_note = _by_reach(checks, scope.note)
    for part in scope.parts:
        yield from _at(part, found_in(part, of_parts))
    for each in of_note:
        yield from each.find(scope)


def _by_reach(checks: tuple[Check, ...], note: Note) -> tuple[tuple[Check, ...], tuple[Check, ...]]:
    """Those that look at parts, and those that look at all of ``note``."""
    is_one = len(note.text) <= ONE_RECORD
    of_note = (each for each in checks if each.reach == "note")
    return (
        tuple(each for each in checks if each.reach == "part"),
        tuple(each for each in of_note if is_one or each.at_any_length),
    )


def _at(part: Scope, known: tuple[object, ...]) -> Iterator[Finding]:
    if known:
        start, found = cast("tuple[int, tuple[Finding, ...]]", known)
        yield from (each.moved(part.span.start - start) for each in found)


def _touches(one: Span, two: Span) -> bool:
    return one.overlaps(two) or (one.start == one.end and two.start <= one.start <= two.end)
