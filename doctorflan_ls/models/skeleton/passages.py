"""Selectors that quote the note: whole sections, condensed ones, sentences by cue words."""

from __future__ import annotations

import re

from doctorflan_ls.lexicon import cues, group, has_cue
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.condense import brief, distinct, statements
from doctorflan_ls.models.skeleton.facts import in_time, is_treatment
from doctorflan_ls.models.skeleton.focus import pointed_at
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.models.skeleton.past import conditions, said_to_be_none
from doctorflan_ls.models.skeleton.reports import reports
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

# A clause of this length still reads as one item of a list.
_NEAR = 30
# A symptom of up to this many characters may lack its site; what stands before it may say it.
_SHORT = 2
_QUALIFIED = 10
_PARTS = "伴及和并有感现为后时"
_QUALIFIER = re.compile(
    rf"(?:(?<=[，,、；。：:{_PARTS}])|(?<=[天日周月年]前))(?:(?![{_PARTS}])[\u4e00-\u9fff])*"
    rf"(?:区|部|侧|腹|胸|背|腰|颈|肩|肢|指|趾|压迫|点滴样)(?:(?![{_PARTS}])[\u4e00-\u9fff]){{0,4}}\Z"
)
# A clause that names another part of the body goes on to another finding.
_ELSEWHERE = tuple("左右双两心肺肝脾肾腹头颈四脊神")


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
        if part is None:
            continue
        line = Line((Piece(case.quote(part), (part,)),), quote=span)
        if "operated" in query.options:
            if case.note.language == "zh" and not any(map(is_treatment, case.facts_at(part))):
                continue
            line = in_time(case, line)
        found.append(line)
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
    """What the patient feels, from the history: what reports and examination show is theirs."""
    told: dict[str, Piece] = {}
    for fact in case.of("symptom"):
        elsewhere = case.note.language == "zh" and case.place(fact.span) in ("reports", "exam")
        if (
            fact.name in without
            or fact.assertion != "present"
            or fact.section in group("background")
            or elsewhere
        ):
            continue
        span = _whole(case, fact.span)
        words = case.quote(span)
        evidence: tuple[Span, ...] = (span,)
        lasting = case.near(fact.span, fact.duration) if fact.duration else None
        if fact.duration and lasting and fact.duration not in words:
            frame = "{}（{}）" if case.note.language == "zh" else "{} ({})"
            words = frame.format(words, fact.duration)
            evidence = (span, lasting)
        earlier = told.get(fact.name)
        if earlier is None or (lasting and len(evidence) > len(earlier.evidence)):
            told[fact.name] = Piece(words, evidence)
    return list(told.values())


def _whole(case: Case, span: Span) -> Span:
    """A short symptom with what stands before it in its item: 心前区压迫不适, not 不适."""
    if case.note.language == "en" or span.end - span.start > _SHORT:
        return span
    before = _QUALIFIER.search(case.text, max(span.start - _QUALIFIED, 0), span.start)
    return Span(before.start(), span.end) if before else span


def _exam(case: Case) -> list[Piece]:
    """What the examination found: an English sentence with a positive sign, a Chinese clause with
    those after it that describe the same finding."""
    if case.note.language == "en":
        spans = case.sentences(group("exam"))
        return [Piece(case.quote(span), (span,)) for span in spans if _is_positive(case, span)]
    pieces = []
    for span in case.sentences(group("exam")):
        run: Span | None = None
        for clause in case.clauses(span):
            if _is_positive(case, clause) or (run and _describes(case, clause)):
                run = Span(run.start if run else clause.start, clause.end)
            elif run:
                pieces.append(Piece(case.quote(run), (run,)))
                run = None
        if run:
            pieces.append(Piece(case.quote(run), (run,)))
    return pieces


def _is_positive(case: Case, part: Span) -> bool:
    """True for a positive sign, or in the local examination for words without any of the normal."""
    facts = case.facts_at(part)
    words = case.quote(part)
    measured = any(fact.kind == "vital" for fact in facts)
    if not words or measured or has_cue(words, cues("plainly_normal")):
        return False
    signs = [fact for fact in facts if fact.kind in ("sign", "symptom")]
    if any(fact.assertion == "present" and fact.flag != "NEG" for fact in signs):
        return True
    section = case.note.section_at(part.start)
    local = section is not None and section.id in ("specialist_exam", "mental_state_exam")
    return local and not signs and not has_cue(words, cues("normal"))


def _describes(case: Case, clause: Span) -> bool:
    """True for a clause after a finding that goes on about it (质硬, 边界不清)."""
    words = case.quote(clause)
    measured = any(fact.kind == "vital" for fact in case.facts_at(clause))
    elsewhere = words.startswith(_ELSEWHERE)
    return bool(words) and not (measured or elsewhere or has_cue(words, cues("normal")))
