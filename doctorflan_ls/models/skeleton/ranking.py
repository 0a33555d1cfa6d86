"""The selector for departments and emergency signs."""

from __future__ import annotations

from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.text import Span
from doctorflan_ls.triage import Triage, triage

_SHOWN = 3
# A department far behind the first would only distract.
_SHARE = 0.3
_WORDS = 6
_VITALS = frozenset({"temperature", "pulse", "heart_rate", "respiratory_rate", "blood_pressure"})


def rank(case: Case, query: Query) -> list[Line]:
    """``departments`` with the words that point there, or ``emergency`` signs."""
    found = triage(case.note, case.scope)
    return _departments(case, found) if query.argument == "departments" else _emergency(case, found)


def _departments(case: Case, found: Triage) -> list[Line]:
    lines = []
    for ranked in found.departments[:_SHOWN]:
        if ranked.score < found.departments[0].score * _SHARE:
            break
        name = ranked.name if case.language == "zh" else ranked.name_en
        evidence = _words(case, ranked.evidence)
        opening, closing = ("（", "）") if case.language == "zh" else (" (", ")")
        because = case.word("because") + case.word("colon")
        pieces = [Piece(name, ranked.evidence), Piece(opening + because)]
        for number, piece in enumerate(evidence):
            pieces += [Piece(case.word("comma")), piece] if number else [piece]
        lines.append(Line((*pieces, Piece(closing))))
    return lines


def _words(case: Case, spans: tuple[Span, ...]) -> list[Piece]:
    unique: dict[str, Piece] = {}
    for span in spans:
        words = case.quote(span)
        unique.setdefault(words.casefold(), Piece(words, (span,)))
    return list(unique.values())[:_WORDS]


def _emergency(case: Case, found: Triage) -> list[Line]:
    measured = {fact.name for fact in case.all_facts if fact.kind == "vital"}
    if found.signs:
        pieces = _words(case, tuple(sign.span for sign in found.signs))
        said = Piece(case.word(found.urgency) + case.word("colon"))
        row = case.joined(pieces, _WORDS)[0]
        return [Line((said, *row.pieces))]
    if measured & _VITALS:
        spans = tuple(fact.span for fact in case.facts if fact.kind == "vital")
        return [Line((Piece(case.word("routine"), spans),))]
    return []
