"""Resources of a prefetched value, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctorflan_cds_hooks.reading import Node
from doctorflan_cds_hooks.refusal import Refused

_MOST_ENTRIES = 500
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
# An absolute or relative reference, with or without a version.
_PATIENT = re.compile(r"(?:^|/)Patient/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$")


def fhir_id(node: Node) -> str:
    """A FHIR id; raises Refused (400) for another form."""
    text = node.text()
    if not _ID.fullmatch(text):
        raise Refused(400, "wanted-id", path=node.place)
    return text


def resources(node: Node | None, *types: str) -> Iterator[Node]:
    """The resources of ``types`` that are in ``node``: one resource, or a Bundle of them.

    Others (the OperationOutcome of a search, for one) are passed over. Raises Refused (400), also
    for a Bundle of more than five hundred.
    """
    if node is None:
        return
    kind = node.need("resourceType").text()
    if kind == "Bundle":
        if sum(1 for _ in node.each("entry")) > _MOST_ENTRIES:
            raise Refused(400, "too-many", path=f"{node.place}.entry", count=_MOST_ENTRIES)
        for entry in node.each("entry"):
            resource = entry.find("resource")
            if resource is not None and resource.need("resourceType").text() in types:
                yield resource
    elif kind in types:
        yield node


def check_patient(resource: Node, patient: str, member: str) -> None:
    """Raise Refused (400) where ``member`` of ``resource`` refers to another patient.

    A reference that names nobody (a contained or a logical one) is taken on trust.
    """
    subject = resource.find(member)
    if subject is None:
        return
    named = _PATIENT.search(subject.find_text("reference"))
    if named is not None and named[1] != patient:
        raise Refused(400, "other-patient", path=subject.place)


def concept_words(concept: Node) -> tuple[str, ...]:
    """The words of a CodeableConcept: its text, then what its codes are called."""
    words = [concept.find_text("text")]
    words += [coding.find_text("display") for coding in concept.each("coding")]
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


def has_code(concept: Node | None, *codes: str) -> bool:
    """True where a coding of the concept is one of ``codes``."""
    if concept is None:
        return False
    return any(coding.find_text("code") in codes for coding in concept.each("coding"))
