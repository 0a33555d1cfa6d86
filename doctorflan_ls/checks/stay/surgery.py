"""An operation record and the documents before it (ZP-02, ZS-03)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher

from doctorflan_ls.checks.model import Fields, Finding, Rule
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.stay.agreement import sides_of
from doctorflan_ls.checks.stay.moments import times, type_of
from doctorflan_ls.checks.stay.others import (
    Other,
    first_words,
    has_stay,
    named,
    others,
    related,
    rows,
    sections,
    type_list,
    words,
)
from doctorflan_ls.checks.stay.wording import first_line, limit, shown, variant
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.notes.context import Moment
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span

_NAME = re.compile(r"[\u3400-\u9fff](?:[X×某*＊]{1,2}|[\u3400-\u9fff]{1,3})")
_SURGEON = re.compile(r"手术者|术者|手术医师|主刀")
_OPPOSITE = {"left": "right", "right": "left"}
_OPERATIONS = ("operation_name", "planned_operation")
_LONGEST = 40


def checks() -> Iterator[Check]:
    """The checks of this module, each with its rule."""
    table = rule_table()
    yield Check("preoperative-discussion", (table.rules["ZP-02"],), discussion)
    yield Check("operation-as-planned", (table.rules["ZS-03"],), as_planned)
    yield Check("surgeon-visits", (variant(table, "stay", "ZS-04"),), surgeon_visits)


def _is_operation(at: Scope) -> bool:
    return has_stay(at) and type_of(at) == "operation_record"


def discussion(at: Scope) -> Iterator[Finding]:
    """No discussion before the operation, one that came after it, or one without the surgeon."""
    row = rows(at)["operation"]
    text = at.note.slice(Span(at.note.front, len(at.note.text)))
    if not _is_operation(at) or re.search(row["emergency"], text):
        return
    rule, place = at.table.rules["ZP-02"], _place(at, "operation_name")
    held = others(at, "preop_discussion")
    if not held:
        if not any(re.search(row["discussed"], each.text) for each in others(at)):
            yield Finding(rule, place, {"problem": words(at, "no_discussion")})
        return
    yield from _wrong_order(at, rule, [each.time for each in held if each.time is not None])
    by = _surgeon(at, at.note)
    name = "" if by is None else at.note.slice(by)
    listed = [each for each in held if any(True for _ in sections(each.note, "participants"))]
    if name and listed and not any(name in each.text for each in held):
        problem = words(at, "no_surgeon", name=name)
        yield Finding(rule, _place(at, "surgeon"), {"problem": problem})


def _wrong_order(at: Scope, rule: Rule, held: list[Moment]) -> Iterator[Finding]:
    """A discussion after the operation, or after the consent to it; one that has no time may have
    come before."""
    if len(held) < len(others(at, "preop_discussion")):
        return
    first, place = min(held, key=lambda each: each.at), _place(at, "operation_name")
    end = times(at).get("surgery_end_time")
    if end is not None and first.at > end.moment.latest:
        problem = words(at, "late_discussion", start=shown(first), end=shown(end.moment))
        yield Finding(rule, place, {"problem": problem})
        return
    for other in others(at, "consent"):
        signed = other.time
        if "手术" in other.text and signed is not None and first.at > signed.latest:
            problem = words(at, "early_consent", start=shown(signed), end=shown(first))
            yield Finding(rule, place, {"problem": problem})
            return


def _place(at: Scope, section_id: str) -> Span:
    found = at.note.sections_of(section_id)
    return found[0].heading_span if found else first_line(at)


def _surgeon(at: Scope, note: Note) -> Span | None:
    """Where the name behind 手术者 stands, without its title; None where it cannot be told."""
    for section, _ in sections(note, "surgeon"):
        if _SURGEON.search(section.heading):
            words_ = first_words(note, section)
            bare = re.split(rows(at)["operation"]["titles"], note.slice(words_), maxsplit=1)[0]
            first = re.split(r"[\s，。；、,;：:（(]", bare.strip(), maxsplit=1)[0]
            if _NAME.fullmatch(first):
                return Span(words_.start, words_.start + len(first))
    return None


def as_planned(at: Scope) -> Iterator[Finding]:
    """The operation, its side and its surgeon against the documents before it, each told once."""
    if not _is_operation(at):
        return
    before = others(at, *type_list(at.table, "preoperative"))
    for compare in (_operation, _side, _by_another):
        found = [each for other in before for each in compare(at, other)]
        if found:
            told = tuple(place for each in found for place in each.related)
            yield replace(found[0], related=told)


def _operation(at: Scope, other: Other) -> Iterator[Finding]:
    done = list(sections(at.note, "operation_name"))
    planned = list(sections(other.note, *_OPERATIONS))
    least = float(rows(at)["operation"]["unlike"])
    if done and planned and not any(_alike(d[1], p[1], least) for d in done for p in planned):
        here, there = (
            first_words(note, section)
            for note, section in ((at.note, done[0][0]), (other.note, planned[0][0]))
        )
        yield _finding(at, other, "operation", here, there)


def _finding(at: Scope, other: Other, what: str, here: Span, there: Span) -> Finding:
    fields: Fields = {
        "what": words(at, what),
        "here": at.note.slice(here)[:_LONGEST],
        "there": other.note.slice(there)[:_LONGEST],
        "other": named(at, other),
    }
    told = (related(at, other, there),)
    return Finding(at.table.rules["ZS-03"], here, fields, related=told)


def _alike(done: str, planned: str, least: float) -> bool:
    one, two = (re.sub(r"[左右双两侧\W]", "", each) for each in (done, planned))
    shared = SequenceMatcher(None, one, two, autojunk=False)
    # 全麻下行… and a list of alternatives are long: two characters on end that are not 手术 count.
    run = shared.find_longest_match()
    core = one[run.a : run.a + run.size].replace("手术", "").replace("术", "")
    return shared.ratio() >= least or len(core) >= 2


def _side(at: Scope, other: Other) -> Iterator[Finding]:
    here = sides_of(at, *_OPERATIONS)
    there = sides_of(Scope(other.note, None, at.options), *_OPERATIONS)
    for mine in here:
        sides = {each.side for each in here if each.organ == mine.organ}
        theirs = [each for each in there if each.organ == mine.organ]
        if sides == {mine.side} and {each.side for each in theirs} == {_OPPOSITE.get(mine.side)}:
            places = Span(mine.start, mine.end), Span(theirs[0].start, theirs[0].end)
            yield _finding(at, other, "side", *places)
            return


def _by_another(at: Scope, other: Other) -> Iterator[Finding]:
    mine, theirs = _surgeon(at, at.note), _surgeon(at, other.note)
    if mine and theirs and at.note.slice(mine) != other.note.slice(theirs):
        yield _finding(at, other, "surgeon", mine, theirs)


def surgeon_visits(at: Scope) -> Iterator[Finding]:
    """The first progress note later than a day after the operation, where no note of that day
    names the surgeon."""
    progress = type_list(at.table, "progress")
    known = times(at)
    if not has_stay(at) or type_of(at) not in type_list(at.table, "daily"):
        return
    done = others(at, "operation_record")
    by = _surgeon(at, done[0].note) if len(done) == 1 else None
    end, now = known.get("surgery_end_time"), known.get("record_time")
    if end is None or now is None or by is None:
        return
    name = done[0].note.slice(by)
    given = others(at, *progress)
    last = end.moment.latest + limit(at.table, "surgeon_visit_hours")
    times_given = [each.time for each in given if each.time is not None]
    between = any(last < each.at <= now.moment.latest for each in times_given)
    # A note without a time may be of that day; where none is of it, none was given.
    within = [each for each in given if each.time and end.moment.at <= each.time.latest]
    within = [each for each in within if each.time and each.time.at <= last]
    if now.moment.at <= last or between or not within or len(times_given) < len(given):
        return
    if not any(name in each.text or _SURGEON.search(each.text) for each in within):
        fields: Fields = {"name": name, "end": shown(end.moment)}
        yield Finding(variant(at.table, "stay", "ZS-04"), first_line(at), fields)
