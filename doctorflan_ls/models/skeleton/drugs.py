"""The selector over drugs: which are current, ordered or stopped, as the note writes them."""

from __future__ import annotations

from collections.abc import Callable

from doctorflan_ls.lexicon import table
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.notes.facts.vocabulary import scan
from doctorflan_ls.notes.model import Fact


def drug_groups(fact: Fact) -> frozenset[str]:
    """The class or classes (``group`` of the drug tables) of a drug or an allergen."""
    kinds = ("drug", "drug_class")
    terms = (m.term for m in scan(fact.text) if m.term.kind in kinds)
    return frozenset(term.extra[1] for term in terms if len(term.extra) > 1) - {"", "other"}


def is_anticoagulant(fact: Fact) -> bool:
    """True for a drug of an anticoagulant or antiplatelet class."""
    return bool(drug_groups(fact) & frozenset(table("skeleton")["safety"]["anticoagulant_groups"]))


def drug_facts(case: Case) -> list[Fact]:
    """The drugs a patient takes or is to take: not the denied, not those named as allergens."""
    allergens = [fact.span for fact in case.all_facts if fact.kind == "allergy"]
    return [
        fact
        for fact in case.of("drug")
        if fact.assertion not in ("denied", "family")
        and fact.section != "allergies"
        and not any(span.overlaps(fact.span) for span in allergens)
    ]


_DRUGS: dict[str, Callable[[Case, Fact], bool]] = {
    "all": lambda _, fact: fact.status not in ("stopped", "avoid"),
    "plan": lambda case, fact: (
        fact.status in ("new", "changed")
        or (fact.status not in ("stopped", "avoid") and case.place(fact.span) == "plan")
    ),
    "ordered": lambda case, fact: (
        fact.status not in ("stopped", "avoid") and case.place(fact.span) == "plan"
    ),
    "current": lambda case, fact: (
        fact.status in ("current", "changed", None)
        and fact.assertion != "historical"
        and case.place(fact.span) != "plan"
    ),
    "stopped": lambda _, fact: fact.status in ("stopped", "avoid"),
    "anticoagulant": lambda _, fact: is_anticoagulant(fact),
}


def drugs(case: Case, query: Query) -> list[Line]:
    """Drugs as written: ``all``, ``plan`` (new, changed or in a plan), ``ordered``
    (in a plan), ``current``, ``stopped``, ``anticoagulant``,
    ``duplicates``; with ``complete=1`` what each lacks becomes a gap."""
    if query.argument == "duplicates":
        return _duplicates(case)
    told: dict[str, Fact] = {}
    for fact in drug_facts(case):
        if not _DRUGS[query.argument](case, fact):
            continue
        key = fact.name.casefold()
        told[key] = _fuller(told[key], fact) if key in told else fact
    for key, fact in told.items():
        told[key] = _continued(case, fact)
    complete = "complete" in query.options
    limit = query.limit(15)
    if "list" in query.options or complete:
        lines = [Line(_drug(case, fact, complete)) for fact in told.values()]
        return lines[:limit]
    pieces = [_written(case, fact) for fact in told.values()]
    return case.joined(pieces, limit, query.label)


def _fuller(one: Fact, other: Fact) -> Fact:
    """The mention that says more about how the drug is taken."""
    known = (one.dose, one.route, one.frequency), (other.dose, other.route, other.frequency)
    if known[1].count(None) < known[0].count(None):
        return other
    return one


def _continued(case: Case, fact: Fact) -> Fact:
    """Of a drug that goes on as it was, the mention that says how it is taken."""
    if fact.status != "current":
        return fact
    same = (f for f in drug_facts(case) if f.name == fact.name and f.status in ("current", None))
    for other in same:
        fact = _fuller(fact, other)
    return fact


def _written(case: Case, fact: Fact) -> Piece:
    words, evidence = case.quote(fact.span), [fact.span]
    for part in (fact.dose, fact.route, fact.frequency):
        place = case.near(fact.span, part) if part and part not in words else None
        if part and place:
            words, evidence = f"{words} {part}", [*evidence, place]
    return Piece(words, tuple(evidence))


def _drug(case: Case, fact: Fact, complete: bool) -> tuple[Piece, ...]:
    pieces = [_written(case, fact)]
    if complete:
        keys = ("dose", "route", "frequency")
        lacking = [case.word(key) for key in keys if getattr(fact, key) is None]
        if lacking:
            ask = case.word("comma").join(lacking)
            pieces += [Piece(" "), Piece(case.word("gap", ask=ask), gap=True)]
    return tuple(pieces)


def _duplicates(case: Case) -> list[Line]:
    told: dict[str, list[Fact]] = {}
    for fact in drug_facts(case):
        if case.place(fact.span) == "plan" and fact.status not in ("stopped", "avoid"):
            told.setdefault(fact.name.casefold(), []).append(fact)
    lines = []
    for mentions in told.values():
        if len({fact.dose for fact in mentions if fact.dose}) > 1:
            spans = tuple(fact.span for fact in mentions)
            words = case.quote(spans[0]), case.word("duplicate", count=len(spans))
            lines.append(Line((Piece(case.word("colon").join(words), spans),)))
    return lines
