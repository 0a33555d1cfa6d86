"""What every record is looked at for: chief complaint, vital signs, allergies, blanks, sex.

The ids, texts, limits and sources are in ``data/rules/basic.toml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from doctorflan_ls import cross_allergy
from doctorflan_ls.checks.model import Fields, Finding, Related, Rule
from doctorflan_ls.checks.patterns import pattern
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.table import VitalLimits, rule_table
from doctorflan_ls.notes.model import Fact, Section
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

# No patient has 80 ℃: a temperature without a unit above it is in degrees Fahrenheit.
_BARE_CELSIUS = 80.0
_MOST_RELATED = 5
_NAMING_KINDS = ("diagnosis", "symptom", "sign", "procedure")


def checks() -> Iterator[Check]:
    """The checks of this module, each with the rules it reports."""
    table = rule_table()

    def rules(*ids: str) -> tuple[Rule, ...]:
        return tuple(table.rules[each] for each in ids)

    yield Check("chief-complaint", rules("ZA-04", "ZA-05"), chief_complaint, "part")
    yield Check("impossible-vitals", rules("ZC-09"), impossible_vitals, "part")
    yield Check("drug-against-allergy", rules("ZY-01"), drug_against_allergy, at_any_length=True)
    yield Check("placeholders", rules("ZC-05"), placeholders, "part")
    yield Check("sex-contradictions", rules("ZC-07"), sex_contradictions)


def chief_complaint(at: Scope) -> Iterator[Finding]:
    """A chief complaint that is long (Chinese notes) or has no duration (ZA-04, ZA-05)."""
    note, table, limit = at.note, at.table, at.options.chief_complaint_max
    for section in at.sections:
        if section.id != "chief_complaint" or note.language != "zh":
            continue
        written = at.words(section.body)
        text = written.strip()
        start = section.body.start + len(written) - len(written.lstrip())
        span = Span(start, start + len(text))
        if len(text) > limit:
            fields = {"count": str(len(text)), "limit": str(limit)}
            yield Finding(table.rules["ZA-04"], span, fields)
        if text and not (table.duration.search(text) or table.without_duration.search(text)):
            yield Finding(table.rules["ZA-05"], span)


def impossible_vitals(at: Scope) -> Iterator[Finding]:
    """Vital signs no patient can have (ZC-09); Fahrenheit and kPa are left to the reader."""
    table = at.table
    rule = table.rules["ZC-09"]
    vitals = [fact for fact in at.facts if fact.kind == "vital"]
    years = at.note.patient.age_years
    of_age = {name: limits.at_age(years) for name, limits in table.vitals.items()}
    for fact in vitals:
        limits = of_age.get(fact.name)
        if limits is None or _in_another_unit(fact) or limits.allow(str(fact.value)):
            continue
        yield Finding(rule, fact.span, _vital_fields(limits, fact.text))
    read = {position for fact in vitals for position in range(*fact.span)}
    for limits in of_age.values():
        for found in limits.pattern.finditer(at.text):
            span = Span(at.span.start + found.start(), at.span.start + found.end())
            if span.start not in read and not limits.allow(found[1]) and at.is_record(span):
                yield Finding(rule, span, _vital_fields(limits, found[0]))


def drug_against_allergy(at: Scope) -> Iterator[Finding]:
    """A drug in use that the patient is recorded as allergic to, by substance or class (ZY-01)."""
    recorded: dict[str, tuple[int, Fact]] = {}
    for start, allergy in at.gather(_allergies):
        recorded.setdefault(allergy.name, (start, allergy))
    for allergy in _told_allergies(at):
        recorded.setdefault(allergy.name, (0, allergy))
    allergens = [allergy.moved(start) for start, allergy in recorded.values()]
    if not allergens:
        return
    rule = at.table.rules["ZY-01"]
    conflicts: dict[str, tuple[Fact, Bilingual] | None] = {}
    for start, drug in at.gather(_drugs_in_use):
        if drug.name not in conflicts:
            conflicts[drug.name] = _conflict(drug, allergens)
        conflict = conflicts[drug.name]
        if conflict is not None:
            allergy, relation = conflict
            fields: Fields = {"drug": drug.text, "allergen": allergy.name, "relation": relation}
            # What the client told stands nowhere in the note.
            stands = allergy.span.end > allergy.span.start
            told = (Related(allergy.span, at.table.recorded_allergy),) if stands else ()
            yield Finding(rule, drug.moved(start).span, fields, related=told)


def _told_allergies(at: Scope) -> Iterator[Fact]:
    """The allergies known beside the text, where the front matter names them if it does."""
    front = at.note.slice(Span(0, at.note.front))
    for name in at.context.allergies:
        start = front.find(name)
        span = Span(0, 0) if start < 0 else Span(start, start + len(name))
        yield Fact("allergy", name, span, name)


def _drugs_in_use(part: Scope) -> Iterator[Fact]:
    before = pattern(part.table, "contradictions", "allergy", "reaction_before")
    after = pattern(part.table, "contradictions", "allergy", "reaction_after")
    tested = pattern(part.table, "contradictions", "allergy", "told")
    headings = [section.heading_span for section in part.sections]
    for fact in part.facts:
        if (
            fact.kind == "drug"
            and fact.status not in ("stopped", "avoid")
            and fact.assertion == "present"
            and fact.section != "allergies"
            and not any(heading.overlaps(fact.span) for heading in headings)
        ):
            drug = fact.moved(-part.span.start)
            head = part.text[max(drug.span.start - 30, 0) : drug.span.start]
            tail = part.text[drug.span.end : drug.span.end + 80]
            if not (before.search(head) or after.search(tail) or tested.search(tail)):
                yield drug


def _allergies(part: Scope) -> Iterator[Fact]:
    tested = pattern(part.table, "contradictions", "allergy", "told")
    for fact in part.facts:
        if fact.kind == "allergy" and fact.assertion == "present":
            yield fact.moved(-part.span.start)
        elif fact.kind == "drug" and fact.assertion == "present":
            drug = fact.moved(-part.span.start)
            if tested.search(part.text[drug.span.end : drug.span.end + 20]):
                yield drug._replace(kind="allergy")


def placeholders(at: Scope) -> Iterator[Finding]:
    """Places left to fill in (ZC-05); an unreviewed draft may have them."""
    table = at.table
    for found in table.placeholder.finditer(at.text):
        span = Span(at.span.start + found.start(), at.span.start + found.end())
        if at.is_record(span):
            yield Finding(table.rules["ZC-05"], span, {"text": found[0]})


def sex_contradictions(at: Scope) -> Iterator[Finding]:
    """What only the other sex can have (ZC-07): one finding, because one wrong word is behind all.

    What is denied or a relative's does not count.
    """
    note, table = at.note, at.table
    if note.sex is None:
        return
    found = [
        Span(span.start + start, span.end + start) for start, span in at.gather(_of_the_other_sex)
    ]
    if found:
        first, *others = found
        related = tuple(Related(span, table.other_sex) for span in others[:_MOST_RELATED])
        fields: Fields = {"text": note.slice(first), "sex": table.sex_names[note.sex]}
        yield Finding(table.rules["ZC-07"], first, fields, related=related)


def _of_the_other_sex(part: Scope) -> Iterator[Span]:
    table, sex, start = part.table, part.note.sex, part.span.start
    words = table.words_of["male" if sex == "female" else "female"]
    for fact in part.facts:
        if (
            fact.kind in _NAMING_KINDS
            and fact.assertion in ("present", "historical", "possible")
            and fact.section != "family_history"
            and any(word in fact.text.lower() for word in words)
            and not any(word in fact.text.lower() for word in table.birth_words)
        ):
            yield Span(fact.span.start - start, fact.span.end - start)
    for section in part.sections:
        if (
            sex == "male"
            and section.id in table.female_sections
            and _content(part, section).lower() not in table.not_applicable
        ):
            yield Span(section.heading_span.start - start, section.heading_span.end - start)


def _content(at: Scope, section: Section) -> str:
    within = Span(section.heading_span.end, section.span.end)
    return at.words(within).strip(" \t\r\n\u3000:：。．.")


def _vital_fields(limits: VitalLimits, text: str) -> Fields:
    return {"name": limits.name, "text": text, "limits": limits.limits}


def _in_another_unit(fact: Fact) -> bool:
    unit = (fact.unit or "").lower()
    if not unit and fact.name == "temperature":
        return isinstance(fact.value, float) and fact.value > _BARE_CELSIUS
    return "f" in unit or "℉" in unit or "kpa" in unit


def _conflict(drug: Fact, allergens: Iterable[Fact]) -> tuple[Fact, Bilingual] | None:
    for allergen in allergens:
        relation = cross_allergy.relation(drug, allergen)
        # A related class is for the drafts to mention: an alarm for each would soon be overlooked.
        if relation in ("same_substance", "same_class"):
            return allergen, cross_allergy.worded(relation)
    return None
