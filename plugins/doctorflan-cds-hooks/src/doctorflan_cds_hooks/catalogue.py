"""The services as ``data/services.toml`` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from doctorflan_cds_hooks.refusal import Refused
from doctorflan_cds_hooks.wording import bilingual, data
from doctorflan_ls.i18n import Locale
from doctorflan_ls.tasks.model import Bilingual


@dataclass(frozen=True, slots=True)
class Service:
    """One service. ``hooks`` are its hooks, each with its prefetch templates by key.

    ``answers`` names the module of ``answers`` that makes its cards, ``tasks`` the tasks offered by
    hook, ``reasons`` the codes of its override reasons.
    """

    id: str
    answers: str
    title: Bilingual
    description: Bilingual
    hooks: Mapping[str, Mapping[str, str]]
    reasons: tuple[str, ...]
    tasks: Mapping[str, tuple[str, ...]]


@cache
def services() -> Mapping[str, Service]:
    """All services by id."""
    rows = data("services")["service"]
    found = (
        Service(
            row["id"],
            row["answers"],
            bilingual(row["title"]),
            bilingual(row["description"]),
            row["hooks"],
            tuple(row["reasons"]),
            {hook: tuple(tasks) for hook, tasks in row.get("tasks", {}).items()},
        )
        for row in rows
    )
    return {service.id: service for service in found}


def service_named(service_id: str) -> Service:
    """The service; raises Refused (404) that names those there are."""
    known = services()
    if service_id not in known:
        raise Refused(404, "no-service", known=", ".join(known))
    return known[service_id]


def discovery(locale: Locale) -> dict[str, object]:
    """What ``GET /cds-services`` answers."""
    return {
        "services": [
            {
                "hook": hook,
                "id": service.id,
                "title": service.title.in_(locale),
                "description": service.description.in_(locale),
                "prefetch": dict(prefetch),
            }
            for service in services().values()
            for hook, prefetch in service.hooks.items()
        ]
    }
