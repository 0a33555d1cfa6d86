"""Writing a decoder of the llama family as an ONNX graph of onnxruntime's fused operators.

The form is the one onnxruntime-genai's builder writes: `GroupQueryAttention` with packed queries,
keys and values, rotation inside, and a cache that may be one shared buffer; weights as
`MatMulNBits` in blocks of 32, multiplied in 8-bit integers (accuracy level 4). Different from the
builder's: everything after the last attention runs for the last position only, so ``logits`` are
``[batch, 1, vocabulary]``, and the embedding of a tied model is read from the output head's blocks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.export.api import Progress, Quantisation
from doctorflan_ls.export.blocks import BLOCK, Bits, Blocks, joined, quantised
from doctorflan_ls.export.graph_file import FUSED, MODEL_FILE, GraphFile
from doctorflan_ls.export.weights import Decoder

_BITS: dict[Quantisation, Bits | None] = {"int8": 8, "int4": 4, "fp32": None}


def write_graph(
    folder: Path,
    source: Decoder,
    quantisation: Quantisation,
    progress: Progress,
    *,
    last_only: bool = True,
) -> None:
    """Write ``model.onnx`` and its data file into ``folder``; one matrix at a time is in memory.

    Without ``last_only`` the logits are those after every token, to compare with. Raises
    ModelUnavailable where a weight is missing or has another size than the architecture's.
    """
    with GraphFile(folder / MODEL_FILE) as file:
        _Graph(file, source, quantisation, last_only=last_only).write(progress)


class _Graph:
    def __init__(
        self, file: GraphFile, source: Decoder, quantisation: Quantisation, *, last_only: bool
    ) -> None:
        self._file = file
        self._shape = source.architecture
        self._weights = source.weights
        self._last_only = last_only
        self._bits = _BITS[quantisation]
        self._stored: dict[str, tuple[dict[str, int], list[str]]] = {}

    def write(self, progress: Progress) -> None:
        shape = self._shape
        self._lengths()
        self._rotations()
        head = self._head()
        residual = self._embedded(head)
        normed = self._normed(residual, "layers.0.input_layernorm", "h0")
        for index in range(shape.layers):
            progress("layers", index / shape.layers)
            residual, normed = self._layer(index, residual, normed)
        self._multiply(normed, head, "logits")
        self._file.save(shape.family, self._inputs(), self._outputs())

    def _inputs(self) -> list[Any]:
        from onnx import TensorProto, helper  # noqa: PLC0415

        wanted = {"input_ids": "sequence_length", "attention_mask": "total_sequence_length"}
        caches = self._caches("past_key_values", "past_sequence_length")
        return [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch_size", length])
            for name, length in wanted.items()
        ] + caches

    def _outputs(self) -> list[Any]:
        from onnx import TensorProto, helper  # noqa: PLC0415

        length: str | int = 1 if self._last_only else "sequence_length"
        sizes: list[str | int | None] = ["batch_size", length, self._shape.vocabulary]
        logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, sizes)
        return [logits, *self._caches("present", "total_sequence_length")]

    def _caches(self, name: str, length: str) -> list[Any]:
        from onnx import TensorProto, helper  # noqa: PLC0415

        shape = self._shape
        sizes: list[str | int | None] = ["batch_size", shape.kv_heads, length, shape.head_size]
        return [
            helper.make_tensor_value_info(f"{name}.{index}.{part}", TensorProto.FLOAT, sizes)
            for index in range(shape.layers)
            for part in ("key", "value")
        ]

    def _lengths(self) -> None:
        """The two lengths that the attention wants: of the past with this step, less 1, and all."""
        self._file.constant("axis", np.array([1], np.int64))
        self._file.constant("one", np.array(1, np.int64))
        self._file.constant("last", np.array([-1], np.int64))
        self._file.node("ReduceSum", ["attention_mask", "axis"], ["mask_sum"], keepdims=0)
        self._file.node("Sub", ["mask_sum", "axis"], ["mask_last"])
        self._file.node("Cast", ["mask_last"], ["lengths"], to=6)
        self._file.node("Shape", ["attention_mask"], ["mask_shape"])
        self._file.node("Gather", ["mask_shape", "one"], ["mask_length"], axis=0)
        self._file.node("Cast", ["mask_length"], ["total"], to=6)

    def _rotations(self) -> None:
        positions = np.arange(self._shape.context, dtype=np.float64)
        angles = np.outer(positions, np.array(self._shape.frequencies))
        self._file.constant("cos", np.cos(angles).astype(np.float32))
        self._file.constant("sin", np.sin(angles).astype(np.float32))

    def _head(self) -> str:
        """Store the output head; a model without one of its own uses the embedding."""
        tied = not self._weights.has("lm_head.weight")
        sizes = (self._shape.vocabulary, self._shape.hidden)
        name = "embed_tokens" if tied else "lm_head"
        self._store([f"{name}.weight"], sizes, as_head=True)
        return f"{name}.weight"

    def _embedded(self, head: str) -> str:
        name, rows = "embed_tokens.weight", "embed_tokens.rows"
        if self._bits is None:
            if name == head:
                # A product's weights are columns; the rows of a tied head are turned when loaded.
                self._file.node("Transpose", [name], [rows], perm=[1, 0])
            else:
                rows = self._vector(name)
            self._file.node("Gather", [rows, "input_ids"], ["embedded"], axis=0)
            return "embedded"
        if name != head:
            self._store([name], (self._shape.vocabulary, self._shape.hidden), as_head=True)
        self._file.constant("flat", np.array([self._shape.vocabulary, -1], np.int64))
        self._file.node("Reshape", [f"{name}.q", "flat"], [rows])
        inputs = [rows, "input_ids", f"{name}.scales"]
        inputs += [each for each in self._stored[name][1][2:] if each]
        attributes = {"bits": 8, "block_size": BLOCK, "gather_axis": 0, "quantize_axis": 1}
        self._file.node("GatherBlockQuantized", inputs, ["embedded"], FUSED, **attributes)
        return "embedded"

    def _layer(self, index: int, residual: str, normed: str) -> tuple[str, str]:
        shape, at = self._shape, f"layers.{index}"
        attended = self._attention(index, normed)
        output = f"{at}.o"
        self._project(
            [f"{at}.self_attn.o_proj"],
            attended,
            output,
            (shape.hidden, shape.heads * shape.head_size),
        )
        last = index == shape.layers - 1
        if last and self._last_only:
            # Only the last position's logits are asked for, and nothing after looks back.
            for name in (residual, output):
                self._file.node("Gather", [name, "last"], [f"{name}.last"], axis=1)
            residual, output = f"{residual}.last", f"{output}.last"
        residual, normed = self._added(
            residual, output, f"{at}.post_attention_layernorm", f"{at}.m"
        )
        inner = (shape.inner, shape.hidden)
        self._project([f"{at}.mlp.gate_proj"], normed, f"{at}.gate", inner)
        self._project([f"{at}.mlp.up_proj"], normed, f"{at}.up", inner)
        # x * sigmoid(x) in one step.
        self._file.node("QuickGelu", [f"{at}.gate"], [f"{at}.silu"], FUSED, alpha=1.0)
        self._file.node("Mul", [f"{at}.silu", f"{at}.up"], [f"{at}.inner"])
        self._project([f"{at}.mlp.down_proj"], f"{at}.inner", f"{at}.down", inner[::-1])
        following = "norm" if last else f"layers.{index + 1}.input_layernorm"
        return self._added(residual, f"{at}.down", following, f"h{index + 1}")

    def _attention(self, index: int, normed: str) -> str:
        shape, at = self._shape, f"layers.{index}.self_attn"
        rows = [shape.heads * shape.head_size] + [shape.kv_heads * shape.head_size] * 2
        parts = [f"{at}.{part}_proj" for part in "qkv"]
        if shape.head_norm:
            for part, size in zip(parts, rows, strict=True):
                self._project([part], normed, part, (size, shape.hidden))
            inputs = [
                self._head_normed(parts[0], f"{at}.q_norm", rows[0]),
                self._head_normed(parts[1], f"{at}.k_norm", rows[1]),
                parts[2],
            ]
        else:
            self._project(parts, normed, f"{at}.qkv", (sum(rows), shape.hidden))
            inputs = [f"{at}.qkv", "", ""]
        cache = [f"past_key_values.{index}.{part}" for part in ("key", "value")]
        present = [f"present.{index}.{part}" for part in ("key", "value")]
        self._file.node(
            "GroupQueryAttention",
            [*inputs, *cache, "lengths", "total", "cos", "sin"],
            [f"{at}.out", *present],
            FUSED,
            num_heads=shape.heads,
            kv_num_heads=shape.kv_heads,
            scale=shape.head_size**-0.5,
            local_window_size=shape.window,
            do_rotary=1,
            rotary_interleaved=0,
        )
        return f"{at}.out"

    def _head_normed(self, name: str, norm: str, width: int) -> str:
        sizes = {f"{name}.split": [0, -1, self._shape.head_size], f"{name}.whole": [0, -1, width]}
        for constant, each in sizes.items():
            self._file.constant(constant, np.array(each, np.int64))
        self._file.node("Reshape", [name, f"{name}.split"], [f"{name}.heads"])
        normed = self._normed(f"{name}.heads", norm, f"{name}.scaled")
        self._file.node("Reshape", [normed, f"{name}.whole"], [f"{name}.normed"])
        return f"{name}.normed"

    def _normed(self, name: str, norm: str, output: str) -> str:
        weight = self._vector(f"{norm}.weight")
        self._file.node(
            "SimplifiedLayerNormalization",
            [name, weight],
            [output],
            axis=-1,
            epsilon=self._shape.epsilon,
            stash_type=1,
        )
        return output

    def _added(self, residual: str, name: str, norm: str, output: str) -> tuple[str, str]:
        weight = self._vector(f"{norm}.weight")
        total = f"{output}.residual"
        self._file.node(
            "SkipSimplifiedLayerNormalization",
            [residual, name, weight],
            [output, "", "", total],
            FUSED,
            epsilon=self._shape.epsilon,
        )
        return total, output

    def _project(self, parts: list[str], name: str, output: str, sizes: tuple[int, int]) -> None:
        matrix = self._store([f"{part}.weight" for part in parts], sizes)
        bias = ""
        if self._weights.has(f"{parts[0]}.bias"):
            bias = f"{matrix}.bias"
            values = [self._weights.floats(f"{part}.bias") for part in parts]
            self._file.constant(bias, np.concatenate(values))
        self._multiply(name, matrix, output, bias)

    def _multiply(self, name: str, matrix: str, output: str, bias: str = "") -> None:
        if self._bits is None:
            product = f"{output}.product" if bias else output
            self._file.node("MatMul", [name, matrix], [product])
            if bias:
                self._file.node("Add", [product, bias], [output])
            return
        attributes, inputs = self._stored[matrix]
        inputs = [name, *inputs, "", bias] if bias else [name, *(each for each in inputs if each)]
        self._file.node("MatMulNBits", inputs, [output], FUSED, **attributes)

    def _store(self, names: list[str], sizes: tuple[int, int], *, as_head: bool = False) -> str:
        """Store matrices over the same columns as one; returns the name to multiply by."""
        if self._bits is None:
            parts = [self._weights.floats(name) for name in names]
            whole = np.concatenate(parts)
            self._check(names[0], whole.shape, sizes)
            self._file.constant(names[0], np.ascontiguousarray(whole.T))
            return names[0]
        blocks = self._blocks(names, 8 if as_head else self._bits, least=8 if as_head else 4)
        self._check(names[0], (blocks.rows, blocks.columns), sizes)
        inputs = [f"{names[0]}.q", f"{names[0]}.scales", ""]
        self._file.constant(inputs[0], blocks.packed_values())
        self._file.constant(inputs[1], blocks.scales)
        zeros = blocks.packed_zeros()
        if zeros is not None:
            inputs[2] = f"{names[0]}.zeros"
            self._file.constant(inputs[2], zeros)
        attributes = {"K": sizes[1], "N": sizes[0], "bits": blocks.bits, "block_size": BLOCK}
        self._stored[names[0]] = (attributes | {"accuracy_level": 4}, inputs)
        return names[0]

    def _blocks(self, names: list[str], bits: Bits, least: int) -> Blocks:
        stored = [self._weights.blocks(name) for name in names]
        kept = [each for each in stored if each is not None and least <= each.bits <= bits]
        if len(kept) == len(names) and len({each.bits for each in kept}) == 1:
            return joined(kept)
        return joined([quantised(self._weights.floats(name), bits) for name in names])

    def _vector(self, name: str) -> str:
        self._file.constant(name, self._weights.floats(name))
        return name

    def _check(self, name: str, found: tuple[int, ...], wanted: tuple[int, int]) -> None:
        if found != wanted:
            raise ModelUnavailable("export.bad-size", name=name, found=found, wanted=wanted)
