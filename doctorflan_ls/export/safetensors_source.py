"""Reading a folder of safetensors files: only numbers, no code.

The format is 8 bytes with the length of a JSON header, the header, and the tensors; see the
safetensors documentation, "Format". The package's numpy reader knows no bfloat16, in which most
models are stored, so the tensors are mapped here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.export.blocks import Blocks, Floats

_DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
}
_MAX_HEADER = 100_000_000

# File, offset, type and shape.
_Entry = tuple[Path, int, str, tuple[int, ...]]


class SafetensorsWeights:
    """The tensors of every ``*.safetensors`` file of a folder."""

    def __init__(self, folder: Path) -> None:
        self._found: dict[str, _Entry] = {}
        for path in sorted(folder.glob("*.safetensors")):
            self._index(path)

    def has(self, name: str) -> bool:
        """True where the model has a tensor of this name."""
        return self._key(name) is not None

    def floats(self, name: str) -> Floats:
        """A tensor as float32."""
        key = self._key(name)
        if key is None:
            raise ModelUnavailable("export.missing-tensor", name=name)
        path, offset, dtype, shape = self._found[key]
        raw = np.memmap(path, _DTYPES[dtype], "r", offset, shape)
        # A bfloat16 is the upper half of a float32.
        whole = (raw.astype(np.uint32) << 16).view(np.float32) if dtype == "BF16" else raw
        return np.asarray(whole, np.float32)

    def blocks(self, name: str) -> Blocks | None:  # noqa: ARG002  (floats hold no blocks)
        """None: the weights are floats."""
        return None

    def _key(self, name: str) -> str | None:
        return next((key for key in (f"model.{name}", name) if key in self._found), None)

    def _index(self, path: Path) -> None:
        try:
            for name, entry in _entries(path):
                if entry[2] not in _DTYPES:
                    raise ModelUnavailable("export.bad-dtype", at=path, dtype=entry[2])
                self._found[name] = entry
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            kind = type(error).__name__
            raise ModelUnavailable("export.broken-file", at=path, problem=kind) from None


def _entries(path: Path) -> Iterator[tuple[str, _Entry]]:
    """The tensors of a file. Raises ValueError and its like where header and file disagree."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(size, _MAX_HEADER):
            raise ValueError(length)
        header: dict[str, Any] = json.loads(file.read(length))
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + int(each) for each in entry["data_offsets"])
        shape = tuple(int(each) for each in entry["shape"])
        dtype = str(entry["dtype"])
        width = _DTYPES[dtype].itemsize if dtype in _DTYPES else 0
        if not 8 + length <= begin <= end <= size or (
            width and math.prod(shape) * width != end - begin
        ):
            raise ValueError(name)
        yield name, (path, begin, dtype, shape)
