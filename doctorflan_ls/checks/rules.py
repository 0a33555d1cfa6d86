"""The rules themselves: each takes what it needs of a note and yields findings.

The ids, texts, limits and sources are in ``data/rules.toml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from doctorflan_ls import cross_allergy
from doctorflan_ls.checks.model import Fields, Finding, Rule
from doctorflan_ls.checks.parts import missing_parts, required_parts
from doctorflan_ls.checks.table import VitalLimits, rule_table
from doctorflan_ls.notes.headings import title
from doctorflan_ls.notes.model import Fact, Section
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

# Where allergies are recorded, for checks of a part of the note.
_ALLERGY_SECTIONS = ("allergies", "past_history", "past_medical_history", "general")
# A record has one or two of them; a file of many records must not make one keystroke read them all.
_MOST_ALLERGY_SECTIONS = 8
# No patient has 80 ℃: a temperature without a unit above it is in degrees Fahrenheit.
_BARE_CELSIUS = 80.0
_NAMING_KINDS = ("diagnosis", "symptom", "sign", "procedure")


def missing(note: Note) -> Iterator[Finding]:
    """Parts the document type requires and the note has not got, reported at its first line."""
    table = rule_table()
    for part in missing_parts(note, note.doc_type):
        rule = table.rule_for(note.doc_type, part)
        if rule is not None:
            yield _part_finding(rule, part, note.text.line_span(0), table.missing)


def empty(note: Note, sections: Sequence[Section]) -> Iterator[Finding]:
    """Required parts that are a heading and nothing else."""
    table = rule_table()
    required = frozenset(required_parts(note, note.doc_type))
    for section in sections:
        rule = table.rule_for(note.doc_type, section.id) if section.id in required else None
        if rule is not None and not _content(note, section):
            yield _part_finding(rule, section.id, section.heading_span, table.empty)


def chief_complaint(note: Note, sections: Sequence[Section], limit: int) -> Iterator[Finding]:
    """A chief complaint that is long (Chinese notes) or has no duration (ZA-04, ZA-05)."""
    table = rule_table()
    for section in sections:
        if section.id != "chief_complaint" or note.language != "zh":
            continue
        written = note.slice(section.body)
        text = written.strip()
        start = section.body.start + len(written) - len(written.lstrip())
        span = Span(start, start + len(text))
        if len(text) > limit:
            fields = {"count": str(len(text)), "limit": str(limit)}
            yield Finding(table.rules["ZA-04"], span, fields)
        if text and not (table.duration.search(text) or table.without_duration.search(text)):
            yield Finding(table.rules["ZA-05"], span)


def impossible_vitals(note: Note, span: Span, facts: Sequence[Fact]) -> Iterator[Finding]:
    """Vital signs no patient can have (ZC-09); Fahrenheit and kPa are left to the reader."""
    table = rule_table()
    rule = table.rules["ZC-09"]
    vitals = [fact for fact in facts if fact.kind == "vital"]
    for fact in vitals:
        limits = table.vitals.get(fact.name)
        if limits is None or _in_another_unit(fact) or limits.allow(str(fact.value)):
            continue
        yield Finding(rule, fact.span, _vital_fields(limits, fact.text))
    written = note.slice(span)
    read = {position for fact in vitals for position in range(*fact.span)}
    for limits in table.vitals.values():
        for found in limits.pattern.finditer(written):
            at = Span(span.start + found.start(), span.start + found.end())
            if at.start not in read and not limits.allow(found[1]) and _is_record(note, at):
                yield Finding(rule, at, _vital_fields(limits, found[0]))


def drug_against_allergy(note: Note, facts: Sequence[Fact]) -> Iterator[Finding]:
    """A drug in use that the patient is recorded as allergic to, by substance or class (ZY-01)."""
    drugs = [
        fact
        for fact in facts
        if fact.kind == "drug"
        and fact.status not in ("stopped", "avoid")
        and fact.assertion == "present"
        and fact.section != "allergies"
    ]
    if not drugs:
        return
    allergies = (fact for fact in _allergies(note, facts) if fact.assertion == "present")
    allergens = {allergy.name: allergy for allergy in allergies}.values()
    rule = rule_table().rules["ZY-01"]
    named = {drug.name: drug for drug in drugs}
    conflicts = {name: _conflict(drug, allergens) for name, drug in named.items()}
    for drug in drugs:
        conflict = conflicts[drug.name]
        if conflict is not None:
            allergen, relation = conflict
            fields: Fields = {"drug": drug.text, "allergen": allergen, "relation": relation}
            yield Finding(rule, drug.span, fields)


def placeholders(note: Note, span: Span) -> Iterator[Finding]:
    """Places left to fill in (ZC-05); an unreviewed draft may have them."""
    table = rule_table()
    for found in table.placeholder.finditer(note.slice(span)):
        at = Span(span.start + found.start(), span.start + found.end())
        if _is_record(note, at):
            yield Finding(table.rules["ZC-05"], at, {"text": found[0]})


def sex_contradictions(
    note: Note, sections: Sequence[Section], facts: Sequence[Fact]
) -> Iterator[Finding]:
    """What only the other sex can have (ZC-07); what is denied or a relative's does not count."""
    sex = note.sex
    if sex is None:
        return
    table = rule_table()
    rule = table.rules["ZC-07"]
    shown = table.sex_names[sex]
    words = table.words_of["male" if sex == "female" else "female"]
    for fact in facts:
        if (
            fact.kind in _NAMING_KINDS
            and fact.assertion in ("present", "historical", "possible")
            and fact.section != "family_history"
            and any(word in fact.text.lower() for word in words)
            and not any(word in fact.text.lower() for word in table.birth_words)
        ):
            yield Finding(rule, fact.span, {"text": fact.text, "sex": shown})
    for section in sections:
        if (
            sex == "male"
            and section.id in table.female_sections
            and _content(note, section).lower() not in table.not_applicable
        ):
            yield Finding(rule, section.heading_span, {"text": section.heading, "sex": shown})


