"""Selectors over facts: results, vital signs, drugs, diagnoses, procedures, allergies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from doctorflan_ls.lexicon import group, has_cue, table
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.notes.facts.vocabulary import scan
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

# A longer sentence in a diagnosis section is a discussion, not a name.
_LONGEST_NAME = 120
_ITEM = re.compile(r"\s*#?\d{1,2}[.)]\s")
_FLAGS = {"H": "↑", "L": "↓", "POS": "", "NEG": "", "N": ""}
_DIAGNOSIS_ROLES = frozenset(
    {"initial", "admission", "discharge", "preoperative", "postoperative", "working"}
)


def facts(case: Case, query: Query) -> list[Line]:
    """Facts of the listed kinds that are present, on one line."""
    kinds = query.argument.split(",")
    flags = query.flags
    told = (
        fact
        for fact in case.facts
        if fact.kind in kinds and fact.assertion == "present" and (not flags or fact.flag in flags)
    )
    pieces = [Piece(case.quote(fact.span), (fact.span,)) for fact in told]
    return case.joined(pieces, query.limit(), query.label)


def measured(case: Case, fact: Fact) -> Piece:
    """A result or vital sign in the note's words, marked high or low."""
    words = case.quote(fact.span)
    mark = _FLAGS.get(fact.flag or "", "")
    if fact.value is not None and not _says_value(words, fact):
        words = f"{words} {fact.value}{fact.unit or ''}"
    return Piece(f"{words} {mark}" if mark else words, (fact.span,))


def _says_value(words: str, fact: Fact) -> bool:
    return any(char.isdigit() for char in words) or str(fact.value).casefold() in words.casefold()


def labs(case: Case, query: Query) -> list[Line]:
    """Laboratory results, abnormal ones first; the argument keeps those whose name holds it."""
    flags = query.flags
    wanted = [name.casefold() for name in query.argument.split(",") if name]
    seen: set[tuple[str, str]] = set()
    told = []
    for fact in case.of("lab"):
        key = (fact.name, str(fact.value))
        named = not wanted or any(name in fact.name.casefold() for name in wanted)
        if key not in seen and named and (not flags or fact.flag in flags):
            seen.add(key)
            told.append(fact)
    told.sort(key=lambda fact: fact.flag not in ("H", "L", "POS"))
    return case.joined([measured(case, fact) for fact in told], query.limit())


def vitals(case: Case, query: Query) -> list[Line]:
    """Vital signs as written, the examination's before the history's.

    The argument names which, ``flag`` keeps the high and low ones.
    """
    wanted = set(query.argument.split(",")) - {""}
    flags = query.flags
    told = [
        fact
        for fact in case.of("vital")
        if (not wanted or fact.name in wanted) and (not flags or fact.flag in flags)
    ]
    examined = {fact.name for fact in told if fact.section in group("exam")}
    now = [f for f in told if f.section in group("exam") or f.name not in examined]
    return case.joined([measured(case, fact) for fact in now], query.limit())


def procedures(case: Case, query: Query) -> list[Line]:
    """Procedures that were ``done``, or those the plan names (``planned``)."""
    planned = query.argument == "planned"
    told = [
        fact
        for fact in case.of("procedure")
        if fact.assertion == "present"
        and (case.place(fact.span) == "plan") == planned
        and fact.section not in group("past")
    ]
    spans = dict.fromkeys(case.sentence_of(fact.span) for fact in told)
    return [case.line(span, query.label) for span in spans][: query.limit(4)]


def diagnoses(case: Case, query: Query) -> list[Line]:
    """Diagnoses the note states: ``stated``, ``final`` (at discharge or after), ``possible``."""
    limit = query.limit(8)
    if query.argument == "possible":
        told = [fact for fact in case.of("diagnosis") if fact.assertion == "possible"]
        return _each(case, told)[:limit]
    sections = group("final") if query.argument == "final" else group("diagnosis") - {"assessment"}
    spans = [
        *case.sentences(sections),
        *([] if query.argument == "final" else _numbered(case)),
    ]
    unique = {case.quote(span).casefold(): span for span in spans}
    lines = [case.line(span) for words, span in unique.items() if len(words) <= _LONGEST_NAME]
    if lines or query.argument == "final":
        return lines[:limit]
    told = [
        fact
        for fact in case.of("diagnosis")
        if fact.assertion in ("present", "possible") and fact.role in _DIAGNOSIS_ROLES
    ]
    return _each(case, told)[:limit] or [case.line(span) for span in _problems(case)][:limit]


def _numbered(case: Case) -> list[Span]:
    """The items of an assessment that is a numbered list: each names a problem."""
    ids = frozenset({"assessment", "assessment_plan"})
    found = case.sentences(ids)
    return [span for span in found if _ITEM.match(case.text, case.line_start(span), span.end)]


def _problems(case: Case) -> list[Span]:
    """The problems that a problem-oriented assessment or plan names, each over its list."""
    ids = frozenset({"assessment", "assessment_plan", "plan"})
    return [
        span
        for section in case.sections(ids)
        for span in case.cut(section.body.start, section.span.end)
        if case.is_problem(span)
    ]


def _each(case: Case, told: Iterable[Fact]) -> list[Line]:
    lines: dict[str, Line] = {}
    for fact in told:
        words = case.quote(fact.span)
        if fact.assertion == "possible":
            words = (
                f"{words}（{case.word('possible')}）"
                if case.language == "zh"
                else (f"{words} ({case.word('possible')})")
            )
        lines.setdefault(fact.name.casefold(), Line((Piece(words, (fact.span,)),)))
    return list(lines.values())


def allergies(case: Case, query: Query) -> list[Line]:
    """What the whole note says about allergies, present or denied; nothing where it is silent."""
    label = query.label
    told = [fact for fact in case.all_facts if fact.kind == "allergy"]
    present = [fact for fact in told if fact.assertion != "denied"]
    if present or told:
        pieces = [Piece(_allergy(case, fact), (fact.span,)) for fact in present or told]
        return case.joined(pieces, query.limit(), label)
    for section in case.note.sections:
        if section.id == "allergies" and case.quote(section.body):
            return [case.line(section.body, label)]
    words = ("过敏", "allerg", "nkda")
    for span in case.cut(0, len(case.text)):
        for clause in case.clauses(span):
            if has_cue(case.quote(clause), words) and case.place(clause) != "plan":
                return [Line((Piece(case.quote(clause), (clause,)),), label)]
    return []


def _allergy(case: Case, fact: Fact) -> str:
    """The clause the allergy stands in: the reaction is usually beside it."""
    section = case.note.section_at(fact.span.start)
    for clause in case.clauses(section.body) if section else ():
        if clause.start <= fact.span.start and fact.span.end <= clause.end:
            words = case.quote(clause)
            if len(words) <= 60:
                return words
    return case.quote(fact.span)


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
