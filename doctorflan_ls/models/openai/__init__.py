"""Language models on any server with an OpenAI-compatible chat interface."""

from __future__ import annotations

from pathlib import Path

from doctorflan_ls.models.base import ChatModel, ModelOptions
from doctorflan_ls.models.folders.manifest import Manifest


def load(folder: Path, manifest: Manifest, options: ModelOptions) -> ChatModel:
    """The model that the server of ``manifest.url`` knows as ``manifest.model``.

    Nothing is sent before the first answer is asked for. Raises ModelUnavailable where
    ``options.hosts`` does not name the server, or the key is not where the manifest says.
    """
    from doctorflan_ls.models.openai.chat import load_chat  # noqa: PLC0415

    return load_chat(folder, manifest, options)