def _content(note: Note, section: Section) -> str:
    within = Span(section.heading_span.end, section.span.end)
    return note.slice(within).strip(" \t\r\n\u3000:：。．.")


def _is_record(note: Note, span: Span) -> bool:
    """False inside a draft that nobody reviewed."""
    return not any(block.span.overlaps(span) for block in note.draft_blocks)


def _vital_fields(limits: VitalLimits, text: str) -> Fields:
    return {"name": limits.name, "text": text, "limits": limits.limits}


def _part_finding(rule: Rule, part: str, span: Span, problem: Bilingual) -> Finding:
    shown = Bilingual(title(part, "zh"), title(part, "en"))
    return Finding(rule, span, {"part": shown, "problem": problem})


def _in_another_unit(fact: Fact) -> bool:
    unit = (fact.unit or "").lower()
    if not unit and fact.name == "temperature":
        return isinstance(fact.value, float) and fact.value > _BARE_CELSIUS
    return "f" in unit or "℉" in unit or "kpa" in unit


def _allergies(note: Note, facts: Sequence[Fact]) -> Iterator[Fact]:
    seen = set()
    sections = (section for section in note.sections if section.id in _ALLERGY_SECTIONS)
    recorded = islice(sections, _MOST_ALLERGY_SECTIONS)
    elsewhere = (note.facts_in(section.span) for section in recorded)
    for fact in (*facts, *(fact for found in elsewhere for fact in found)):
        if fact.kind == "allergy" and fact.span not in seen:
            seen.add(fact.span)
            yield fact


def _conflict(drug: Fact, allergens: Iterable[Fact]) -> tuple[str, Bilingual] | None:
    for allergen in allergens:
        relation = cross_allergy.relation(drug, allergen)
        # A related class is for the drafts to mention: an alarm for each would soon be overlooked.
        if relation in ("same_substance", "same_class"):
            return allergen.name, cross_allergy.worded(relation)
    return None
