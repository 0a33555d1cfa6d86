"""The selector for grades, stages, scores and sizes that the note states."""

from __future__ import annotations

import re
from functools import cache

from doctorflan_ls.lexicon import table
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.text import Span

_LONGEST = 80
# A longer clause of a Chinese note is several items between blanks.
_LONG = 40


@cache
def _grade_pattern() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{part})" for part in table("skeleton")["grades"]["patterns"]))


@cache
def _size_pattern() -> re.Pattern[str]:
    return re.compile(table("skeleton")["grades"]["sizes"])


def grades(case: Case, query: Query) -> list[Line]:
    """Grades, stages and scores that the note states, each with its clause; ``sizes`` measures."""
    pattern = _size_pattern() if query.argument == "sizes" else _grade_pattern()
    pieces: list[Piece] = []
    for span in case.cut(case.scope.start, case.scope.end):
        for clause in case.clauses(span):
            found = pattern.search(case.text, clause.start, clause.end)
            words = case.balanced(_item(case, clause, found)) if found else ""
            known = any(words in piece.text for piece in pieces)
            if found and not known and 3 < len(words) < _LONGEST:
                pieces.append(Piece(words, (_item(case, clause, found),)))
    return case.joined(pieces, query.limit(8))


def _item(case: Case, clause: Span, found: re.Match[str]) -> Span:
    """The clause; of one with several items between blanks, the item with the grade."""
    if clause.end - clause.start <= _LONG:
        return clause
    blank = max(case.text.rfind(mark, clause.start, found.start()) for mark in " \u3000")
    return Span(max(blank + 1, clause.start), found.end()) if blank > 0 else clause
