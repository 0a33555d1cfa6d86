"""Which models there are, and how one is loaded."""

from __future__ import annotations

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.models.base import Model, ModelOptions, ModelSpec

DEFAULT_MODEL = "skeleton"


def specs(options: ModelOptions) -> tuple[ModelSpec, ...]:  # noqa: ARG001
    """The models that can be asked for; nothing is loaded."""
    return (_skeleton().spec,)


def load_model(model: str, options: ModelOptions) -> Model:
    """The model with the id ``model``, loaded; raises BadRequest for an id that is not listed."""
    if model == DEFAULT_MODEL:
        return _skeleton()
    known = ", ".join(spec.id for spec in specs(options))
    raise BadRequest("engine.unknown-model", model=model, known=known)


def _skeleton() -> Model:
    # Imported at the first job: the server's start does not pay for a model nobody asked yet.
    from doctorflan_ls.models.skeleton import SkeletonModel  # noqa: PLC0415

    return SkeletonModel()
