"""Selectors that quote the note: whole sections, condensed ones, sentences by cue words."""

from __future__ import annotations

import re

from doctorflan_ls.lexicon import cues, group, has_cue
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.condense import brief, distinct, statements
from doctorflan_ls.models.skeleton.conflicts import warned
from doctorflan_ls.models.skeleton.facts import in_time, is_treatment
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.models.skeleton.past import conditions, said_to_be_none
from doctorflan_ls.models.skeleton.reports import reports
from doctorflan_ls.text import Span


def section(case: Case, query: Query) -> list[Line]:
    """Sentences of sections: all, ``pick=first``, ``pick=brief``, ``pick=reports``,
    or ``pick=findings``: the reports with a finding."""
    ids = case.ids(query.argument)
    pick = query.options.get("pick", "all")
    if pick in ("reports", "findings") and case.assessed:
        ids |= {"impression"}
    spans = list(case.sentences(ids))
    if pick == "first":
        spans = [case.first_told(spans)] if spans else []
    elif pick == "brief":
        return brief(case, spans, query.limit())
    elif pick in ("reports", "findings"):
        return reports(case, spans, query.limit(), found=pick == "findings")
    return [case.line(span) for span in distinct(case, spans)[: query.limit()]]


def cue(case: Case, query: Query) -> list[Line]:
    """Sentences with a word of the cue group: in ``in=`` sections, else outside the background."""
    words = cues(query.argument)
    if "in" in query.options:
        spans = list(case.sentences(case.ids(query.options["in"])))
    else:
        out = case.ids(query.options["out"]) if "out" in query.options else frozenset()
        spans = list(case.everywhere(group("background") | out))
    found = []
    for span in distinct(case, spans):
        if case.is_reasoning(span):
            continue
        if "but" in query.options and has_cue(case.quote(span), cues(query.options["but"])):
            continue
        part = case.part_with(span, words)
        if part is None or not _wanted(case, part, query):
            continue
        line = Line((Piece(case.quote(part), (part,)),), quote=span)
        if query.argument in _LISTS_DRUGS:
            line = warned(case, line)
        if "operated" in query.options:
            if case.note.language == "zh" and not any(map(is_treatment, case.facts_at(part))):
                continue
            line = in_time(case, line)
        found.append(line)
    return found[: query.limit(3)]


def _wanted(case: Case, part: Span, query: Query) -> bool:
    """False where ``drug=1`` asks for a drug, or ``short=1`` for few words, and there are none."""
    if "drug" in query.options and not any(part.contains(fact.span) for fact in case.drugs):
        return False
    return "short" not in query.options or len(case.quote(part)) <= _ORDER


_PLAN_CUES = (
    "drug_treatment",
    "planned_tests",
    "operation",
    "physical_therapy",
    "lifestyle",
    "follow_up",
    "warning",
    "monitoring",
    "referral",
)


# An order in few words: CT head now.
_ORDER = 60
_LISTS_DRUGS = ("drug_treatment", "given_now", "drug_taken")
_DENIES = re.compile(r"(?:he|she|they|the patient)\s+denie[sd]\b", re.IGNORECASE)


def plan(case: Case, query: Query) -> list[Line]:
    """What the note plans: the sentences of its plan sections that say something to be done."""
    words = tuple(word for name in _PLAN_CUES for word in cues(name))
    mixed = [section.span for section in case.sections(frozenset({"assessment_plan"}))]
    found = []
    for span in distinct(case, case.sentences(group(query.argument or "plan"))):
        text = case.quote(span)
        denied = _DENIES.match(text) is not None
        if denied or case.is_reasoning(span) or case.is_problem(span):
            continue
        order = len(text) <= _ORDER and has_cue(f"{text} ", cues("ordered_tests"))
        order = order and not has_cue(text, cues("reported"))
        if not any(part.contains(span) for part in mixed) or order or has_cue(text, words):
            found.append(warned(case, case.line(span)))
    return found[: query.limit()]


def history(case: Case, query: Query) -> list[Line]:
    """The positive clauses of the past history; where all is denied, its first sentence."""
    spans = list(case.sentences(group(query.argument or "past")))
    if case.note.language == "en":
        found = list(said_to_be_none(case)) if spans else conditions(case, query.limit(4))
        if found or not spans:
            return found
    if not spans:
        marked = ("既往",)
        told = case.sentences(group("history"))
        spans = [span for span in told if has_cue(case.quote(span), marked)][:2]
        spans = [_from_cue(case, span, marked) for span in spans]
    allergy = ("过敏", "allerg", "nkda")
    lines = []
    for span in spans:
        runs = [
            run
            for run in statements(case, span)
            if not has_cue(case.quote(run), allergy)
            and len(case.quote(run)) > 2
            and case.quote(run).casefold() not in cues("bare_heading")
        ]
        pieces = [Piece(case.quote(run), (run,)) for run in runs]
        lines += case.joined(pieces, 8)
    if not lines and spans:
        first = spans[0]
        part = next(iter(case.clauses(first)), first) if len(case.quote(first)) > 60 else first
        lines = [case.line(part)]
    return lines[: query.limit(4)]


def _from_cue(case: Case, span: Span, words: tuple[str, ...]) -> Span:
    """A Chinese sentence from the clause with one of ``words`` on."""
    clauses = (clause for clause in case.clauses(span) if has_cue(case.quote(clause), words))
    return Span(next(clauses, span).start, span.end)
