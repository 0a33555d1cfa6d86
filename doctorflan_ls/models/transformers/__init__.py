"""Language models as local safetensors, run by torch (extra ``[torch]``)."""

from __future__ import annotations

from pathlib import Path

from doctorflan_ls.models.base import ChatModel, ModelOptions
from doctorflan_ls.models.folders.manifest import Manifest


def load(folder: Path, manifest: Manifest, options: ModelOptions) -> ChatModel:
    """Load the model of ``folder``. Raises ModelUnavailable.

    Nothing but the files of the folder is read, no code of it is run, and no network is used.
    """
    from doctorflan_ls.models.transformers.loading import load_chat  # noqa: PLC0415

    return load_chat(folder, manifest, options)
