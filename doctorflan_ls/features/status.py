"""How the server is doing, for clients that draw a panel: ``doctorflan/status``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from doctorflan_ls import __version__
from doctorflan_ls.models.base import ModelSpec


@dataclass(frozen=True, slots=True)
class Running:
    """How a model that was asked for is doing; ``failure`` is a line for the user or empty."""

    state: str
    waiting: int = 0
    hung: int = 0
    load_seconds: float = 0.0
    failure: str = ""


_UNUSED = Running("unloaded")


def status(
    models: Iterable[ModelSpec],
    running: Mapping[str, Running],
    broken: Mapping[str, str],
    hosts: Iterable[str],
) -> dict[str, object]:
    """The server's version, each model and how it is doing, and where text may be sent to.

    ``running`` is keyed by model id; a model that it lacks was not asked for. ``broken`` says why
    a model is not listed, by its name. ``hosts`` are those that the user allows.
    """
    listed = tuple(models)
    return {
        "version": __version__,
        "models": [_model(spec, running.get(spec.id, _UNUSED)) for spec in listed],
        "broken": [{"name": name, "reason": reason} for name, reason in broken.items()],
        "network": _reached(listed, hosts) or "off",
    }


def _model(spec: ModelSpec, running: Running) -> dict[str, object]:
    return {
        "id": spec.id,
        "version": spec.version,
        "kind": spec.kind,
        "languages": list(spec.languages),
        "licence": spec.licence,
        "tasks": list(spec.tasks),
        "context_length": spec.context_length,
        "digest": spec.digest,
        "host": spec.host,
        "state": running.state,
        "waiting": running.waiting,
        "hung": running.hung,
        "load_seconds": round(running.load_seconds, 3),
        "failure": running.failure,
    }


def _reached(models: Iterable[ModelSpec], hosts: Iterable[str]) -> list[str]:
    """Where the models may send a note's text: their hosts, as far as the user allows them."""
    allowed = {each.casefold() for each in hosts}
    wanted = {spec.host.casefold() for spec in models if spec.host}
    return sorted(host for host in wanted if host in allowed or host.rpartition(":")[0] in allowed)
