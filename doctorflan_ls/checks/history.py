"""The complaint (ZA-06, ZA-08), names that patients told (ZC-16), outside tests (ZA-15)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from doctorflan_ls.checks.model import Fields, Finding, Fix, Related
from doctorflan_ls.checks.patterns import (
    filled,
    found_in,
    limit,
    pattern,
    phrase,
    rows,
    rules_of,
    words,
)
from doctorflan_ls.checks.periods import Period, period
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.notes.facts.durations import find_durations
from doctorflan_ls.notes.facts.vocabulary import Match, Term, lookup, matches
from doctorflan_ls.notes.model import Fact, Section
from doctorflan_ls.text import Edit, Span

_STEM = "history"
_MARKS = (("“", "”"), ("「", "」"), ("『", "』"))


def checks() -> Iterator[Check]:
    """The checks of this module."""
    yield Check("bare-diagnosis", rules_of("ZA-06"), bare_diagnosis, "part")
    yield Check("complaint-covered", rules_of("ZA-08"), complaint_covered)
    yield Check("told-names", rules_of("ZC-16"), told_names, "part")
    yield Check("outside-tests", rules_of("ZA-15"), outside_tests, "part")


def bare_diagnosis(at: Scope) -> Iterator[Finding]:
    """A complaint that is nothing but the names of diseases (ZA-06)."""
    table, note = at.table, at.note
    documents = words(table, _STEM, "complaint", "documents")
    if note.language != "zh" or note.doc_type not in {*documents, None}:
        return
    for section in at.sections:
        if section.id != "chief_complaint":
            continue
        span = _content(at, section)
        text = at.words(span)
        if not text or pattern(table, _STEM, "complaint", "visit").search(text):
            continue
        if _is_bare(at, text):
            yield Finding(table.rules["ZA-06"], span, {"text": text.rstrip("。．.")})


def _is_bare(at: Scope, text: str) -> bool:
    """True where ``text`` without its durations is names of diseases and little words."""
    for each in reversed(find_durations(text)):
        text = text[: each.span.start] + "，" + text[each.span.end :]
    known = words(at.table, _STEM, "complaint", "symptoms")
    endings = tuple(words(at.table, _STEM, "complaint", "symptom_endings"))
    kinds = words(at.table, _STEM, "complaint", "kinds")
    if matches(text, *("symptom", "sign")):
        return False
    named = matches(text, "diagnosis")
    for match in named:
        name = text[match.start : match.end]
        term = lookup(name)
        if name in known or name.endswith(endings) or (term and term.kind in kinds):
            return False
    rest = text
    for match in reversed(named):
        rest = rest[: match.start] + rest[match.end :]
    return bool(named) and not pattern(at.table, _STEM, "complaint", "around").sub("", rest)


def _content(at: Scope, section: Section) -> Span:
    """What a section says, blanks around it left out."""
    written = at.words(section.body)
    start = section.body.start + len(written) - len(written.lstrip())
    return Span(start, max(section.body.start + len(written.rstrip()), start))


class _Said(NamedTuple):
    """A complaint or a present illness: its place, its words and the terms in them."""

    section: str
    span: Span
    text: str
    terms: frozenset[Term]


def complaint_covered(at: Scope) -> Iterator[Finding]:
    """A complaint whose symptoms or times the present illness does not tell (ZA-08)."""
    note, table = at.note, at.table
    documents = words(table, _STEM, "covered", "documents")
    if not at.whole or note.language != "zh" or note.doc_type not in documents:
        return
    said = [
        each._replace(span=Span(each.span.start + start, each.span.end + start))
        for start, each in at.gather(_said)
    ]
    complaint = next((each for each in said if each.section == "chief_complaint"), None)
    histories = [each for each in said if each.section == "hpi"]
    if complaint is None or not histories:
        return
    history = "\n".join(each.text for each in histories)
    # Records of Chinese medicine tell what troubles the patient now in a section of its own.
    beside = "\n".join(each.text for each in said if each.section == "present_symptoms")
    rule = table.rules["ZA-08"]
    place = Related(histories[0].span, phrase(table, _STEM, "covered", "related", "history"))
    told = frozenset[Term]().union(
        *(each.terms for each in said if each.section != "chief_complaint")
    )
    untold = _untold(at, complaint.text, f"{history}\n{beside}", told)
    if untold:
        shown = {"text": "、".join(untold)}
        problem = filled(phrase(table, _STEM, "covered", "problems", "symptoms"), shown)
        yield Finding(rule, complaint.span, {"problem": problem}, related=(place,))
    elif (time := _untold_time(at, complaint.text, history)) is not None:
        problem = filled(phrase(table, _STEM, "covered", "problems", "times"), {"text": time})
        yield Finding(rule, complaint.span, {"problem": problem}, related=(place,))


def _said(part: Scope) -> Iterator[_Said]:
    for section in part.sections:
        if section.id in ("chief_complaint", "hpi", "present_symptoms"):
            text = part.words(Span(section.heading_span.end, section.span.end)).strip("：: ")
            heading = section.heading_span if section.id == "hpi" else _content(part, section)
            start = part.span.start
            if text.strip():
                place = Span(heading.start - start, heading.end - start)
                yield _Said(section.id, place, text, _terms(text))


def _terms(text: str) -> frozenset[Term]:
    return frozenset(match.term for match in matches(text, "symptom", "sign", "diagnosis"))


def _untold(at: Scope, complaint: str, history: str, told: frozenset[Term]) -> list[str]:
    """The symptoms of the complaint that the history, whose terms are ``told``, never names."""
    return [
        complaint[match.start : match.end]
        for match in matches(complaint, "symptom", "sign")
        if match.term not in told and not _is_told(at, complaint, match, history)
    ]


def _is_told(at: Scope, complaint: str, match: Match, history: str) -> bool:
    name = complaint[match.start : match.end]
    if name in history:
        return True
    alike = [
        row["words"]
        for row in rows(at.table, _STEM, "alike")
        if any(word in name for word in row["words"])
    ]
    # A symptom that no row knows: its words may be turned about (活动耐力下降, 耐力较前下降).
    if not alike:
        return sum(character in history for character in name) * 2 >= len(name)
    return any(word in history for row in alike for word in row)


def _untold_time(at: Scope, complaint: str, history: str) -> str | None:
    """The complaint's longest time, where the history tells times and none is near it."""
    if pattern(at.table, _STEM, "covered", "dated").search(history):
        return None
    factor = limit(at.table, _STEM, "covered", "factor")
    lengths = [(length, each) for each in _times(complaint) if (length := period(each)) is not None]
    told = [length for each in _times(history) if (length := period(each)) is not None]
    if not lengths or not told:
        return None
    longest, text = max(lengths)
    return None if any(_near(longest, each, factor) for each in told) else text


