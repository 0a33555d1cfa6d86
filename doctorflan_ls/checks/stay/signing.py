"""A registered doctor's hand under the text of an author who is none (ZC-03)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.stay.wording import bilingual, first_line
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.text import Span

# Signatures stand at the end of a record; a running one has several.
_TAIL = 4000


class _Patterns(NamedTuple):
    label: re.Pattern[str]
    registered: tuple[re.Pattern[str], ...]


@lru_cache(maxsize=8)
def _patterns(table: RuleTable) -> _Patterns:
    row = table.data["context"]["signing"]
    registered = tuple(re.compile(row[key]) for key in ("superior", "reviewed", "pair"))
    return _Patterns(re.compile(row["label"]), registered)


def checks() -> Iterator[Check]:
    """The check of this module with its rule."""
    yield Check("trainee-signed", (rule_table().rules["ZC-03"],), trainee_signed)


def trainee_signed(at: Scope) -> Iterator[Finding]:
    """A text by somebody who is told to be no registered doctor, which no doctor has signed."""
    role = at.context.author_role
    if not at.whole or role in (None, "registered") or at.note.language != "zh":
        return
    patterns = _patterns(at.table)
    start = max(at.note.front, len(at.note.text) - _TAIL)
    text = at.note.slice(Span(start, len(at.note.text)))
    if any(_stands(at, each, text, start) for each in patterns.registered):
        return
    labels = list(_found(at, patterns.label, text, start))
    span = _words(at, labels[-1]) if labels else first_line(at)
    name = bilingual(at.table, "context", "signing", "roles", str(role))
    yield Finding(at.table.rules["ZC-03"], span, {"role": name})


def _stands(at: Scope, pattern: re.Pattern[str], text: str, start: int) -> bool:
    return next(_found(at, pattern, text, start), None) is not None


def _found(at: Scope, pattern: re.Pattern[str], text: str, start: int) -> Iterator[Span]:
    """Where ``pattern`` stands in the record; ``text`` begins at ``start``."""
    for found in pattern.finditer(text):
        span = Span(start + found.start(), start + found.end())
        if at.is_record(span):
            yield span


def _words(at: Scope, span: Span) -> Span:
    return Span(span.start, span.start + len(at.note.slice(span).rstrip(" \t\u3000_＿：:")))
