"""``doctorflan-note-check``: what the checks find in the notes."""

from __future__ import annotations

from collections.abc import Iterator

from doctorflan_cds_hooks.answers.found import Found, finding_cards
from doctorflan_cds_hooks.backend import Backend
from doctorflan_cds_hooks.call import Call
from doctorflan_cds_hooks.cards import Card, coding
from doctorflan_cds_hooks.fhir.notes import Notes, read_notes
from doctorflan_cds_hooks.fhir.resources import resources
from doctorflan_cds_hooks.reading import Node
from doctorflan_cds_hooks.refusal import Refused
from doctorflan_cds_hooks.threads import in_thread
from doctorflan_cds_hooks.wording import bilingual, data, say
from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.text import Span


async def answer(backend: Backend, call: Call) -> list[Card]:
    """The cards; none where there is nothing to say."""
    return await in_thread(_cards, backend, call)


def _cards(backend: Backend, call: Call) -> list[Card]:
    notes = read_notes(call.prefetch, call.patient)
    sex = _registered_sex(call)
    found: list[Found] = []
    for source in notes.read:
        note = parse_note(source.text)
        findings = (*_other_sex(note, sex), *backend.findings(note))
        found += (Found(each, note.slice(each.span), source) for each in findings)
    cards = finding_cards(found, call.service.reasons, call.locale)
    if notes.unread and not notes.read:
        cards.append(_unreadable(notes, call))
    return cards


def _registered_sex(call: Call) -> str:
    """``male`` or ``female`` of the prefetched Patient; empty where it says neither."""
    fetched: Node | None = None if call.prefetch is None else call.prefetch.find("patient")
    for patient in resources(fetched, "Patient"):
        if patient.find_text("id") not in ("", call.patient):
            raise Refused(400, "other-patient", path=patient.place)
        return patient.find_text("gender")
    return ""


def _other_sex(note: Note, registered: str) -> Iterator[Finding]:
    """A note of a man in the record of a woman, or the other way round, is likely misfiled."""
    sexes = data("rules")["sexes"]
    if note.sex is None or registered not in sexes or registered == note.sex:
        return
    row = data("rules")["patient-sex"]
    rule = Rule(
        "doctorflan-cds-hooks/patient-sex",
        row["severity"],
        bilingual(row["text"]),
        bilingual(row["source"]),
    )
    fields = {"noted": bilingual(sexes[note.sex]), "registered": bilingual(sexes[registered])}
    yield Finding(rule, Span(0, 0), fields)


def _unreadable(notes: Notes, call: Call) -> Card:
    summary = say("unreadable", call.locale, count=notes.unread)
    label = call.service.title.in_(call.locale)
    topic = coding("topics", "unreadable", summary)
    return Card(summary, "info", label, topic, say("unreadable-why", call.locale))
