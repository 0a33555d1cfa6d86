"""Drugs and allergies of a draft against the record's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from doctorflan_ls.grounding.hits import Hit
from doctorflan_ls.grounding.numbers import Amount, amounts
from doctorflan_ls.grounding.record import Record, key_of
from doctorflan_ls.grounding.table import table
from doctorflan_ls.notes.facts import vocabulary
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

_CHINESE: Final = {"一": 1.0, "两": 2.0, "二": 2.0, "三": 3.0, "四": 4.0, "六": 6.0, "八": 8.0}
_WORDS: Final = {"once": 1.0, "twice": 2.0, "two": 2.0, "three": 3.0, "four": 4.0}
_HOURS: Final = 24.0
_TAKEN: Final = frozenset({"current", "new"})
_CLAUSE_STOPS: Final = "，,、。；;.\n"
_REACH: Final = 60
_DOSED: Final = frozenset(
    {"mass", "volume", "tablet", "capsule", "puff", "drop", "u", "wan-u", "piece"}
)


def check(fact: Fact, record: Record) -> Iterator[Hit]:
    """What the record does not say of a drug, or says otherwise."""
    if fact.status == "avoid" or fact.assertion in ("family", "possible"):
        return
    key = key_of(fact)
    known = record.by_key.get(("drug", key), [])
    if not known and not named(fact, record):
        if mapped(fact.name, record):
            name = _name_span(fact)
            yield Hit(name, "GR-DRUG")
        return
    if fact.assertion == "denied":
        return
    yield from _status(fact, known)
    yield from _dose(fact, known, record)
    yield from _frequency(fact, known)
    yield from _route(fact, known)


def named(fact: Fact, record: Record) -> bool:
    """True where the record names the drug or allergen, or a name that holds this one."""
    term = vocabulary.lookup(fact.name)
    if term is not None and term.kind in ("drug_class", "allergen"):
        return True
    return _spelled(fact, record)


def _spelled(fact: Fact, record: Record) -> bool:
    if key_of(fact) in record.terms:
        return True
    name = vocabulary.fold(half_width(fact.name))
    written = vocabulary.fold(half_width(fact.text))
    term = vocabulary.lookup(fact.name)
    words = {name, written}
    if term is not None:
        words |= {vocabulary.fold(word) for word in (term.name_en, term.name_zh) if word}
    return any(word and word in record.folded for word in words)


def mapped(name: str, record: Record) -> bool:
    """True where ``name`` can be looked up in a record of another language, or needs not be."""
    if name.isascii() == (record.language == "en"):
        return True
    term = vocabulary.lookup(name)
    return term is not None and bool(term.name_en and term.name_zh)


def check_allergy(fact: Fact, record: Record, text: str) -> Iterator[Hit]:
    """An allergy that the record denies or does not have; a denial against one it has.

    ``text`` is the draft's, in which the allergy stands.
    """
    if record.is_dialogue:
        return
    denied_here = _denies(fact, text)
    allergies = [each for each in record.facts if each.kind == "allergy"]
    present = [each for each in allergies if each.assertion not in ("denied", "family")]
    denied = [
        each for each in allergies if each.assertion == "denied" and _denies(each, record.text)
    ]
    mine = key_of(fact)
    general = vocabulary.lookup(fact.name) is None or mine in ("drug", "allergy", "food")
    if fact.assertion == "denied":
        if not denied_here:
            return
        against = [each for each in present if general or key_of(each) == mine]
        # 否认其他药物过敏 beside one that is told is no contradiction.
        told = [each for each in denied if key_of(each) == mine or general]
        if against and not told:
            yield Hit(fact.span, "GR-NEG", against[0].text, against[0].span)
        return
    if fact.assertion == "family" or any(key_of(each) == mine for each in present):
        return
    exact = [each for each in denied if key_of(each) == mine]
    others = exact or ([] if present else denied)
    if others and not (general and not exact):
        yield Hit(fact.span, "GR-NEG", others[0].text, others[0].span)
    elif not general and mapped(fact.name, record) and not _spelled(fact, record):
        yield Hit(fact.span, "GR-DRUG")


def _denies(allergy: Fact, text: str) -> bool:
    """True where the allergy's own clause says so; the reader's scopes reach further."""
    start = max(text.rfind(stop, 0, allergy.span.start) for stop in _CLAUSE_STOPS) + 1
    words = text[start : allergy.span.end]
    return table().negations.search(words) is not None or "NK" in words


def _name_span(fact: Fact) -> Span:
    size = len(fact.text)
    found = re.search(r"\d|[\s,，]", fact.text)
    match = next(iter(vocabulary.matches(fact.text, "drug", "drug_class")), None)
    end = match.end if match is not None else found.start() if found else size
    return Span(fact.span.start, fact.span.start + max(end, 1))


def _status(fact: Fact, known: Sequence[Fact]) -> Iterator[Hit]:
    said = {each.status for each in known if each.status is not None}
    if fact.status in _TAKEN and said == {"stopped"}:
        other = next(each for each in known if each.status == "stopped")
        yield Hit(_name_span(fact), "GR-DRUG", other.text, other.span)
    elif fact.status in _TAKEN and known and all(each.assertion == "denied" for each in known):
        yield Hit(_name_span(fact), "GR-NEG", known[0].text, known[0].span)
    elif fact.status == "stopped" and said and said <= _TAKEN and len(said) == 1:
        other = next(each for each in known if each.status in _TAKEN)
        yield Hit(_name_span(fact), "GR-DRUG", other.text, other.span)


def _dose(fact: Fact, known: Sequence[Fact], record: Record) -> Iterator[Hit]:
    if not fact.dose:
        return
    at = fact.text.find(fact.dose)
    # The amount before the name (500 mg of metformin) is for the numbers' own check.
    if at < 0:
        return
    start = fact.span.start + at
    theirs = _amounts_of(known, record)
    for mine in amounts(fact.dose):
        alike = [each for each, _ in theirs if _dimension(each) == _dimension(mine)]
        if any(_size(each) == _size(mine) for each in alike):
            continue
        span = Span(start + mine.whole.start, start + mine.whole.end)
        if alike:
            nearest = min(alike, key=lambda each: abs(_size(each) - _size(mine)))
            other, place = next(pair for pair in theirs if pair[0] is nearest)
            yield Hit(span, "GR-DOSE", record.text[other.whole.start : other.whole.end], place)
        elif mine.value not in record.by_value:
            yield Hit(span, "GR-DOSE")


def _amounts_of(known: Sequence[Fact], record: Record) -> list[tuple[Amount, Span]]:
    """The amounts that the record gives of the drug, with what of the record says so."""
    found: list[tuple[Amount, Span]] = []
    for fact in known:
        end = min(record.sentence(fact.span.start).end, fact.span.end + _REACH)
        others = [
            each.span.start
            for each in record.facts_at(Span(fact.span.end, end))
            if each.kind == "drug" and fact.span.end <= each.span.start
        ]
        stop = min([end, *others])
        start = fact.span.start
        if fact.dose and fact.dose not in fact.text:
            start = max(record.text.rfind(fact.dose, 0, fact.span.start), 0)
        for each in amounts(record.text[start:stop]):
            if _dimension(each) in _DOSED:
                moved = _moved(each, start)
                found.append((moved, moved.whole))
    return found


def _moved(amount: Amount, by: int) -> Amount:
    unit = amount.unit_span
    return amount._replace(
        span=Span(amount.span.start + by, amount.span.end + by),
        unit_span=None if unit is None else Span(unit.start + by, unit.end + by),
    )


def _dimension(amount: Amount) -> str:
    if amount.unit is None:
        return ""
    return amount.unit.dimension or amount.unit.name


def _size(amount: Amount) -> float:
    return amount.base[1] if amount.base is not None else amount.value


def _frequency(fact: Fact, known: Sequence[Fact]) -> Iterator[Hit]:
    mine = per_day(fact.frequency)
    theirs = [(per_day(each.frequency), each) for each in known]
    told = [(times, each) for times, each in theirs if times is not None]
    if mine is None or not told or any(abs(times - mine) < 0.01 for times, _ in told):
        return
    at = fact.text.find(fact.frequency or "")
    if at >= 0 and fact.frequency:
        start = fact.span.start + at
        other = told[0][1]
        yield Hit(Span(start, start + len(fact.frequency)), "GR-DOSE", other.text, other.span)


def per_day(written: str | None) -> float | None:
    """How many times a day ``written`` (bid, 每日3次, q8h) is; None where it does not say."""
    if not written:
        return None
    words = table()
    text = half_width(written).strip().lower()
    for pattern in words.hours:
        found = pattern.fullmatch(text)
        if found is not None:
            hours = _count(found["n"])
            return _HOURS / hours if hours else None
    for pattern in words.daily:
        found = pattern.fullmatch(text)
        if found is not None:
            return _count(found["n"])
    return words.frequencies.get(text)


def _count(written: str) -> float:
    word = _CHINESE.get(written) or _WORDS.get(written)
    return word if word is not None else float(written) if written.isdigit() else 0.0


def _route(fact: Fact, known: Sequence[Fact]) -> Iterator[Hit]:
    routes = table().routes
    mine = routes.get((fact.route or "").lower())
    theirs = [(routes.get((each.route or "").lower()), each) for each in known]
    told = [(route, each) for route, each in theirs if route is not None]
    if mine is None or not told or any(route == mine for route, _ in told):
        return
    at = fact.text.find(fact.route or "")
    if at >= 0 and fact.route:
        start = fact.span.start + at
        other = told[0][1]
        yield Hit(Span(start, start + len(fact.route)), "GR-DOSE", other.text, other.span)


__all__ = ["check", "check_allergy", "mapped", "named", "per_day"]
