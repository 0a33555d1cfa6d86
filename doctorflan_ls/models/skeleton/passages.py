"""Selectors that quote the note: whole sections, condensed ones, sentences by cue words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from doctorflan_ls.lexicon import cues, group, has_cue, table
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.focus import pointed_at
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

# What a condensed history may hold, in characters: about a paragraph a reader takes in at once.
_BUDGET = {"zh": 260, "en": 700}
# A clause of this length still reads as one item of a list.
_NEAR = 30
# 现病史 or 婚育史 between commas is a heading, not a statement.
_HEADING = 4
_LONGEST_GRADE = 80


def section(case: Case, query: Query) -> list[Line]:
    """Sentences of sections: all, ``pick=first``, ``pick=brief`` or ``pick=reports``."""
    spans = list(case.sentences(case.ids(query.argument)))
    pick = query.options.get("pick", "all")
    if pick == "first":
        spans = spans[:1]
    elif pick == "brief":
        return _brief(case, spans, query.limit())
    elif pick == "reports":
        spans = _reports(case, spans)
    return [case.line(span) for span in _distinct(case, spans)[: query.limit()]]


def _distinct(case: Case, spans: Iterable[Span]) -> list[Span]:
    """The spans whose words are not already in an earlier one."""
    kept: list[Span] = []
    seen: list[str] = []
    for span in spans:
        words = case.quote(span)
        if words and not any(words in other for other in seen):
            seen.append(words)
            kept.append(span)
    return kept


def _brief(case: Case, spans: list[Span], limit: int) -> list[Line]:
    """The sentences that say most, in their order, denials and general state left out."""
    parts = [(span, _positive_runs(case, span)) for span in _distinct(case, spans)]
    scored = [
        (_weight(case, span, index), index, runs)
        for index, (span, runs) in enumerate(parts)
        if runs
    ]
    kept: list[tuple[int, list[Span]]] = []
    room = _BUDGET[case.note.language]
    for _, index, runs in sorted(scored, key=lambda item: (-item[0], item[1])):
        size = sum(run.end - run.start for run in runs)
        if len(kept) < limit and (size <= room or not kept):
            kept.append((index, runs))
            room -= size
    pieces: list[Piece] = []
    stop = "；" if case.language == "zh" else ". "
    for _, runs in sorted(kept):
        for number, run in enumerate(runs):
            if pieces:
                pieces.append(Piece("，" if number and case.language == "zh" else stop))
            pieces.append(Piece(case.quote(run), (run,)))
    return [Line(tuple(pieces))] if pieces else []


def _weight(case: Case, span: Span, index: int) -> int:
    facts = case.facts_at(span)
    weight = 3 if index == 0 else 0
    weight += 2 * any(fact.kind in ("symptom", "sign") for fact in facts)
    weight += any(fact.kind in ("drug", "procedure", "diagnosis", "lab") for fact in facts)
    weight += re.search(r"\d|[一二三四五六七八九十半]年|[月周天日]前", case.quote(span)) is not None
    return weight


def _positive_runs(case: Case, span: Span) -> list[Span]:
    """The parts of a sentence that say what is there, neighbouring clauses as one run.

    An English sentence is kept or left whole: its commas do not part statements.
    """
    if case.note.language == "en":
        return [] if case.denied(span) else [span]
    runs: list[Span] = []
    for clause in case.clauses(span):
        words = case.quote(clause)
        routine = has_cue(words, cues("general_state")) or has_cue(words, cues("admission"))
        heading = len(words) <= _HEADING and words.endswith("史")
        if not words or heading or routine or case.denied(clause):
            continue
        if runs and clause.start - runs[-1].end <= 1:
            runs[-1] = Span(runs[-1].start, clause.end)
        else:
            runs.append(clause)
    return runs


def _reports(case: Case, spans: list[Span]) -> list[Span]:
    """Report sentences that say more than laboratory values, those with a finding first."""
    told = []
    for span in map(case.with_heading, spans):
        words = case.quote(span)
        covered = sum(
            fact.span.end - fact.span.start for fact in case.facts_at(span) if fact.kind == "lab"
        )
        if len(words) > 5 and covered * 2 < len(words):
            told.append(span)
    if case.note.language == "en":
        return told
    return sorted(told, key=lambda span: not has_cue(case.quote(span), cues("result_positive")))


def cue(case: Case, query: Query) -> list[Line]:
    """Sentences with a word of the cue group: in ``in=`` sections, else outside the background."""
    words = cues(query.argument)
    if "in" in query.options:
        spans = list(case.sentences(case.ids(query.options["in"])))
    else:
        out = case.ids(query.options["out"]) if "out" in query.options else frozenset()
        spans = list(case.everywhere(group("background") | out))
    found = []
    for span in _distinct(case, spans):
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
    for span in _distinct(case, case.sentences(group(query.argument or "plan"))):
        text = case.quote(span)
        if case.is_reasoning(span) or case.is_problem(span):
            continue
        if not any(part.contains(span) for part in mixed) or has_cue(text, words):
            found.append(case.line(span))
    return found[: query.limit()]


def history(case: Case, query: Query) -> list[Line]:
    """The positive clauses of the past history; where all is denied, its first sentence."""
    spans = list(case.sentences(group(query.argument or "past")))
    if not spans:
        marked = ("既往", "past medical history", "history of", "history significant")
        told = case.sentences(group("history"))
        spans = [span for span in told if has_cue(case.quote(span), marked)][:2]
        spans = [_from_cue(case, span, marked) for span in spans]
    allergy = ("过敏", "allerg", "nkda")
    lines = []
    for span in spans:
        runs = [
            run
            for run in _positive_runs(case, span)
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
    """A Chinese sentence from the clause with one of ``words`` on; an English one whole."""
    if case.note.language == "en":
        return span
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
        return lines or _brief(case, list(case.sentences(group("history"))), 3)
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
                if 3 < len(words) < _LONGEST_GRADE:
                    pieces.append(Piece(words, (clause,)))
    return case.joined(pieces, query.limit(8))
