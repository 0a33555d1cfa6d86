"""Recorded allergies and drugs about to be ordered, as facts of the server's own kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from doctorflan_cds_hooks.fhir.resources import (
    check_patient,
    concept_words,
    has_code,
    resources,
)
from doctorflan_cds_hooks.reading import Node
from doctorflan_ls.notes.model import Fact, FactKind
from doctorflan_ls.text import Span

# Nobody has more; a hundred against a hundred, all of the longest, took 1.6 s on one core.
_MOST = 100
_LONGEST = 300
# What says that there is none (SNOMED CT "No known ... allergy" and its like in words).
_NONE = re.compile(r"\s*(?:no known\b|nkda\b|nka\b|none\b|否认|无|未发现|没有)", re.IGNORECASE)
_OVER = ("cancelled", "completed", "entered-in-error", "stopped")


@dataclass(frozen=True, slots=True)
class Allergy:
    """An allergen and when it was recorded, as written (empty where that is not said)."""

    fact: Fact
    date: str = ""


def registered_allergies(fetched: Node | None, patient: str) -> Iterator[Allergy]:
    """The allergies of the AllergyIntolerances that are active and not refuted."""
    for resource in islice(resources(fetched, "AllergyIntolerance"), _MOST):
        check_patient(resource, patient, "patient")
        if has_code(resource.find("clinicalStatus"), "inactive", "resolved"):
            continue
        if has_code(resource.find("verificationStatus"), "refuted", "entered-in-error"):
            continue
        concepts = [resource.find("code")]
        concepts += [reaction.find("substance") for reaction in resource.each("reaction")]
        words = _words(concepts)
        if words and not any(_NONE.match(word) for word in words):
            yield Allergy(_fact("allergy", words), resource.find_text("recordedDate"))


def ordered_drugs(context: Node, patient: str) -> Iterator[Fact]:
    """The drugs of the MedicationRequests in ``draftOrders``.

    Where the context has ``selections``, those alone: the doctor has been told about the others.
    """
    orders = context.need("draftOrders")
    chosen = context.find("selections")
    selected = (
        None if chosen is None else {each.text().rpartition("/")[2] for each in chosen.items()}
    )
    for order in islice(resources(orders, "MedicationRequest"), _MOST):
        check_patient(order, patient, "subject")
        is_meant = selected is None or order.find_text("id") in selected
        if not is_meant or order.find_text("status") in _OVER or order.flag("doNotPerform"):
            continue
        words = _words(_drug_concepts(order, orders))
        reference = order.find("medicationReference")
        if not words and reference is not None:
            words = tuple(filter(None, (reference.find_text("display").strip(),)))
        if words:
            yield _fact("drug", words)


def _drug_concepts(order: Node, orders: Node) -> list[Node | None]:
    concepts = [order.find("medicationCodeableConcept")]
    reference = order.find("medicationReference")
    if reference is not None:
        wanted = reference.find_text("reference")
        medications = [*order.each("contained"), *resources(orders, "Medication")]
        concepts += [
            each.find("code")
            for each in medications
            if wanted.lstrip("#").rpartition("/")[2] == each.find_text("id") != ""
        ]
    return concepts


def _words(concepts: list[Node | None]) -> tuple[str, ...]:
    found = (word for each in concepts if each is not None for word in concept_words(each))
    return tuple(dict.fromkeys(word[:_LONGEST] for word in found))


def _fact(kind: FactKind, words: tuple[str, ...]) -> Fact:
    text = "; ".join(words)[:_LONGEST]
    return Fact(kind, text, Span(0, len(text)), words[0])
