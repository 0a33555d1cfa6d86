"""The selector for grades, stages, scores and sizes that the note states."""

from __future__ import annotations

import re
from functools import cache

from doctorflan_ls.lexicon import table
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query

_LONGEST = 80


@cache
def _grade_pattern() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{part})" for part in table("skeleton")["grades"]["patterns"]))


@cache
def _size_pattern() -> re.Pattern[str]:
    return re.compile(table("skeleton")["grades"]["sizes"])


def grades(case: Case, query: Query) -> list[Line]:
    """Grades, stages and scores that the note states, each with its clause; ``sizes`` measures."""
    pattern = _size_pattern() if query.argument == "sizes" else _grade_pattern()
    pieces = []
    for span in case.cut(case.scope.start, case.scope.end):
        for clause in case.clauses(span):
            if pattern.search(case.text, clause.start, clause.end):
                words = case.quote(clause)
                if 3 < len(words) < _LONGEST:
                    pieces.append(Piece(words, (clause,)))
    return case.joined(pieces, query.limit(8))
