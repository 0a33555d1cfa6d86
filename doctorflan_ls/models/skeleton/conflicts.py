"""Drugs held against the recorded allergies: a selector, and the warning beside a drug.

Names and classes are compared (``cross_allergy``); no interaction is known.
"""

from __future__ import annotations

import re

from doctorflan_ls import cross_allergy
from doctorflan_ls.cross_allergy import Relation
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.notes.model import Fact

_NOT_TAKEN = ("stopped", "avoid")
# 对青霉素过敏（皮疹） is an allergy to 青霉素.
_ALLERGEN = re.compile(r"对?([^（(]+?)(?:类?药?物?过敏.*)?(?:[（(].*)?", re.DOTALL)


def confront(case: Case, query: Query) -> list[Line]:
    """Each drug that is a recorded allergen, or of its class; ``none=1`` says where none is."""
    if query.argument != "allergies":
        return []
    allergens = case.allergens
    drugs = [fact for fact in case.drugs if fact.status not in _NOT_TAKEN]
    lines: dict[tuple[str, str], Line] = {}
    for allergen in allergens:
        for drug in drugs:
            relation = cross_allergy.relation(drug, allergen)
            if relation is not None:
                key = (drug.name.casefold(), allergen.name.casefold())
                lines.setdefault(key, _conflict(case, drug, allergen, relation))
    if not lines and allergens and drugs and "none" in query.options:
        evidence = tuple(fact.span for fact in (*allergens, *drugs))
        return [Line((Piece(case.word("no_conflict"), evidence),))]
    return list(lines.values())


def _conflict(case: Case, drug: Fact, allergen: Fact, relation: Relation) -> Line:
    said = case.word("conflict", drug=case.quote(drug.span), allergen=case.quote(allergen.span))
    why = cross_allergy.worded(relation).in_(case.language)
    text = f"{said}（{why}）" if case.language == "zh" else f"{said} ({why})"
    return Line((Piece(text, (drug.span, allergen.span)),))


def warnings(case: Case, drug: Fact) -> list[Piece]:
    """The warning to set behind ``drug`` where a recorded allergy is one to it or to its class."""
    if drug.status in _NOT_TAKEN:
        return []
    for allergen in case.allergens:
        relation = cross_allergy.relation(drug, allergen)
        if relation is not None:
            why = cross_allergy.worded(relation).in_(case.language)
            named = _ALLERGEN.fullmatch(case.quote(allergen.span))
            name = named.group(1).strip() if named else allergen.name
            said = case.word("allergy_warning", allergen=name, relation=why)
            return [Piece(said, (drug.span, allergen.span))]
    return []


def warned(case: Case, line: Line) -> Line:
    """``line`` with the warnings for the drugs it quotes."""
    spans = [span for piece in line.pieces for span in piece.evidence]
    told = {
        fact.name: fact for fact in case.drugs if any(span.contains(fact.span) for span in spans)
    }
    found = [piece for fact in told.values() for piece in warnings(case, fact)]
    return line._replace(pieces=(*line.pieces, *found))
