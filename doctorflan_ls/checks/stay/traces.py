"""What happened in the stay and what its notes say of it (ZD-04, ZD-05, ZX-04)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from doctorflan_ls.checks.model import Fields, Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.stay.moments import times, type_of
from doctorflan_ls.checks.stay.others import (
    Other,
    has_stay,
    named,
    others,
    related,
    rows,
    type_list,
)
from doctorflan_ls.checks.stay.wording import first_line
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.notes.context import Moment
from doctorflan_ls.notes.facts.vocabulary import scan
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_DISCHARGE = "discharge_diagnosis"
_MOST_WORDS = 3


def checks() -> Iterator[Check]:
    """The checks of this module, each with its rule."""
    rules = rule_table().rules
    yield Check("mentioned-in-progress", (rules["ZD-04"],), mentioned)
    yield Check("critical-values", (rules["ZD-05"],), critical_values)
    yield Check("diagnosis-traced", (rules["ZX-04"],), traced)


def _progress_now(at: Scope) -> Moment | None:
    """When this progress note was written, where other notes are given; else None."""
    progress = type_list(at.table, "progress")
    if not has_stay(at) or type_of(at) not in progress:
        return None
    known = times(at).get("record_time")
    return None if known is None else known.moment


def _progress_texts(at: Scope) -> list[tuple[Moment | None, str]]:
    """The words of all progress notes, this one first."""
    mine = at.note.slice(Span(at.note.front, len(at.note.text)))
    progress = others(at, *type_list(at.table, "progress"))
    return [(None, mine), *((each.time, each.text) for each in progress)]


def _is_after(now: Moment, event: Moment | None) -> bool:
    """True where ``now`` is a later day than ``event``; a note without a time came before."""
    return event is None or now.at.date() > event.at.date()


def mentioned(at: Scope) -> Iterator[Finding]:
    """Orders and consultations that no progress note speaks of, reported at the latest one."""
    now = _progress_now(at)
    if now is None or type_of(at) not in type_list(at.table, "daily"):
        return
    progress = _progress_texts(at)
    if any(time is not None and time.at > now.latest for time, _ in progress):
        return
    for key, row in rows(at)["mentions"].items():
        kind = "consultation" if key == "consultation" else "orders"
        for other in others(at, kind):
            said = list(_said(other, row)) if kind == "orders" else [(other.note.front, "会诊意见")]
            if said and _is_after(now, other.time) and not _speaks(progress, row, said):
                yield _unmentioned(at, row, other, said)
                break


def _said(other: Other, row: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Where a sheet orders what ``row`` is about, and the words."""
    for fact in other.note.facts if "atc" in row else ():
        if fact.kind == "drug" and fact.assertion == "present" and _is_class(fact, row["atc"]):
            yield fact.span.start, fact.name
    for found in re.finditer(row["text"], other.text) if "text" in row else ():
        yield other.note.front + found.start(), found[0]


def _is_class(fact: Fact, classes: Iterable[str]) -> bool:
    codes = [match.term.extra[0] for match in scan(fact.text) if match.term.extra]
    return any(code.startswith(tuple(classes)) for code in codes)


def _speaks(
    progress: list[tuple[Moment | None, str]], row: Mapping[str, Any], said: list[tuple[int, str]]
) -> bool:
    pattern = "|".join([row["words"], *(re.escape(word) for _, word in said)])
    return any(re.search(pattern, text) for _, text in progress)


def _unmentioned(
    at: Scope, row: Mapping[str, Any], other: Other, said: list[tuple[int, str]]
) -> Finding:
    place, word = said[0]
    shown = "、".join(list(dict.fromkeys(word for _, word in said))[:_MOST_WORDS])
    fields: Fields = {"what": Bilingual(**row["name"]), "words": shown}
    told = related(at, other, Span(place, place + len(word)))
    return Finding(at.table.rules["ZD-04"], first_line(at), fields, related=(told,))


def critical_values(at: Scope) -> Iterator[Finding]:
    """A critical value that none of the progress notes since then speaks of."""
    now = _progress_now(at)
    if now is None:
        return
    row, progress = rows(at)["critical"], type_list(at.table, "progress")
    for other in others(at):
        if other.doc_type in progress or (other.time is not None and other.time.latest > now.at):
            continue
        for found in re.finditer(row["text"], other.text):
            before = other.text[: found.start()].rpartition("\n")[2]
            start = other.note.front + found.start()
            if re.search(row["none"], before) or _handled(at, other, start):
                continue
            around = other.note.slice(Span(start, start + row["around"])).splitlines()[0]
            told = related(at, other, Span(start, start + len(found[0])))
            fields: Fields = {"words": Bilingual(f"{named(at, other).zh}：{around}", around)}
            yield Finding(at.table.rules["ZD-05"], first_line(at), fields, related=(told,))
            return


def _handled(at: Scope, report: Other, start: int) -> bool:
    """True where a progress note since the report names a critical value or the analyte."""
    row = rows(at)["critical"]
    around = Span(max(start - row["around"], 0), start + row["around"])
    labs = [fact for fact in report.note.facts_in(around) if fact.kind == "lab"]
    names = {fact.name for fact in labs} | {_label(fact) for fact in labs}
    pattern = "|".join(["危急", *(re.escape(name) for name in names if name)])
    since = report.time
    return any(
        re.search(pattern, text)
        for time, text in _progress_texts(at)
        if time is None or since is None or time.latest >= since.at
    )


def _label(fact: Fact) -> str:
    """The analyte as written: what stands before the number."""
    found = re.match(r"[^\d<>↑↓:：=\s]{2,}", fact.text)
    return "" if found is None else found[0]


def traced(at: Scope) -> Iterator[Finding]:
    """Discharge diagnoses that stand nowhere else."""
    if not has_stay(at) or type_of(at) != "discharge_record":
        return
    found = [fact.moved(start) for start, fact in at.gather(_diagnoses)]
    known = {fact.name for fact in found if fact.section != _DISCHARGE}
    rest = _without(at)
    by_lab = re.compile(rows(at)["traced"]["by_results"])
    for fact in found:
        if fact.section != _DISCHARGE or fact.name in known or by_lab.search(fact.text):
            continue
        if fact.text in rest or fact.name in rest or any(_has(each, fact) for each in others(at)):
            continue
        yield Finding(at.table.rules["ZX-04"], fact.span, {"words": fact.text})


def _diagnoses(part: Scope) -> Iterator[Fact]:
    for fact in part.facts:
        if fact.kind == "diagnosis" and fact.assertion != "denied":
            yield fact.moved(-part.span.start)


def _without(at: Scope) -> str:
    """The note's words but for the discharge diagnosis."""
    pieces, start = [], at.note.front
    for section in at.note.sections_of(_DISCHARGE):
        pieces.append(at.note.slice(Span(start, max(start, section.span.start))))
        start = section.span.end
    return "\n".join([*pieces, at.note.slice(Span(start, len(at.note.text)))])


def _has(other: Other, fact: Fact) -> bool:
    facts = [each for each in other.note.facts if each.name == fact.name]
    if facts:
        return any(each.assertion != "denied" for each in facts)
    return fact.text in other.text or fact.name in other.text
