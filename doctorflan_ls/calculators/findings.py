"""Whether a note says or denies a condition; None where it does neither."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from doctorflan_ls.calculators.model import Condition
from doctorflan_ls.calculators.scope import Scope, is_measured
from doctorflan_ls.calculators.table import conditions
from doctorflan_ls.checks.scope import Scope as Checked
from doctorflan_ls.lexicon import denied_before
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

_PAST = frozenset(("past_history", "past_medical_history", "problems"))
_WORDS = 1
_KINDS = frozenset(("diagnosis", "symptom", "sign", "procedure", "drug"))
# Glasgow Coma Scale and 昏迷评分 say of nobody that he is in a coma.
_SCALE = re.compile(r"\s*(?:scale|score|评分|指数|量表|风险)", re.IGNORECASE)
# A drug that was stopped or is to be avoided is not taken.
_NOT_TAKEN = frozenset(("stopped", "avoid"))


class Finding(NamedTuple):
    """``present`` or denied, in the words at ``span``."""

    present: bool
    span: Span
    measured: bool


class _Said(NamedTuple):
    """What a part says of ``condition``; its place counts from the part's start.

    ``group`` and ``name`` tell by which name of the condition; words come after all groups.
    """

    condition: str
    group: int
    name: int
    found: Finding


class Findings:
    """The conditions of one scope, each looked for once and only when asked."""

    def __init__(self, scope: Scope) -> None:
        self._known: dict[str, Finding | None] = {}
        self._said: dict[str, list[_Said]] = {}
        for start, (condition, group, name, (present, span, measured)) in scope.gather(_said):
            found = Finding(present, _moved(span, start), measured)
            self._said.setdefault(condition, []).append(_Said(condition, group, name, found))

    def of(self, name: str) -> Finding | None:
        """What the note says of the condition ``name``; raises KeyError where there is none."""
        if name not in self._known:
            self._known[name] = self._look(conditions()[name])
        return self._known[name]

    def _look(self, condition: Condition) -> Finding | None:
        said = sorted(self._said.get(condition.name, ()), key=lambda each: (each.group, each.name))
        if condition.current and said:
            found = (each.found for each in said)
            return max(found, key=lambda each: (each.measured, each.span.start))
        present = [each.found for each in said if each.found.present]
        if present:
            return present[-1]
        words = len(condition.groups)
        denied = [each.found for each in said if each.group == words and not each.found.present]
        if denied:
            return denied[-1]
        groups = [[each.found for each in said if each.group == at] for at in range(words)]
        if groups and all(groups):
            return groups[0][-1]
        return None


def _said(part: Checked) -> Iterator[_Said]:
    """What a part says of all conditions."""
    scope, by = Scope(part.note, part.span), -part.span.start
    for each in (*_named(scope), *_worded(scope)):
        yield each._replace(found=each.found._replace(span=_moved(each.found.span, by)))


def _named(scope: Scope) -> Iterator[_Said]:
    for fact in scope.facts:
        named = _names().get(fact.name, ()) if fact.kind in _KINDS else ()
        if not named or _SCALE.match(scope.after(fact, 12)):
            continue
        for condition, group, at in named:
            present = _is_present(condition, fact)
            if present or (present is False and at < 2):
                found = Finding(bool(present), fact.span, is_measured(fact.section))
                yield _Said(condition.name, group, at, found)


@cache
def _names() -> Mapping[str, list[tuple[Condition, int, int]]]:
    """The conditions that a fact's name is a name of, and which of their names it is."""
    found: dict[str, list[tuple[Condition, int, int]]] = {}
    for condition in conditions().values():
        for group, names in enumerate(condition.groups):
            for at, name in enumerate(names):
                found.setdefault(name, []).append((condition, group, at))
    return found


def _worded(scope: Scope) -> Iterator[_Said]:
    for condition, at, pattern in _patterns():
        for match in scope.matches(pattern):
            span = scope.at(match)
            present = at == _WORDS
            denied = present and denied_before(scope.text, match.start(), scope.note.language)
            found = Finding(present and not denied, span, is_measured(scope.section(span.start)))
            yield _Said(condition.name, len(condition.groups), at, found)


@cache
def _patterns() -> tuple[tuple[Condition, int, re.Pattern[str]], ...]:
    """The words for the absence of a condition (0), and those for it (1)."""
    return tuple(
        (condition, at, re.compile(pattern, re.IGNORECASE))
        for condition in conditions().values()
        for at, pattern in enumerate((condition.none, condition.words))
        if pattern
    )


def _moved(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)


def _is_present(condition: Condition, fact: Fact) -> bool | None:
    if fact.kind == "drug" and fact.status in _NOT_TAKEN:
        return None
    past = fact.assertion == "historical" or fact.role == "past"
    if fact.assertion == "denied":
        # "No thrombosis" of an examination says nothing of the years before.
        return False if not condition.past_only or fact.section in _PAST else None
    if past:
        return True if condition.history or condition.past_only else None
    if fact.assertion == "possible":
        return True if condition.possible else None
    return None if condition.past_only else True
