"""How the server is doing, for clients that draw a panel: ``doctorflan/status``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from doctorflan_ls import __version__
from doctorflan_ls.models.base import ModelSpec


def status(models: Iterable[ModelSpec], states: Mapping[str, str]) -> dict[str, object]:
    """The server's version and each model with its state (``unloaded`` where ``states`` has none).

    ``states`` is keyed by model id, from ``Engine.status``.
    """
    return {
        "version": __version__,
        "models": [
            {
                "id": spec.id,
                "version": spec.version,
                "kind": spec.kind,
                "languages": list(spec.languages),
                "licence": spec.licence,
                "state": states.get(spec.id, "unloaded"),
            }
            for spec in models
        ],
    }
