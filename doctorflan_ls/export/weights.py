"""Where a graph's weights come from: one protocol for GGUF, safetensors and ONNX sources.

Names are those of the llama family without the ``model.`` prefix: ``embed_tokens``, ``norm``,
``lm_head``, ``layers.N.self_attn.q_proj``, each followed by ``.weight`` or ``.bias``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from doctorflan_ls.export.architecture import Architecture
from doctorflan_ls.export.blocks import Blocks, Floats


class Weights(Protocol):
    """A model's tensors, read when asked for and not kept."""

    def has(self, name: str) -> bool:
        """True where the model has a tensor of this name."""

    def floats(self, name: str) -> Floats:
        """A tensor as float32. Raises ModelUnavailable where it is missing or broken."""

    def blocks(self, name: str) -> Blocks | None:
        """A matrix as it is stored, where it is stored in blocks that can be kept exactly."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """A model as a source has it: its sizes and its weights."""

    architecture: Architecture
    weights: Weights