def _times(text: str) -> Iterable[str]:
    return (each.text for each in find_durations(text))


def _near(one: Period, other: Period, factor: float) -> bool:
    return one.low <= other.high * factor and other.low <= one.high * factor


def told_names(at: Scope) -> Iterator[Finding]:
    """Names of the present illness that the patient told, without quotation marks (ZC-16)."""
    table = at.table
    sections = words(table, _STEM, "quoted", "sections")
    if at.note.language != "zh" or not any(each.id in sections for each in at.sections):
        return
    facts = [
        fact
        for fact in at.facts
        if fact.section in sections
        and fact.kind in ("drug", "diagnosis", "procedure")
        and fact.assertion in ("present", "historical", "possible")
    ]
    last: Span | None = None
    for fact in facts:
        span = _name(at, fact)
        listed = last is not None and _continues(at, last, span)
        if listed or _is_told_name(at, fact, span):
            last = Span(span.start, max(span.end, fact.span.end))
            if not _is_marked(at, span):
                yield _unquoted(at, fact, span)


def _name(at: Scope, fact: Fact) -> Span:
    """The name alone: a drug's with its form and without its dose."""
    found = matches(fact.text, "drug", "drug_class") if fact.kind == "drug" else []
    if not found:
        return fact.span
    start, end = fact.span.start + found[0].start, fact.span.start + found[0].end
    form = pattern(at.table, _STEM, "quoted", "form").match(at.text, end - at.span.start)
    return Span(start, end if form is None else at.span.start + form.end())


def _is_told_name(at: Scope, fact: Fact, span: Span) -> bool:
    table = at.table
    reach = int(limit(table, _STEM, "quoted", "reach"))
    start = span.start - at.span.start
    head = at.text[max(start - reach, 0) : start]
    head = head[max(head.rfind(stop) for stop in "。；;\n") + 1 :]
    kind = "operation" if fact.kind == "procedure" else fact.kind
    if pattern(table, _STEM, "quoted", "own").search(head):
        return False
    cue = "drug_cue" if fact.kind == "drug" else "told"
    said = pattern(table, _STEM, "quoted", kind).search(head)
    return bool(said and pattern(table, _STEM, "quoted", cue).search(head))


def _continues(at: Scope, last: Span, span: Span) -> bool:
    gap = at.words(Span(last.end, span.start)) if last.end <= span.start else "x"
    return pattern(at.table, _STEM, "quoted", "list").match(gap) is not None


def _is_marked(at: Scope, span: Span) -> bool:
    """True between quotation marks: more are opened before it in its sentence than closed."""
    head = at.text[: span.start - at.span.start]
    head = head[max(head.rfind(stop) for stop in "。\n") + 1 :]
    opened = sum(head.count(opening) - head.count(closing) for opening, closing in _MARKS)
    return opened > 0 or head.count('"') % 2 == 1


def _unquoted(at: Scope, fact: Fact, span: Span) -> Finding:
    text = at.words(span)
    fields: Fields = {"kind": phrase(at.table, _STEM, "quoted", "kinds", fact.kind), "text": text}
    title = filled(phrase(at.table, _STEM, "quoted", "fix", "title"), {"text": text})
    marks = (Edit(Span(span.start, span.start), "“"), Edit(Span(span.end, span.end), "”"))
    return Finding(at.table.rules["ZC-16"], span, fields, fixes=(Fix(title, marks),))


def outside_tests(at: Scope) -> Iterator[Finding]:
    """A test of another institution with neither its name nor a date (ZA-15)."""
    note, table = at.note, at.table
    sections = words(table, _STEM, "outside", "sections")
    ours = [each for each in at.sections if each.id in sections]
    if note.language != "zh" or not ours:
        return
    for span, _ in found_in(at, pattern(table, _STEM, "outside", "cue")):
        if not any(each.span.contains(span) for each in ours):
            continue
        clause = _clause(at, span)
        known = (pattern(table, _STEM, "outside", each) for each in ("institution", "dated"))
        if not any(each.search(clause) for each in known):
            part = phrase(table, _STEM, "outside", "part")
            yield Finding(table.rules["ZA-15"], span, {"part": part, "problem": table.missing})


def _clause(at: Scope, span: Span) -> str:
    """The clause around ``span``, so far as it may be of the same test."""
    reach = int(limit(at.table, _STEM, "outside", "farthest"))
    stop = pattern(at.table, _STEM, "outside", "stop")
    start, end = span.start - at.span.start, span.end - at.span.start
    before = stop.split(at.text[max(start - reach, 0) : start])[-1]
    return before + at.text[start:end] + stop.split(at.text[end : end + reach])[0]
