"""What a note says of the patient twice: age and sex (ZC-14), a man's obstetric history (ZC-07)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from doctorflan_ls.checks.model import Fields, Finding, Related
from doctorflan_ls.checks.patterns import filled, found_in, limit, pattern, phrase, rules_of, words
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.notes.facts import demographics
from doctorflan_ls.notes.facts.vocabulary import lookup
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

_STEM = "contradictions"
# The names of a fact that denies allergies to whatever drug (notes/facts/allergies.py).
_ANY_DRUG = ("药物", "过敏", "drug")
_MONTH = 1 / 12


class _Told(NamedTuple):
    """The age in years, or the sex, as the note states it somewhere."""

    what: str
    value: float | str
    span: Span
    text: str


def checks() -> Iterator[Check]:
    """The checks of this module."""
    yield Check("told-twice", rules_of("ZC-14"), told_twice)
    yield Check("denied-allergy", rules_of("ZC-13"), denied_allergy)
    yield Check("obstetric-history", rules_of("ZC-07"), obstetric_history, "part")


def denied_allergy(at: Scope) -> Iterator[Finding]:
    """Allergies to drugs denied in general beside one that is stated or told (ZC-13): a warning,
    because somebody reads only the denial."""
    claims = [(fact.moved(start)) for start, fact in at.gather(_drug_allergies)]
    denied = next((fact for fact in claims if fact.assertion == "denied"), None)
    stated = next((fact for fact in claims if fact.assertion == "present"), None)
    names = [stated.text] if stated is not None else list(at.context.allergies)
    if denied is None or not names:
        return
    problem = phrase(at.table, _STEM, "allergy", "problem")
    fields = {"problem": filled(problem, {"text": denied.text, "other": "、".join(names)})}
    place = phrase(at.table, _STEM, "related", "other")
    related = () if stated is None else (Related(stated.span, place),)
    rule = at.table.rules["ZC-13"]
    grave = replace(rule, severity="warning") if rule.severity == "information" else rule
    yield Finding(grave, denied.span, fields, related=related)


def _drug_allergies(part: Scope) -> Iterator[Fact]:
    """Drugs that the patient does not bear, and the denial of all of them."""
    for fact in part.facts:
        if fact.kind != "allergy":
            continue
        term = lookup(fact.name)
        is_drug = term is not None and term.kind in ("drug", "drug_class")
        start = fact.span.start - part.span.start
        # 否认其他接触物及药物过敏史 leaves what was named before as it is.
        is_general = (
            fact.name in _ANY_DRUG
            and fact.assertion == "denied"
            and fact.section in words(part.table, _STEM, "allergy", "sections")
            and not pattern(part.table, _STEM, "allergy", "others").search(
                part.text[max(start - 14, 0) : start]
            )
        )
        if is_general or (is_drug and fact.assertion == "present"):
            yield fact.moved(-part.span.start)


def told_twice(at: Scope) -> Iterator[Finding]:
    """The patient's age or sex where it differs from the first that the note states."""
    if not at.whole:
        return
    first: dict[str, _Told] = {}
    rule = at.table.rules["ZC-14"]
    related = phrase(at.table, _STEM, "related", "other")
    for start, each in at.gather(_told):
        told = each._replace(span=Span(each.span.start + start, each.span.end + start))
        one = first.setdefault(told.what, told)
        if _differ(at, one, told):
            fields: Fields = {
                "what": phrase(at.table, _STEM, "what", told.what),
                "text": told.text,
                "other": one.text,
            }
            yield Finding(rule, told.span, fields, related=(Related(one.span, related),))


def _differ(at: Scope, one: _Told, other: _Told) -> bool:
    if isinstance(one.value, str) or isinstance(other.value, str):
        return one.value != other.value
    # Half a month for infants, whose age is told in days and in months.
    return abs(one.value - other.value) > limit(at.table, _STEM, "twice", "years") + _MONTH / 2


def _told(part: Scope) -> Iterator[_Told]:
    table = part.table
    sections = words(table, _STEM, "twice", "sections")
    apart = pattern(table, _STEM, "twice", "apart")
    reach = int(limit(table, _STEM, "twice", "reach"))
    for fact in part.facts:
        if fact.kind not in ("age", "sex") or fact.section not in sections:
            continue
        start, end = fact.span.start - part.span.start, fact.span.end - part.span.start
        # A word that is the fact itself (boy) says nothing of another person.
        around = part.text[max(start - reach, 0) : start] + " " + part.text[end : end + reach]
        value = _value(fact)
        if value is None or apart.search(around):
            continue
        if fact.kind == "sex" or _is_introduced(part, Span(start, end)):
            yield _Told(fact.kind, value, Span(start, end), fact.text)


def _is_introduced(part: Scope, span: Span) -> bool:
    """True where an age stands beside the patient's sex or name, not alone as at an event."""
    reach = int(limit(part.table, _STEM, "twice", "introduced_reach"))
    around = part.text[max(span.start - reach, 0) : span.end + reach]
    return pattern(part.table, _STEM, "twice", "introduced").search(around) is not None


def _value(fact: Fact) -> float | str | None:
    return demographics.age_years(fact) if fact.kind == "age" else str(fact.value)


def obstetric_history(at: Scope) -> Iterator[Finding]:
    """Pregnancies, births and menses in the record of a man."""
    table, age = at.table, at.note.patient.age_years
    child = age is not None and age < limit(table, _STEM, "obstetric", "from_age")
    if at.note.sex != "male" or child:
        return
    apart = pattern(table, _STEM, "obstetric", "apart")
    reach = int(limit(table, _STEM, "obstetric", "reach"))
    alone = words(table, _STEM, "obstetric", "sections_left_alone")
    for span, match in found_in(at, pattern(table, _STEM, "obstetric", "pattern")):
        around = at.text[max(match.start() - reach, 0) : match.end() + reach // 2]
        section = at.note.section_at(span.start)
        if apart.search(around) or (section is not None and section.id in alone):
            continue
        fields: Fields = {"text": at.words(span), "sex": table.sex_names["male"]}
        yield Finding(table.rules["ZC-07"], span, fields)
