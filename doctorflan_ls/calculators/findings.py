"""Whether a note says or denies a condition; None where it does neither."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from doctorflan_ls.calculators.model import Condition
from doctorflan_ls.calculators.scope import Scope, is_measured
from doctorflan_ls.calculators.table import conditions
from doctorflan_ls.lexicon import denied_before
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

_PAST = frozenset(("past_history", "past_medical_history", "problems"))
# Glasgow Coma Scale and 昏迷评分 say of nobody that he is in a coma.
_SCALE = re.compile(r"\s*(?:scale|score|评分|指数|量表|风险)", re.IGNORECASE)
# A drug that was stopped or is to be avoided is not taken.
_NOT_TAKEN = frozenset(("stopped", "avoid"))


class Finding(NamedTuple):
    """``present`` or denied, in the words at ``span``."""

    present: bool
    span: Span
    measured: bool


class Findings:
    """The conditions of one scope, each looked for once and only when asked."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._known: dict[str, Finding | None] = {}
        self._facts: dict[str, list[Fact]] = {}
        for fact in scope.facts:
            if fact.kind in ("diagnosis", "symptom", "sign", "procedure", "drug"):
                self._facts.setdefault(fact.name, []).append(fact)

    def of(self, name: str) -> Finding | None:
        """What the note says of the condition ``name``; raises KeyError where there is none."""
        if name not in self._known:
            self._known[name] = self._look(conditions()[name])
        return self._known[name]

    def _look(self, condition: Condition) -> Finding | None:
        groups = [list(self._said(condition, group)) for group in condition.groups]
        worded = list(self._worded(condition))
        every = [each for group in groups for each in group] + worded
        if condition.current and every:
            return max(every, key=lambda each: (each.measured, each.span.start))
        present = [each for each in every if each.present]
        if present:
            return present[-1]
        denied = [each for each in worded if not each.present]
        if denied:
            return denied[-1]
        if groups and all(groups):
            return groups[0][-1]
        return None

    def _said(self, condition: Condition, group: tuple[str, ...]) -> Iterator[Finding]:
        for name in group:
            for fact in self._facts.get(name, ()):
                if _SCALE.match(self._scope.after(fact, 12)):
                    continue
                present = _is_present(condition, fact)
                if present or (present is False and name in group[:2]):
                    yield Finding(bool(present), fact.span, is_measured(fact.section))

    def _worded(self, condition: Condition) -> Iterator[Finding]:
        scope = self._scope
        for pattern, present in ((condition.none, False), (condition.words, True)):
            if not pattern:
                continue
            for found in scope.matches(_compiled(pattern)):
                span = scope.at(found)
                denied = present and denied_before(scope.text, found.start(), scope.note.language)
                yield Finding(present and not denied, span, is_measured(scope.section(span.start)))


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


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
