"""Reading a GGUF file: sizes, tensors and the tokenizer's tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.export.architecture import Architecture, check_family, plain_frequencies
from doctorflan_ls.export.blocks import Blocks, Bytes, Floats, Indices

_MAGIC = b"GGUF"
_LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_TOP = {"embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output"}


class GgufSource:
    """One GGUF file, mapped. Raises ModelUnavailable for anything that is not a whole one."""

    def __init__(self, path: Path) -> None:
        from gguf import GGUFReader  # noqa: PLC0415

        try:
            with path.open("rb") as file:
                magic = file.read(4)
        except OSError as error:
            problem = error.strerror or type(error).__name__
            raise ModelUnavailable("export.broken-file", at=path, problem=problem) from None
        if magic != _MAGIC:
            raise ModelUnavailable("export.not-gguf", at=path)
        try:
            self._reader = GGUFReader(path)
        except (ValueError, IndexError, KeyError, OverflowError, MemoryError) as error:
            problem = type(error).__name__
            raise ModelUnavailable("export.broken-file", at=path, problem=problem) from None
        self.path = path
        self._tensors = {tensor.name: tensor for tensor in self._reader.tensors}
        self.architecture = self._architecture()
        self._half_turned = self.field("general.architecture") == "llama"

    def field(self, name: str, default: object = None) -> Any:
        """A metadata value, or ``default``."""
        found = self._reader.get_field(name)
        try:
            return default if found is None else found.contents()
        except (ValueError, IndexError, KeyError, OverflowError) as error:
            # Texts are decoded only now.
            problem = type(error).__name__
            raise ModelUnavailable("export.broken-file", at=self.path, problem=problem) from None

    def types(self) -> dict[str, int]:
        """How many tensors there are of each storage type."""
        counts: dict[str, int] = {}
        for tensor in self._tensors.values():
            counts[tensor.tensor_type.name] = counts.get(tensor.tensor_type.name, 0) + 1
        return counts

    def has(self, name: str) -> bool:
        """True where the model has a tensor of this name."""
        return _gguf_name(name) in self._tensors

    def floats(self, name: str) -> Floats:
        """A tensor as float32."""
        from gguf.quants import dequantize  # noqa: PLC0415

        tensor = self._tensor(name)
        try:
            values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        except NotImplementedError:
            dtype = tensor.tensor_type.name
            raise ModelUnavailable("export.bad-dtype", at=self.path, dtype=dtype) from None
        rows = self._rows(name, int(values.shape[0]))
        return values if rows is None else values[rows]

    def blocks(self, name: str) -> Blocks | None:
        """The blocks of Q8_0 and Q4_0 as they are; the other types have no exact counterpart."""
        tensor = self._tensor(name)
        kind, columns = tensor.tensor_type.name, int(tensor.shape[0])
        if kind not in {"Q8_0", "Q4_0"}:
            return None
        width = 34 if kind == "Q8_0" else 18
        raw = np.ascontiguousarray(tensor.data).reshape(int(tensor.shape[1]), -1, width)
        scales = np.ascontiguousarray(raw[..., :2]).view(np.float16)[..., 0].astype(np.float32)
        values: Bytes = raw[..., 2:] ^ np.uint8(0x80)
        if kind == "Q4_0":
            values = np.concatenate([raw[..., 2:] & 15, raw[..., 2:] >> 4], axis=2)
        found = Blocks(8 if kind == "Q8_0" else 4, columns, values, scales)
        rows = self._rows(name, found.rows)
        return found if rows is None else found.taken(rows)

    def _tensor(self, name: str) -> Any:
        tensor = self._tensors.get(_gguf_name(name))
        if tensor is None:
            raise ModelUnavailable("export.missing-tensor", name=name)
        return tensor

    def _rows(self, name: str, rows: int) -> Indices | None:
        """The order of rows that undoes what the llama converter did to queries and keys.

        GGUF keeps the two halves of a head interleaved; the rotation here wants them side by side.
        """
        if not self._half_turned or (".q_proj." not in name and ".k_proj." not in name):
            return None
        heads = self.architecture.heads if ".q_proj." in name else self.architecture.kv_heads
        order = np.arange(rows, dtype=np.int64).reshape(heads, -1, 2)
        return order.swapaxes(1, 2).reshape(-1)

    def _architecture(self) -> Architecture:
        family = check_family(str(self.field("general.architecture")), self.path)
        try:
            return self._sizes(family)
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise ModelUnavailable(
                "export.bad-config", name=self.path, problem=repr(error)
            ) from None

    def _sizes(self, family: str) -> Architecture:
        def size(name: str, default: object = None) -> int:
            return int(self.field(f"{family}.{name}", default))

        heads, hidden = size("attention.head_count"), size("embedding_length")
        head_size = size("attention.key_length", hidden // heads)
        if size("rope.dimension_count", head_size) != head_size or size("expert_count", 0):
            raise ModelUnavailable("export.variant", name=self.path, what="rope, expert_count")
        scaling = str(self.field(f"{family}.rope.scaling.type", "none"))
        factor = float(self.field(f"{family}.rope.scaling.factor", 1.0))
        if scaling not in {"none", "linear"}:
            raise ModelUnavailable("export.variant", name=self.path, what=f"rope {scaling}")
        base = float(self.field(f"{family}.rope.freq_base", 10000.0))
        frequencies = plain_frequencies(base, head_size)
        stretch = self._tensors.get("rope_freqs.weight")
        if stretch is not None:
            frequencies = tuple(
                each / float(by) for each, by in zip(frequencies, stretch.data, strict=True)
            )
        elif scaling == "linear":
            frequencies = tuple(each / factor for each in frequencies)
        return Architecture(
            family=family,
            layers=size("block_count"),
            hidden=hidden,
            inner=size("feed_forward_length"),
            heads=heads,
            kv_heads=size("attention.head_count_kv", heads),
            head_size=head_size,
            vocabulary=len(self.field("tokenizer.ggml.tokens", ())),
            context=size("context_length"),
            epsilon=float(self.field(f"{family}.attention.layer_norm_rms_epsilon")),
            frequencies=frequencies,
            head_norm=family == "qwen3",
        )


def _gguf_name(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    if stem in _TOP:
        return f"{_TOP[stem]}.{kind}"
    _, number, inner = stem.split(".", 2)
    return f"blk.{number}.{_LAYER[inner]}.{kind}"
