"""What a decoder's graph wants to be given and what it gives, told from the graph itself.

Exporters name and shape things differently (onnxruntime-genai's builder, optimum-onnx,
transformers' own, transformers.js), so nothing is assumed but what the tensors mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.onnx.files import Config
from doctorflan_ls.models.onnx.wire import Structure, Value

# Type numbers of ``onnx.proto`` and numpy's names.
TYPES = {1: "float32", 6: "int32", 7: "int64", 9: "bool", 10: "float16"}
_FLOATS = {1, 10}
_MAX_HEADS = 1024
_MAX_HEAD_SIZE = 4096
_MAX_VOCABULARY = 4_000_000
_WORDS = {"key": 0, "keys": 0, "k": 0, "value": 1, "values": 1, "v": 1}

Role = Literal[
    "input_ids", "attention_mask", "position_ids", "use_cache", "keep_logits", "past_length",
    "total_length", "cache_position", "seqlens_k",
]  # fmt: skip
_ROLES: dict[str, Role] = {
    "input_ids": "input_ids",
    "attention_mask": "attention_mask",
    "position_ids": "position_ids",
    "use_cache_branch": "use_cache",
    "num_logits_to_keep": "keep_logits",
    "logits_to_keep": "keep_logits",
    "past_sequence_length": "past_length",
    "past_seq_len": "past_length",
    "total_sequence_length": "total_length",
    "cache_position": "cache_position",
    "seqlens_k": "seqlens_k",
}
_MAX_RANK: dict[Role, int] = {"input_ids": 2, "attention_mask": 2, "position_ids": 2}


@dataclass(frozen=True, slots=True)
class Feed:
    """An input that is filled for each step; ``rank`` is its number of dimensions."""

    name: str
    dtype: str
    rank: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of the cache: the input that takes what was, the output that gives what is now.

    ``shape`` is that of an empty one; the length grows along ``axis``.
    """

    past: str
    present: str
    dtype: str
    shape: tuple[int, ...]
    axis: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How to drive a graph.

    ``shared`` is True where past and present may be one buffer of any length. ``last_only`` is
    True where logits come for the last position alone, whatever the number of tokens.
    """

    feeds: dict[Role, Feed]
    slots: tuple[Slot, ...]
    logits: str
    logits_dtype: str
    logits_rank: int
    vocabulary: int
    last_only: bool
    shared: bool


def read_layout(structure: Structure, config: Config, file: str) -> Layout:
    """The layout of a decoder's graph. Raises ModelUnavailable where it is none we can drive."""
    inputs = [value for value in structure.inputs if value.name not in structure.initialisers]
    feeds: dict[Role, Feed] = {}
    pasts: list[Value] = []
    for value in inputs:
        role = _ROLES.get(value.name)
        if role is not None and value.type in TYPES:
            if len(value.dims) > _MAX_RANK.get(role, 1):
                raise ModelUnavailable("onnx.input", file=file, input=value.name)
            feeds[role] = Feed(value.name, TYPES[value.type], len(value.dims))
        elif len(value.dims) >= 4 and value.type in _FLOATS:
            pasts.append(value)
        else:
            raise ModelUnavailable("onnx.input", file=file, input=_shown(value.name))
    if "input_ids" not in feeds:
        raise ModelUnavailable("onnx.no-tokens", file=file)
    logits = [value for value in structure.outputs if value.name == "logits"]
    if not logits or len(logits[0].dims) not in {2, 3} or logits[0].type not in _FLOATS:
        raise ModelUnavailable("onnx.no-logits", file=file)
    presents = [value for value in structure.outputs if len(value.dims) >= 4]
    if not pasts or len(pasts) != len(presents):
        raise ModelUnavailable("onnx.no-cache", file=file)
    slots = tuple(
        _slot(past, present, config, file)
        for past, present in zip(
            sorted(pasts, key=_order), sorted(presents, key=_order), strict=True
        )
    )
    grouped = ("com.microsoft", "GroupQueryAttention") in structure.operators
    return Layout(
        feeds=feeds,
        slots=slots,
        logits=logits[0].name,
        logits_dtype=TYPES[logits[0].type],
        logits_rank=len(logits[0].dims),
        vocabulary=_vocabulary(logits[0], config, file),
        last_only=_last_only(logits[0], feeds),
        shared=grouped and config.share_buffer is not False and all(s.axis == 2 for s in slots),
    )


def _order(value: Value) -> tuple[tuple[int, ...], int]:
    """Layer first, then key before value; sorts past and present alike whatever they are called.

    The last such word counts: the first ones are those of ``past_key_values``.
    """
    numbers = tuple(int(number) for number in re.findall(r"\d+", value.name))
    words = reversed(re.split(r"[^a-z]+", value.name.lower()))
    return numbers, next((_WORDS[word] for word in words if word in _WORDS), 0)


def _slot(past: Value, present: Value, config: Config, file: str) -> Slot:
    """The batch is the first dimension, the length the other one that varies."""
    if _order(past) != _order(present) or past.type != present.type or len(past.dims) != 4:
        raise ModelUnavailable("onnx.no-cache", file=file)
    batch, first, second, size = past.dims
    # (batch, heads, length, size) nearly everywhere; (batch, length, heads, size) in a few.
    axis = 1 if isinstance(first, str) and isinstance(second, int) else 2
    heads = second if axis == 1 else first
    heads = heads if isinstance(heads, int) else config.kv_heads
    size = size if isinstance(size, int) else config.head_size
    length = past.dims[axis]
    fixed = isinstance(length, int) or (isinstance(batch, int) and batch != 1)
    if fixed or not 0 < heads <= _MAX_HEADS or not 0 < size <= _MAX_HEAD_SIZE:
        raise ModelUnavailable("onnx.shape", file=file, input=_shown(past.name))
    shape = (1, 0, heads, size) if axis == 1 else (1, heads, 0, size)
    return Slot(past.name, present.name, TYPES[past.type], shape, axis)


def _vocabulary(logits: Value, config: Config, file: str) -> int:
    size = logits.dims[-1]
    size = size if isinstance(size, int) else config.vocabulary
    if not 0 < size <= _MAX_VOCABULARY:
        raise ModelUnavailable("onnx.shape", file=file, input=logits.name)
    return size


def _last_only(logits: Value, feeds: dict[Role, Feed]) -> bool:
    return len(logits.dims) == 2 or logits.dims[1] == 1 or "keep_logits" in feeds


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name[:60])


__all__ = ["Feed", "Layout", "Role", "Slot", "read_layout"]
