"""The selector for departments and emergency signs."""

from __future__ import annotations

from doctorflan_ls.emergency import Sign
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.text import Span
from doctorflan_ls.triage import Triage, triage

_SHOWN = 3
# A department far behind the first would only distract.
_SHARE = 0.3
_WORDS = 6
_VITALS = ("temperature", "pulse", "respiratory_rate", "blood_pressure")


def rank(case: Case, query: Query) -> list[Line]:
    """``departments`` with the words that point there, or ``emergency`` signs."""
    found = triage(case.note, case.scope)
    return _departments(case, found) if query.argument == "departments" else _emergency(case, found)


def _departments(case: Case, found: Triage) -> list[Line]:
    lines: list[Line] = []
    for ranked in found.departments[:_SHOWN]:
        if ranked.score < found.departments[0].score * _SHARE:
            break
        name = ranked.name if case.language == "zh" else ranked.name_en
        lines.append(_department(case, name, ranked.evidence))
    return lines[:_SHOWN]


def _department(case: Case, name: str, spans: tuple[Span, ...]) -> Line:
    opening, closing = ("（", "）") if case.language == "zh" else (" (", ")")
    because = case.word("because") + case.word("colon")
    pieces = [Piece(name, spans), Piece(opening + because)]
    for number, piece in enumerate(_words(case, spans)):
        pieces += [Piece(case.word("comma")), piece] if number else [piece]
    return Line((*pieces, Piece(closing)))


def _words(case: Case, spans: tuple[Span, ...]) -> list[Piece]:
    unique: dict[str, Piece] = {}
    for span in spans:
        words = case.quote(span)
        unique.setdefault(words.casefold(), Piece(words, (span,)))
    return list(unique.values())[:_WORDS]


def _emergency(case: Case, found: Triage) -> list[Line]:
    """The signs with the rule each rests on, or that none was found; then the vital signs that
    the note lacks."""
    missing = case.vitals_missing(_VITALS)
    lines = []
    if found.signs:
        lines.append(_signs(case, found))
    elif len(missing) < len(_VITALS) or case.quote(case.scope):
        lines.append(Line((Piece(case.word("routine"), (case.scope,)),)))
    if len(missing) == len(_VITALS):
        lines.append(Line((Piece(case.word("gap", ask=case.word("vitals_missing")), gap=True),)))
    elif missing:
        ask = case.word("comma").join(missing)
        lines.append(Line((Piece(case.word("gap", ask=ask), gap=True),)))
    return lines


def _signs(case: Case, found: Triage) -> Line:
    unique = {case.quote(sign.span).casefold(): sign for sign in reversed(found.signs)}
    signs = list(unique.values())[::-1][:_WORDS]
    pieces = [Piece(case.word(found.urgency) + case.word("colon"))]
    for number, sign in enumerate(signs):
        pieces += [Piece(case.word("comma"))] if number else []
        pieces.append(Piece(case.quote(sign.span), (sign.span,)))
        rule = _rule(case, sign)
        if rule:
            pieces.append(Piece(f"（{rule}）" if case.language == "zh" else f" ({rule})"))
    return Line(tuple(pieces))


def _rule(case: Case, sign: Sign) -> str:
    """The limit a vital sign is beyond and where it is from; a word list needs no rule."""
    return case.word("limit", limit=sign.limit, source=sign.source) if sign.limit else ""
