"""Selectors over facts: results, vital signs, diagnoses, procedures, allergies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from doctorflan_ls.lexicon import cues, group, has_cue
from doctorflan_ls.models.skeleton import problems
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.models.skeleton.reports import candidates
from doctorflan_ls.notes.facts.vocabulary import lookup
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

# A longer sentence in a diagnosis section is a discussion, not a name.
_LONGEST_NAME = 120
# More are no list that a person wrote.
_MOST_DIAGNOSES = 60
_FLAGS = {"H": "↑", "L": "↓", "POS": "", "NEG": "", "N": ""}
_DIAGNOSIS_ROLES = frozenset(
    {"initial", "admission", "discharge", "preoperative", "postoperative", "working"}
)
_EN_DENIES = re.compile(r"\b(?:no|nil|not|NKDA|NKA|denie[sd]|without)\b", re.IGNORECASE)


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
    return case.joined([measured(case, fact) for fact in told], query.limit(), query.label)


def vitals(case: Case, query: Query) -> list[Line]:
    """Vital signs as written, abnormal ones first, the examination's before the history's; a heart
    rate equal to the pulse is left out.

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
    now = [
        fact
        for fact in told
        if fact.section in group("exam")
        or (fact.name not in examined and fact.assertion != "historical")
    ]
    pulses = {fact.value for fact in now if fact.name == "pulse"}
    now = [fact for fact in now if fact.name != "heart_rate" or fact.value not in pulses]
    now = list({(fact.name, fact.value): fact for fact in reversed(now)}.values())[::-1]
    now.sort(key=lambda fact: fact.flag not in ("H", "L"))
    return case.joined([measured(case, fact) for fact in now], query.limit(), query.label)


def procedures(case: Case, query: Query) -> list[Line]:
    """Operations that were ``done``, or those the plan names (``planned``); ``intended`` are
    planned operations and other treatments by intervention."""
    planned = query.argument != "done"
    classes = ("", "therapy") if query.argument == "intended" else ("",)
    told = [
        fact
        for fact in case.of("procedure")
        if _fits(case, fact, planned)
        and not case.is_reasoning(fact.span)
        and procedure_class(fact) in classes
        and (case.place(fact.span) == "plan") == planned
        and fact.section not in group("past")
        and (planned or is_treatment(fact))
    ]
    spans = dict.fromkeys(case.sentence_of(fact.span) for fact in told)
    return [in_time(case, case.line(span, query.label)) for span in spans][: query.limit(4)]


def _fits(case: Case, fact: Fact, planned: bool) -> bool:
    ruled_out = cues("no_operation" if planned else "past_operation")
    english = case.note.language == "en"
    if english and has_cue(case.quote(case.sentence_of(fact.span)), ruled_out):
        return False
    if planned:
        return fact.assertion in ("present", "possible")
    told = case.note.language == "zh" and fact.section in group("history")
    return fact.assertion == "present" or (told and fact.assertion == "historical")


def is_treatment(fact: Fact) -> bool:
    """True for a procedure that treats: an endoscopy or a biopsy is no operation."""
    if fact.kind != "procedure" or procedure_class(fact) == "diagnostic":
        return False
    return not fact.name.casefold().endswith(cues("examining_procedure"))


def in_time(case: Case, line: Line) -> Line:
    """``line``, marked as a hint where it tells an operation of a Chinese history: that may be an
    earlier one than the one asked for."""
    span = line.quote
    section = case.note.section_at(span.start) if span else None
    if case.note.language == "zh" and section and section.id in group("history"):
        return line._replace(label="earlier_operation", hint=True)
    return line


def procedure_class(fact: Fact) -> str:
    """``diagnostic``, ``therapy`` or ``physical`` of the table; empty for an operation."""
    term = lookup(fact.text) or lookup(fact.name)
    return term.extra[0] if term and term.extra else ""


def diagnoses(case: Case, query: Query) -> list[Line]:
    """Diagnoses the note states: ``stated``, ``final`` (at discharge or after), ``possible``;
    ``candidates``: those that reports or the history name."""
    limit = query.limit(_MOST_DIAGNOSES)
    if query.argument == "candidates":
        return candidates(case)
    if query.argument == "possible":
        sure = {
            fact.name
            for fact in case.of("diagnosis")
            if fact.assertion == "present" and fact.role in _DIAGNOSIS_ROLES
        }
        told = [
            fact
            for fact in case.of("diagnosis")
            if fact.assertion == "possible" and fact.name not in sure
        ]
        return _each(case, told)[:limit]
    sections = group("final") if query.argument == "final" else group("diagnosis") - {"assessment"}
    if case.assessed:
        sections -= {"impression"}
    spans = [item for span in case.sentences(sections) for item in problems.items(case, span)]
    if query.argument != "final":
        spans += problems.assessed(case, alone=not spans)
    unique = {case.quote(span).casefold(): span for span in spans}
    unique = {
        words: span for words, span in unique.items() if not words.startswith(cues("no_diagnosis"))
    }
    lines = [case.line(span) for words, span in unique.items() if len(words) <= _LONGEST_NAME]
    if lines or query.argument == "final":
        return lines[:limit]
    told = [
        fact
        for fact in case.of("diagnosis")
        if fact.assertion in ("present", "possible") and fact.role in _DIAGNOSIS_ROLES
    ]
    return _each(case, told)[:limit]


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
    """What the whole note says about allergies, present or denied; nothing where it is silent.

    ``present`` leaves out the denied: they are nothing to avoid.
    """
    label = query.label
    told = [fact for fact in case.all_facts if fact.kind == "allergy"]
    present = [fact for fact in told if fact.assertion != "denied"]
    if query.argument == "present" and told and not present:
        return []
    if present or told:
        spans = dict.fromkeys(_allergy(case, fact) for fact in present or told)
        pieces = [Piece(case.quote(span), (span,)) for span in spans]
        return case.joined(pieces, query.limit(), label)
    for section in case.note.sections:
        if section.id == "allergies" and case.quote(section.body):
            return [case.line(section.body, label)]
    words = cues("allergy_statement")
    for span in case.cut(case.note.front, len(case.text)):
        for clause in case.clauses(span):
            said = has_cue(case.quote(clause), words) and case.place(clause) != "plan"
            if said and not _is_heading(case, clause):
                return [Line((Piece(case.quote(clause), (clause,)),), label)]
    return []


def _is_heading(case: Case, span: Span) -> bool:
    """True where ``span`` is in a heading: an empty section is no statement."""
    section = case.note.section_at(span.start)
    return section is not None and section.heading_span.overlaps(span)


def _allergy(case: Case, fact: Fact) -> Span:
    """The clause the allergy stands in: the reaction, or the denial, is usually beside it."""
    if case.note.language == "en" and fact.assertion == "denied":
        # "no known allergies" denies; "latex" alone, out of "denies ... or latex", would affirm.
        return fact.span if _EN_DENIES.search(fact.text) else case.sentence_of(fact.span)
    section = case.note.section_at(fact.span.start)
    for clause in _clauses(case, section.body) if section else ():
        if clause.contains(fact.span) and len(case.quote(clause)) <= 60:
            return clause
    return fact.span


def _clauses(case: Case, body: Span) -> Iterator[Span]:
    """The clauses of ``body``; an English one ends with its line."""
    if case.note.language == "zh":
        yield from case.clauses(body)
        return
    for sentence in case.cut(body.start, body.end):
        yield from case.clauses(sentence)
