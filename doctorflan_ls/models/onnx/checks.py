"""What is refused before the runtime sees an ONNX file.

A file from elsewhere may name weights outside its folder, operators that need foreign code, or
shapes that do not fit its data; and a decoder may be quantised in a way that ruins what it writes.
"""

from __future__ import annotations

import math
from pathlib import Path

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.onnx.wire import EXTERNAL, Structure, Weights

_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft"}
_MAX_NAME = 60
# Bits of an element by the number of its type; types that are not listed count as one bit.
_BITS = {
    **dict.fromkeys((1, 6, 12), 32),
    **dict.fromkeys((7, 11, 13, 14), 64),
    **dict.fromkeys((2, 3, 9, 17, 18, 19, 20), 8),
    **dict.fromkeys((4, 5, 10, 16), 16),
    **dict.fromkeys((21, 22, 23), 4),
    15: 128,
}


def check_structure(structure: Structure, path: Path) -> set[Path]:
    """Refuse what must not be loaded; return the files beside ``path`` that hold its weights.

    Raises ModelUnavailable.
    """
    name = path.name
    for domain, operator in structure.operators - structure.functions:
        if domain not in _DOMAINS:
            raise ModelUnavailable("onnx.operator", file=name, operator=_shown(domain, operator))
    if ("", "DynamicQuantizeLinear") in structure.operators:
        # Measured on two decoders: the activations' one scale for a whole tensor costs a KL
        # divergence of 0.65 to 3.0 against float32; weight-only 8-bit blocks cost 0.001 to 0.006.
        raise ModelUnavailable("onnx.dynamic-int8", file=name)
    sizes: dict[str, int] = {}
    for weights in structure.weights:
        if any(length < 0 for length in weights.dims):
            raise ModelUnavailable("onnx.absurd", file=name)
        if weights.where == EXTERNAL or weights.external:
            held = _external(weights, path, sizes)
        else:
            held = weights.data
        if math.prod(weights.dims) * _BITS.get(weights.type, 1) > held * _slack(weights):
            raise ModelUnavailable("onnx.absurd", file=name)
    return {path.parent / location for location in sizes}


def _slack(weights: Weights) -> int:
    """Bits of elements that one byte of data may stand for.

    Small integers in the file's own fields are varints, two 4-bit ones to a varint.
    """
    return 8 if weights.where == EXTERNAL else 64


def _external(weights: Weights, path: Path, sizes: dict[str, int]) -> int:
    """How many bytes of its file are the tensor's."""
    location = weights.external.get("location", "")
    if location not in sizes:
        sizes[location] = _inside(location, path)
    try:
        offset = int(weights.external.get("offset", "0"))
        length = int(weights.external.get("length") or sizes[location] - offset)
    except ValueError:
        raise ModelUnavailable("onnx.broken", file=path.name) from None
    if offset < 0 or length < 0 or offset + length > sizes[location]:
        raise ModelUnavailable("onnx.cut-weights", file=location)
    return length


def _inside(location: str, path: Path) -> int:
    """The size of the file, which must lie in the graph's folder, links followed."""
    folder = path.parent.resolve()
    try:
        target = (folder / location).resolve()
        plain = not Path(location).is_absolute() and ".." not in Path(location).parts
        if not location or not plain or not target.is_relative_to(folder):
            raise ModelUnavailable("onnx.outside", file=path.name, location=_shown(location))
        if not target.is_file():
            raise ModelUnavailable("onnx.missing", file=_shown(location))
        return target.stat().st_size
    except (OSError, ValueError, RuntimeError):
        raise ModelUnavailable("onnx.outside", file=path.name, location=_shown(location)) from None


def _shown(*names: str) -> str:
    """Names out of a foreign file: one short printable line."""
    text = ".".join(name for name in names if name)[:_MAX_NAME]
    return "".join(char if char.isprintable() else "?" for char in text)


__all__ = ["check_structure"]
