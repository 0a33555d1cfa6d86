"""Selectors that quote the note: whole sections, condensed ones, sentences by cue words."""

from __future__ import annotations

from doctorflan_ls.lexicon import cues, group, has_cue
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.condense import brief, distinct, positive_runs
from doctorflan_ls.models.skeleton.focus import pointed_at
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.models.skeleton.past import conditions, said_to_be_none
from doctorflan_ls.models.skeleton.reports import reports
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

# A clause of this length still reads as one item of a list.
_NEAR = 30


def section(case: Case, query: Query) -> list[Line]:
    """Sentences of sections: all, ``pick=first``, ``pick=brief`` or ``pick=reports``."""
    spans = list(case.sentences(case.ids(query.argument)))
    pick = query.options.get("pick", "all")
    if pick == "first":
        spans = spans[:1]
    elif pick == "brief":
        return brief(case, spans, query.limit())
    elif pick == "reports":
        return reports(case, spans, query.limit())
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
        if part is not None:
            found.append(Line((Piece(case.quote(part), (part,)),), quote=span))
    return found[: query.limit(3)]


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


def plan(case: Case, query: Query) -> list[Line]:
    """What the note plans: the sentences of its plan sections that say something to be done."""
    words = tuple(word for name in _PLAN_CUES for word in cues(name))
    mixed = [section.span for section in case.sections(frozenset({"assessment_plan"}))]
    found = []
    for span in distinct(case, case.sentences(group(query.argument or "plan"))):
        text = case.quote(span)
        if case.is_reasoning(span) or case.is_problem(span):
            continue
        if not any(part.contains(span) for part in mixed) or has_cue(text, words):
            found.append(case.line(span))
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
            for run in positive_runs(case, span)
            if not has_cue(case.quote(run), allergy) and len(case.quote(run)) > 2
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


def findings(case: Case, query: Query) -> list[Line]:
    """Positive or negative findings: ``history``, ``exam``, ``positive``, ``negative``,
    ``symptoms`` (present ones) or ``denied``."""
    limit = query.limit(10)
    label = query.label
    if query.argument == "exam":
        return case.joined(_exam(case), limit, label, "semicolon")
    if query.argument == "positive":
        lines = case.joined(_symptoms(case), limit)
        return lines + case.joined(_exam(case), limit, "exam", "semicolon")
    if query.argument == "symptoms":
        pointed = frozenset(fact.name for fact in pointed_at(case, "symptom"))
        return case.joined(_symptoms(case, pointed), limit, label)
    if query.argument == "history":
        lines = case.joined(_symptoms(case), limit, label)
        return lines or brief(case, list(case.sentences(group("history"))), 3)
    return case.joined(_negatives(case, query.argument), limit, label)


def _negatives(case: Case, argument: str) -> list[Piece]:
    """What is denied, in the clause that denies it where that is short enough to read."""
    kinds = ("symptom",) if argument == "denied" else ("symptom", "sign")
    denied = [
        fact
        for fact in case.facts
        if fact.kind in kinds and (fact.assertion == "denied" or fact.flag == "NEG")
    ]
    told = [fact for fact in denied if fact.section in group("negative")] or denied
    present = {fact.name for fact in case.of("symptom", "sign") if fact.assertion == "present"}
    absent = [fact for fact in told if fact.name not in present]
    if case.note.language == "en":
        return list({fact.name: _negated(case, fact) for fact in reversed(absent)}.values())[::-1]
    spans = [_clause_of(case, fact.span) for fact in absent]
    return [Piece(case.quote(span), (span,)) for span in dict.fromkeys(spans)]


def _negated(case: Case, fact: Fact) -> Piece:
    """An English negative finding with its negation: its own where it has one, else "no"."""
    words = case.quote(fact.span)
    if has_cue(words, cues("negation")):
        return Piece(words, (fact.span,))
    sentence = case.sentence_of(fact.span)
    start = case.line_start(fact.span)
    before = case.text[max(sentence.start, start) : fact.span.start].casefold()
    no = max((before.rfind(word) for word in cues("negation") if word.isascii()), default=-1)
    tested = has_cue(words, cues("tests"))
    key = "negative_finding" if tested else "no_finding"
    evidence = Span(max(sentence.start, start) + no, fact.span.end) if no >= 0 else sentence
    return Piece(case.word(key, finding=words), (evidence,))


def _clause_of(case: Case, span: Span) -> Span:
    """The clause around ``span``, up to 30 characters; else ``span`` itself."""
    reach = Span(max(span.start - _NEAR, 0), min(span.end + _NEAR, len(case.text)))
    for line in case.cut(reach.start, reach.end):
        for clause in case.clauses(line):
            if clause.contains(span) and clause.end - clause.start <= _NEAR:
                return clause
    return span


def _symptoms(case: Case, without: frozenset[str] = frozenset()) -> list[Piece]:
    told: dict[str, Piece] = {}
    for fact in case.of("symptom"):
        if (
            fact.name in without
            or fact.assertion != "present"
            or fact.section in group("background")
        ):
            continue
        words = case.quote(fact.span)
        evidence: tuple[Span, ...] = (fact.span,)
        lasting = case.near(fact.span, fact.duration) if fact.duration else None
        if fact.duration and lasting and fact.duration not in words:
            frame = "{}（{}）" if case.note.language == "zh" else "{} ({})"
            words = frame.format(words, fact.duration)
            evidence = (fact.span, lasting)
        earlier = told.get(fact.name)
        if earlier is None or (lasting and len(evidence) > len(earlier.evidence)):
            told[fact.name] = Piece(words, evidence)
    return list(told.values())


def _exam(case: Case) -> list[Piece]:
    """Clauses of the examination with a positive sign, or in the local examination without a
    word of the normal."""
    pieces = []
    local = frozenset({"specialist_exam", "mental_state_exam"})
    for span in case.sentences(group("exam")):
        clauses = case.clauses(span) if case.note.language == "zh" else [span]
        for clause in clauses:
            facts = case.facts_at(clause)
            signs = [fact for fact in facts if fact.kind in ("sign", "symptom")]
            words = case.quote(clause)
            measured = any(fact.kind == "vital" for fact in facts)
            if not words or measured or has_cue(words, cues("plainly_normal")):
                continue
            positive = any(f.assertion == "present" and f.flag != "NEG" for f in signs)
            section = case.note.section_at(clause.start)
            in_local = section is not None and section.id in local
            if positive or (in_local and not signs and not has_cue(words, cues("normal"))):
                pieces.append(Piece(words, (clause,)))
    return pieces
