"""The same patient, the same side in every note of the stay (ZC-08, ZC-14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from doctorflan_ls.checks.model import Fields, Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.stay.others import Other, named, others, related, rows, words
from doctorflan_ls.checks.stay.wording import first_line, variant
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.notes.facts.demographics import age_years
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.sides import sides
from doctorflan_ls.text import Span

_OPPOSITE = {"left": "right", "right": "left"}


class Side(NamedTuple):
    """``organ`` with its ``side``, as ``text`` at [start, end)."""

    organ: str
    side: str
    text: str
    start: int
    end: int


def checks() -> Iterator[Check]:
    """The checks of this module, each with its rule."""
    table = rule_table()
    yield Check("sides-of-the-stay", (variant(table, "stay", "ZC-08"),), sides_of_stay)
    yield Check("one-patient", (variant(table, "stay", "ZC-14"),), one_patient)


def sides_of_stay(at: Scope) -> Iterator[Finding]:
    """An organ of a diagnosis or operation whose other side alone another note names."""
    if not at.whole or not at.context.other_notes:
        return
    mine = sides_of(at)
    for organ in dict.fromkeys(each.organ for each in mine):
        here = [each for each in mine if each.organ == organ]
        if len({each.side for each in here}) == 1 and here[0].side in _OPPOSITE:
            yield from _opposed(at, here[0])


def _opposed(at: Scope, here: Side) -> Iterator[Finding]:
    for other in others(at):
        there = [each for each in sides_of(_scope(at, other)) if each.organ == here.organ]
        if {each.side for each in there} == {_OPPOSITE[here.side]}:
            fields: Fields = {"here": here.text, "there": there[0].text, "other": named(at, other)}
            span = Span(there[0].start, there[0].end)
            rule = variant(at.table, "stay", "ZC-08")
            place = Span(here.start, here.end)
            yield Finding(rule, place, fields, related=(related(at, other, span),))
            return


def sides_of(at: Scope, *ids: str) -> list[Side]:
    """What the sections of diagnoses and operations, or those of ``ids``, say of sides."""
    collect = _collector(at.table, ids)
    return [
        each._replace(start=start + each.start, end=start + each.end)
        for start, each in at.gather(collect)
    ]


@lru_cache(maxsize=16)
def _collector(table: RuleTable, ids: tuple[str, ...]) -> Callable[[Scope], Iterator[Side]]:
    wanted = frozenset(ids or table.data["stay"]["sides"]["sections"])

    def collect(part: Scope) -> Iterator[Side]:
        seen: set[int] = set()
        for section in part.sections:
            start = section.heading_span.end
            if section.id not in wanted:
                continue
            for found in sides(part.note.slice(Span(start, section.span.end))):
                place = found.span.start + start
                if place not in seen:
                    seen.add(place)
                    span = Span(place, found.span.end + start)
                    text = part.note.slice(span)
                    at = part.span.start
                    yield Side(found.organ, found.side, text, span.start - at, span.end - at)

    return collect


@lru_cache(maxsize=128)
def _whole(other: Other, table: RuleTable) -> Scope:
    from doctorflan_ls.checks.options import CheckOptions  # noqa: PLC0415

    return Scope(other.note, None, CheckOptions(table=table))


def _scope(at: Scope, other: Other) -> Scope:
    return _whole(other, at.table)


def one_patient(at: Scope) -> Iterator[Finding]:
    """A sex or an age that another note has otherwise."""
    if not at.whole or not at.context.other_notes:
        return
    mine = at.note.patient
    most = float(rows(at)["identity"]["age_years"])
    for what in ("sex", "age"):
        for other in others(at):
            theirs = other.note.patient
            if what == "sex":
                differs = bool(mine.sex and theirs.sex and mine.sex != theirs.sex)
            elif mine.age_years is None or theirs.age_years is None:
                differs = False
            else:
                differs = abs(mine.age_years - theirs.age_years) > most
            if differs:
                yield _another(at, other, what)
                break


def _another(at: Scope, other: Other, what: str) -> Finding:
    here, there = _stated(at, what), _stated(_scope(at, other), what)
    fields: Fields = {
        "what": words(at, what),
        "here": "" if here is None else here.text,
        "there": "" if there is None else there.text,
        "other": named(at, other),
    }
    told = () if there is None else (related(at, other, there.span),)
    span = first_line(at) if here is None else here.span
    return Finding(variant(at.table, "stay", "ZC-14"), span, fields, related=told)


def _stated(at: Scope, what: str) -> Fact | None:
    """The fact of the note that says the patient's sex or age."""
    patient = at.note.patient
    for start, fact in at.gather(_demographics):
        if fact.kind == what and (
            fact.value == patient.sex if what == "sex" else age_years(fact) == patient.age_years
        ):
            return fact.moved(start)
    return None


def _demographics(part: Scope) -> Iterator[Fact]:
    for fact in part.facts:
        if fact.kind in ("sex", "age"):
            yield fact.moved(-part.span.start)
