"""The selector over findings: what the patient feels or denies, what the examination found."""

from __future__ import annotations

import re

from doctorflan_ls.lexicon import cues, group, has_cue
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.condense import brief
from doctorflan_ls.models.skeleton.denials import denied_items
from doctorflan_ls.models.skeleton.focus import pointed_at
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
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


def findings(case: Case, query: Query) -> list[Line]:
    """Positive or negative findings: ``history``, ``exam``, ``positive``, ``negative``,
    ``symptoms`` (present ones) or ``denied``."""
    limit = query.limit(10)
    label = query.label
    if query.options.get("when") == "site" and not _has_site(case):
        return []
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


def _has_site(case: Case) -> bool:
    """True where an operation is planned, or reports or a local examination found something."""
    local = frozenset({"specialist_exam", "planned_operation", "preoperative_diagnosis"})
    plans = any(not case.denied(span) for span in _operations(case))
    spans = list(case.sentences(group("reports")))
    return plans or any(case.sentences(local)) or bool(reports(case, spans, 1, found=True))


def _operations(case: Case) -> list[Span]:
    """Sentences of the plan that speak of an operation."""
    spans = case.sentences(group("plan"))
    parts = (case.part_with(span, cues("operation")) for span in spans)
    return [part for part in parts if part and not has_cue(case.quote(part), cues("no_operation"))]


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
        told_pieces = {fact.name: _negated(case, fact) for fact in reversed(absent)}
        return _in_order([*list(told_pieces.values())[::-1], *denied_items(case)])
    spans = [_clause_of(case, fact.span) for fact in absent]
    return [Piece(case.quote(span), (span,)) for span in dict.fromkeys(spans)]


def _in_order(pieces: list[Piece]) -> list[Piece]:
    return sorted(pieces, key=lambda piece: piece.evidence[0].end)


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
    if has_cue(words, cues("positive_signs")) and not case.denied(part):
        return not has_cue(words, cues("negation"))
    section = case.note.section_at(part.start)
    local = section is not None and section.id in ("specialist_exam", "mental_state_exam")
    return local and not signs and not has_cue(words, cues("normal"))


def _describes(case: Case, clause: Span) -> bool:
    """True for a clause after a finding that goes on about it (质硬, 边界不清)."""
    words = case.quote(clause)
    measured = any(fact.kind == "vital" for fact in case.facts_at(clause))
    elsewhere = words.startswith(_ELSEWHERE)
    return bool(words) and not (measured or elsewhere or has_cue(words, cues("normal")))
