"""``doctorflan-allergy``: drugs about to be ordered against recorded allergies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from doctorflan_cds_hooks.answers.found import Found, finding_cards
from doctorflan_cds_hooks.backend import Backend
from doctorflan_cds_hooks.call import Call
from doctorflan_cds_hooks.cards import Card
from doctorflan_cds_hooks.fhir.allergies import Allergy, ordered_drugs, registered_allergies
from doctorflan_cds_hooks.fhir.notes import KEYS, SourceNote, read_notes
from doctorflan_cds_hooks.reading import Node
from doctorflan_cds_hooks.refusal import Refused
from doctorflan_cds_hooks.threads import in_thread
from doctorflan_cds_hooks.wording import say
from doctorflan_ls.checks.model import Fields, Finding
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.cross_allergy import relation, worded
from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes.note import parse_note

_KEY = "allergies"
_RULE = "ZY-01"
# As the server's own check: an alarm for a related class would soon be overlooked.
_TOLD = ("same_substance", "same_class")

_Recorded = tuple[Allergy, SourceNote]


async def answer(backend: Backend, call: Call) -> list[Card]:
    """The cards; none where the tables know of no relation."""
    return await in_thread(_cards, backend, call)


def _cards(backend: Backend, call: Call) -> list[Card]:
    drugs = list(ordered_drugs(call.context, call.patient))
    if call.prefetch is None or _KEY not in call.prefetch.members():
        raise Refused(412, "no-prefetch", keys=_KEY)
    recorded = [
        *_registered(call.prefetch.find(_KEY), call.patient, call.locale),
        *_noted(call.prefetch, call.patient),
    ]
    found: dict[tuple[str, str], Found] = {}
    for drug in drugs:
        for allergy, source in recorded:
            related = relation(drug, allergy.fact)
            if related in _TOLD and related is not None:
                fields: Fields = {
                    "drug": drug.name,
                    "allergen": allergy.fact.name,
                    "relation": worded(related),
                }
                finding = Finding(rule_table().rules[_RULE], drug.span, fields)
                # The first stands: what is registered comes before what a note says.
                found.setdefault((drug.name, allergy.fact.name), Found(finding, "", source))
    disabled = backend.settings.checks.disabled
    kept = () if _RULE in disabled else found.values()
    return finding_cards(kept, call.service.reasons, call.locale)


def _registered(fetched: Node | None, patient: str, locale: Locale) -> Iterator[_Recorded]:
    named = say("registered", locale)
    for allergy in registered_allergies(fetched, patient):
        yield allergy, SourceNote("", named, allergy.date)


def _noted(prefetch: Node, patient: str) -> Iterable[_Recorded]:
    """Allergies that stand in a note and may be registered nowhere."""
    if not any(key in prefetch.members() for key in KEYS):
        return
    for source in read_notes(prefetch, patient).read:
        for fact in parse_note(source.text).facts:
            if fact.kind == "allergy" and fact.assertion == "present":
                yield Allergy(fact, source.date), source
