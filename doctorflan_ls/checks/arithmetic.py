"""Sums and differences that a note tells both sides of (ZC-12)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from re import Match

from doctorflan_ls.checks.model import Fields, Finding, Related
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
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.time_order import labelled, stamps
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_STEM = "arithmetic"
# A height of more than this is in centimetres.
_METRES = 3.0


def checks() -> Iterator[Check]:
    """The checks of this module."""
    yield Check("sums", rules_of("ZC-12"), sums, "part")
    yield Check("bed-days", rules_of("ZC-12"), bed_days)


def sums(at: Scope) -> Iterator[Finding]:
    """Results against their parts, the body mass index, GCS scores and the fluid balance."""
    labs = [
        fact
        for fact in at.facts
        if fact.kind == "lab" and isinstance(fact.value, float) and fact.assertion == "present"
    ]
    for row in rows(at.table, _STEM, "sum"):
        yield from _totals(at, labs, row["total"], row["parts"], Bilingual(**row["shown"]))
    yield from _differential(at, labs)
    yield from _body_mass(at)
    yield from _scores(at)
    yield from _balance(at)


def _totals(
    at: Scope, labs: Sequence[Fact], total: str, parts: Sequence[str], shown: Bilingual
) -> Iterator[Finding]:
    near = limit(at.table, _STEM, "limits", "near")
    names = sorted([total, *parts])
    for group in _groups([fact for fact in labs if fact.name in names], near):
        alike = len({fact.unit for fact in group}) == 1 and group[0].unit is not None
        if not alike or sorted(fact.name for fact in group) != names:
            continue
        whole = next(fact for fact in group if fact.name == total)
        summands = [fact for fact in group if fact is not whole]
        value = sum(_number(fact) for fact in summands)
        if not _agree(at, _number(whole), value):
            fields: Fields = {"shown": shown, "total": f"{whole.value:g}", "sum": f"{value:g}"}
            yield _finding(at, whole.span, "sum", fields, [fact.span for fact in summands])


def _differential(at: Scope, labs: Sequence[Fact]) -> Iterator[Finding]:
    table, near = at.table, limit(at.table, _STEM, "limits", "near")
    classes = words(table, _STEM, "differential", "classes")
    for group in _groups([fact for fact in labs if fact.name in classes], near):
        value = sum(_number(fact) for fact in group)
        least = limit(table, _STEM, "limits", "differential_least")
        low = limit(table, _STEM, "limits", "differential_low") if len(group) >= least else 0
        if low <= value <= limit(table, _STEM, "limits", "differential_high"):
            continue
        span = Span(group[0].span.start, group[-1].span.end)
        yield _finding(at, span, "differential", {"sum": f"{value:g}"}, ())


def _groups(facts: Sequence[Fact], near: float) -> Iterator[list[Fact]]:
    """Results of one count: a class that comes again begins the next."""
    group: list[Fact] = []
    for fact in facts:
        repeated = any(fact.name == each.name for each in group)
        if group and (repeated or fact.span.start - group[-1].span.end > near):
            yield group
            group = []
        group.append(fact)
    if group:
        yield group


def _body_mass(at: Scope) -> Iterator[Finding]:
    vitals: dict[str, list[Fact]] = {}
    for fact in at.facts:
        if fact.kind == "vital" and isinstance(fact.value, float) and fact.assertion == "present":
            vitals.setdefault(fact.name, []).append(fact)
    found = [vitals.get(name, []) for name in ("bmi", "weight", "height")]
    if any(len(each) != 1 for each in found):
        return
    bmi, weight, height = (each[0] for each in found)
    tall = _number(height)
    if tall > _METRES:
        tall /= 100
    if (weight.unit or "kg").lower() not in ("kg", "公斤", "千克"):
        return
    if (height.unit or "cm").lower() not in ("cm", "m", "厘米", "公分", "米") or tall <= 0:
        return
    value = _number(weight) / tall**2
    if not _agree(at, value, _number(bmi)):
        fields = {"text": bmi.text, "sum": f"{value:.1f}"}
        yield _finding(at, bmi.span, "bmi", fields, (weight.span, height.span))


def _scores(at: Scope) -> Iterator[Finding]:
    for kind in ("gcs", "gcs_parts_first"):
        for span, match in found_in(at, pattern(at.table, _STEM, "patterns", kind)):
            value = sum(int(match[part]) for part in ("eyes", "words", "motor"))
            if value != int(match["total"]):
                yield _finding(at, span, "gcs", {"total": match["total"], "sum": str(value)}, ())


def _balance(at: Scope) -> Iterator[Finding]:
    for span, match in found_in(at, pattern(at.table, _STEM, "patterns", "fluids")):
        amounts = (match[each] for each in ("in", "out", "net"))
        given, lost, net = (int(each.replace(",", "")) for each in amounts)
        value = given - lost
        told = -net if match["sign"] == "-" or "负" in match[0] else net
        # Without a sign the difference may be told either way.
        if match["sign"] is None and "负" not in match[0]:
            told, value = abs(told), abs(value)
        if abs(told - value) > limit(at.table, _STEM, "limits", "tolerance") * max(given, lost):
            start = match.start("sign") if match["sign"] else match.start("net")
            place = Span(span.end - (match.end() - start), span.end)
            fields = {"text": at.words(place), "sum": f"{value:+d}"}
            yield _finding(at, place, "fluids", fields, ())


def bed_days(at: Scope) -> Iterator[Finding]:
    """The days of a stay against its dates, which both have a label."""
    if not at.whole:
        return
    told = list(at.gather(_days))
    if not told:
        return
    found = stamps(at)
    first, last = labelled(found, "admission")[:1], labelled(found, "discharge")[:1]
    if not first or not last:
        return
    days = (date.fromisoformat(last[0].day) - date.fromisoformat(first[0].day)).days
    for start, (begin, end, number) in told:
        # Who comes and goes on one day stayed one day.
        if days >= 0 and number != max(days, 1):
            span = Span(start + begin, start + end)
            fields = {"text": at.words(span), "sum": str(max(days, 1))}
            yield _finding(at, span, "bed_days", fields, (first[0].span, last[0].span))


def _days(part: Scope) -> Iterator[tuple[int, int, int]]:
    for span, match in found_in(part, pattern(part.table, _STEM, "patterns", "bed_days")):
        start = part.span.start
        yield span.start - start, span.end - start, _told(match)


def _told(match: Match[str]) -> int:
    return int(match["days"] or match["days_en"])


def _number(fact: Fact) -> float:
    return fact.value if isinstance(fact.value, float) else 0.0


def _agree(at: Scope, one: float, other: float) -> bool:
    return abs(one - other) <= limit(at.table, _STEM, "limits", "tolerance") * max(one, other)


def _finding(
    at: Scope,
    span: Span,
    problem: str,
    fields: Fields,
    places: Sequence[Span],
) -> Finding:
    told = filled(phrase(at.table, _STEM, "problems", problem), fields)
    shown = phrase(at.table, _STEM, "related", "part")
    related = tuple(Related(place, shown) for place in places)
    return Finding(at.table.rules["ZC-12"], span, {"problem": told}, related=related)
