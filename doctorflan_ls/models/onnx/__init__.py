"""Language models exported to ONNX, run in this process by onnxruntime.

Nothing of the runtime is imported before ``load`` is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import ChatModel, ModelOptions

if TYPE_CHECKING:
    from doctorflan_ls.models.folders.manifest import Manifest


def load(folder: Path, manifest: Manifest, options: ModelOptions) -> ChatModel:
    """The model of ``folder``, ready to answer. Raises ModelUnavailable, which says how to mend it.

    The files' hashes are not compared here: the store does that when a model is added.
    """
    from doctorflan_ls.models.onnx.model import load_model  # noqa: PLC0415

    try:
        return load_model(folder, manifest, options)
    except ModelUnavailable as error:
        raise _placed(error, folder) from None


def _placed(error: ModelUnavailable, folder: Path) -> ModelUnavailable:
    """``error`` with the whole path of its file: every model's folder has a model.onnx."""
    file = error.fields.get("file")
    if not isinstance(file, str):
        return error
    return ModelUnavailable(error.key, **{**error.fields, "file": folder / file})


__all__ = ["load"]
