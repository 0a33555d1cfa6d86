"""A call of a service, as its JSON body has it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from doctorflan_cds_hooks.catalogue import Service
from doctorflan_cds_hooks.fhir.resources import fhir_id
from doctorflan_cds_hooks.reading import Node
from doctorflan_cds_hooks.refusal import Refused
from doctorflan_ls.i18n import Locale

# Version and variant are left alone: some clients number their instances themselves.
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WITH_ENCOUNTER = frozenset(("encounter-start", "encounter-discharge"))


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked: of which service, on which hook, in which language, for whom.

    ``encounter`` is empty where the context names none. ``fhirServer`` and its token are not read:
    this service calls nobody.
    """

    service: Service
    hook: str
    locale: Locale
    patient: str
    encounter: str
    context: Node
    prefetch: Node | None


def read_call(service: Service, body: Node, locale: Locale) -> Call:
    """The call in ``body``; raises Refused (400)."""
    hook = body.need("hook").text()
    if hook not in service.hooks:
        raise Refused(400, "wrong-hook", known=", ".join(service.hooks))
    instance = body.need("hookInstance")
    if not UUID.fullmatch(instance.text()):
        raise Refused(400, "wanted-uuid", path=instance.place)
    context = body.need("context")
    encounter = context.find("encounterId")
    if encounter is None and hook in _WITH_ENCOUNTER:
        encounter = context.need("encounterId")
    return Call(
        service,
        hook,
        locale,
        fhir_id(context.need("patientId")),
        "" if encounter is None else fhir_id(encounter),
        context,
        body.find("prefetch"),
    )
