"""The safetensors of a folder, looked at before torch reads them.

The format: https://huggingface.co/docs/safetensors/index#format
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.folders.paths import is_pickle

_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
# The format's own bound on its header.
_MAX_HEADER = 100_000_000


@dataclass(frozen=True, slots=True)
class Weights:
    """How many parameters there are, and how many bytes they take on disk."""

    parameters: int
    size: int


def read_config(folder: Path) -> dict[str, object]:
    """The folder's ``config.json``. Raises ModelUnavailable."""
    path = folder / "config.json"
    if not path.is_file():
        raise ModelUnavailable("torch.missing", path=path)
    return _object(path)


def check_weights(folder: Path) -> Weights:
    """Raises ModelUnavailable where weights are missing, damaged, cut off or no safetensors."""
    if (folder / "adapter_config.json").exists():
        raise ModelUnavailable("torch.adapter", folder=folder)
    parts = [_part(path) for path in _paths(folder)]
    return Weights(sum(part.parameters for part in parts), sum(part.size for part in parts))


def _paths(folder: Path) -> list[Path]:
    index = folder / _INDEX
    if (folder / _WEIGHTS).is_file():
        return [folder / _WEIGHTS]
    if not index.is_file():
        if any(is_pickle(path.name) for path in folder.iterdir()):
            raise ModelUnavailable("torch.pickle", folder=folder)
        raise ModelUnavailable("torch.missing", path=folder / _WEIGHTS)
    named = _object(index).get("weight_map")
    names = set(named.values()) if isinstance(named, dict) else set()
    if not names or not all(_is_plain(name) for name in names):
        raise ModelUnavailable("torch.damaged", path=index)
    return [folder / str(name) for name in sorted(names)]


def _is_plain(name: object) -> bool:
    return isinstance(name, str) and Path(name).name == name and name.endswith(".safetensors")


def _part(path: Path) -> Weights:
    """The header of one file, held against the file's size."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > min(_MAX_HEADER, size):
                raise ModelUnavailable("torch.damaged", path=path)
            header = json.loads(file.read(length))
            entries = [value for key, value in header.items() if key != "__metadata__"]
            end = max((entry["data_offsets"][1] for entry in entries), default=0)
            parameters = sum(math.prod(entry["shape"]) for entry in entries)
    except FileNotFoundError:
        raise ModelUnavailable("torch.missing", path=path) from None
    except OSError as error:
        raise ModelUnavailable(
            "torch.unreadable", path=path, reason=error.strerror or type(error).__name__
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        raise ModelUnavailable("torch.damaged", path=path) from None
    if 8 + length + end > size:
        raise ModelUnavailable("torch.cut-off", path=path, size=size, expected=8 + length + end)
    return Weights(parameters, size)


def _object(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ModelUnavailable("torch.damaged", path=path)
    return value
