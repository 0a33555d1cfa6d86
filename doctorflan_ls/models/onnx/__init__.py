"""Language models exported to ONNX, run in this process by onnxruntime.

Nothing of the runtime is imported before ``load`` is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from doctorflan_ls.models.base import ChatModel, ModelOptions

if TYPE_CHECKING:
    from doctorflan_ls.models.folders.manifest import Manifest


def load(folder: Path, manifest: Manifest, options: ModelOptions) -> ChatModel:
    """The model of ``folder``, ready to answer. Raises ModelUnavailable, which says how to mend it.

    The files' hashes are not compared here: the store does that when a model is added.
    """
    from doctorflan_ls.models.onnx.model import load_model  # noqa: PLC0415

    return load_model(folder, manifest, options)


__all__ = ["load"]
