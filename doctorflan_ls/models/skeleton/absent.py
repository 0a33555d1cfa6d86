"""Selectors for what the note lacks: unanswered questions, results, items of a required record."""

from __future__ import annotations

from typing import Any

from doctorflan_ls.lexicon import group, has_cue, table
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.text import Span

_MOST_COMPLAINTS = 2


def _folded(words: list[str]) -> tuple[str, ...]:
    return tuple(word.casefold() for word in words)


def complaint_span(case: Case) -> Span | None:
    """Where the note says the chief complaint: its section, its fact, or the first sentence."""
    for section in case.sections(frozenset({"chief_complaint"})):
        for span in case.cut(section.body.start, section.body.end):
            return span
    fact = next(case.of("chief_complaint"), None)
    if fact:
        return fact.span
    told = list(case.sentences(group("history")))
    return case.first_told(told) if told else None


def complaints(case: Case) -> list[dict[str, Any]]:
    """The complaints of inquiry.toml that the chief complaint names, those it names first."""
    span = complaint_span(case)
    if span is None:
        return []
    said = case.quote(span).casefold()[:200]
    placed = []
    for row in table("inquiry")["complaint"]:
        places = [said.find(term.casefold()) for term in row["terms"]]
        found = [at for at in places if at >= 0]
        if found:
            placed.append((min(found), row))
    placed.sort(key=lambda pair: pair[0])
    return [row for _, row in placed[:_MOST_COMPLAINTS]]


def questions(case: Case, query: Query) -> list[Line]:
    """Questions whose answers the note lacks: about the ``complaint``, the ``history``, or
    ``accompanying`` symptoms neither stated nor denied."""
    span = complaint_span(case)
    found = complaints(case)
    evidence = (span,) if span else ()
    if query.argument == "accompanying":
        rows = [also for row in found for also in row["also"]]
        open_rows = [row for row in rows if not case.mentions(row["words"])]
        asked = {id(also): row for row in found for also in row["also"]}
        pieces = [
            Piece(row[case.language], _said(case, asked[id(row)]["terms"]) or evidence)
            for row in open_rows
        ]
        return case.joined(pieces, 12, between="semicolon")
    symptom_words = table("inquiry")["symptom_words"]
    classes = {name for row in found for name in row["class"]}
    lines = []
    for row in table("inquiry")["question"]:
        fits = row["about"] == query.argument and case.suits(row) and _of_class(row, classes)
        if fits and not _answered(case, row):
            words = [word for name in row.get("only", ()) for word in symptom_words[name]]
            about = _said(case, words) or evidence
            lines.append(Line((Piece(row["ask"][case.language], about),)))
    if span is None and query.argument == "complaint":
        ask = case.word("gap", ask=case.word("complaint_missing"))
        return [Line((Piece(ask, gap=True),))]
    return lines


def _said(case: Case, words: list[str]) -> tuple[Span, ...]:
    """Where the note first tells of a symptom with one of these words; empty where it does not."""
    folded = _folded(words)
    told = (fact for fact in case.all_facts if fact.kind == "symptom")
    fitting = (
        fact.span
        for fact in told
        if fact.assertion == "present"
        and fact.section not in group("background")
        and any(word in f"{fact.text} {fact.name}".casefold() for word in folded)
    )
    return tuple(fitting)[:1]


def _of_class(row: dict[str, Any], classes: set[str]) -> bool:
    return "only" not in row or bool(classes & set(row["only"]))


def _answered(case: Case, row: dict[str, Any]) -> bool:
    sections = frozenset(row.get("sections", ()))
    if any(s.id in sections and case.quote(s.body) for s in case.note.sections):
        return True
    if any(fact.kind in row.get("facts", ()) for fact in case.all_facts):
        return True
    lasting = (fact.duration for fact in case.all_facts if fact.kind == "chief_complaint")
    if row.get("duration") and any(lasting):
        return True
    ids: set[str] = set()
    for name in row.get("where", ()):
        ids |= {name} if name == "chief_complaint" else group(name)
    return case.mentions(row.get("answered", ()), frozenset(ids))


def examinations(case: Case) -> list[Line]:
    """Basic examinations linked to the complaint of which the note holds no result."""
    keys = {row["key"] for row in complaints(case)}
    span = complaint_span(case)
    evidence = (span,) if span else ()
    pieces = []
    for row in table("examinations")["examination"]:
        linked = "complaints" not in row or keys & set(row["complaints"])
        if not linked or not case.suits(row) or case.mentions(row.get("words", ())):
            continue
        if "vitals" in row:
            pieces += [Piece(name, evidence) for name in case.vitals_missing(row["vitals"])]
        else:
            pieces.append(Piece(row["name"][case.language], evidence))
    return case.joined(pieces, 10)


_PREOPERATIVE = {
    "precautions": ("precautions", "注意事项", "precaution"),
    "visit": ("preoperative_visit", "术者", "surgeon"),
}


def check(case: Case, query: Query) -> list[Line]:
    """``preoperative``: the items of the pre-operative summary that the note lacks, as one gap."""
    if query.argument != "preoperative":
        return []
    titles = table("skeleton")["preoperative"]
    ids = {section.id for section in case.note.sections}
    lacking = [
        titles[key][case.language]
        for key, (section, *words) in _PREOPERATIVE.items()
        if section not in ids and not has_cue(case.text, _folded(words))
    ]
    if not lacking:
        return []
    ask = case.word("comma").join(lacking)
    return [Line((Piece(case.word("gap", ask=ask), gap=True),))]
