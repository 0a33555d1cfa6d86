"""Language models exported to ONNX, run in this process by onnxruntime.

Nothing of the runtime is imported before ``load`` is called.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import ChatModel, ModelOptions

if TYPE_CHECKING:
    from doctorflan_ls.models.folders.manifest import Manifest

# Address space that the libraries take when they are loaded, beside a model: 368 MiB at two cores,
# of which some 40 for each (a thread's stack and numpy's buffer for it).
_LIBRARIES_MIB = 320
_CORE_MIB = 48


def load(folder: Path, manifest: Manifest, options: ModelOptions) -> ChatModel:
    """The model of ``folder``, ready to answer. Raises ModelUnavailable, which says how to mend it.

    The files' hashes are not compared here: the store does that when a model is added.
    """
    _see_to_room(folder)
    try:
        from doctorflan_ls.models.onnx.model import load_model  # noqa: PLC0415

        return load_model(folder, manifest, options)
    except ModelUnavailable as error:
        raise _placed(error, folder) from None
    except ImportError as error:
        # What the system's loader says of a library for which there is no memory.
        if "map segment" in str(error) or "allocate memory" in str(error):
            raise ModelUnavailable("onnx.out-of-memory", file=folder) from None
        raise


def _see_to_room(folder: Path) -> None:
    """Raise ModelUnavailable where the runtime's libraries would find no room.

    They do not say so: numpy's algebra ends the process.
    """
    if "onnxruntime" in sys.modules:
        return
    from doctorflan_ls.models.local.memory import available_mib, can_map, cores  # noqa: PLC0415

    needs = _LIBRARIES_MIB + _CORE_MIB * cores()
    if not can_map(needs):
        raise ModelUnavailable("onnx.memory", file=folder, needs=needs, has=available_mib())


def _placed(error: ModelUnavailable, folder: Path) -> ModelUnavailable:
    """``error`` with the whole path of its file: every model's folder has a model.onnx."""
    file = error.fields.get("file")
    if not isinstance(file, str):
        return error
    return ModelUnavailable(error.key, **{**error.fields, "file": folder / file})


__all__ = ["load"]
