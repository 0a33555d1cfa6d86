"""Reading an ONNX graph whose activations are quantised dynamically.

onnxruntime's dynamic quantisation turns each product into DynamicQuantizeLinear, MatMulInteger, a
cast and a multiplication by both scales, with one scale for a whole activation. A decoder's
activations have outliers, so this spoils its answers; the weights are sound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.export.blocks import BLOCK, Blocks, Bytes, Floats

_LAYER = re.compile(r"layers\.(\d+)[./](self_attn|mlp)[./](\w+_proj)/MatMul")


@dataclass(frozen=True, slots=True)
class Product:
    """One quantised product: its nodes, and the names of what goes in and comes out."""

    name: str
    nodes: tuple[Any, ...]
    left: str
    weight: str
    scale: str
    zero: str
    output: str


class DynamicGraph:
    """A graph and the quantised products in it. Raises ModelUnavailable where it has none."""

    def __init__(self, path: Path) -> None:
        import onnx  # noqa: PLC0415

        self.path = path
        try:
            self.model = onnx.load(path)
        except Exception as error:  # noqa: BLE001  (protobuf's own errors have no public base)
            kind = type(error).__name__
            raise ModelUnavailable("export.broken-file", at=path, problem=kind) from None
        graph = self.model.graph
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        self._makers = {output: node for node in graph.node for output in node.output}
        self._users: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                self._users.setdefault(name, []).append(node)
        self.products = [
            self._product(node) for node in graph.node if node.op_type == "MatMulInteger"
        ]
        if not self.products:
            raise ModelUnavailable("export.not-dynamic", at=path)

    def tensor(self, name: str) -> npt.NDArray[Any] | None:
        """A stored tensor, None where the graph has none of this name."""
        from onnx import numpy_helper  # noqa: PLC0415

        found = self._tensors.get(name)
        return None if found is None else np.asarray(numpy_helper.to_array(found))

    def stored(self, name: str) -> npt.NDArray[Any]:
        """A stored tensor. Raises ModelUnavailable where it is missing."""
        found = self.tensor(name)
        if found is None:
            raise ModelUnavailable("export.missing-tensor", name=name)
        return found

    def blocks(self, product: Product) -> Blocks:
        """The weights of a product, exactly: every block of a column has the column's scale."""
        zero = self.stored(product.zero) if product.zero else np.zeros((), np.uint8)
        return _as_blocks(self.stored(product.weight).T, self.stored(product.scale), zero)

    def _product(self, node: Any) -> Product:
        """The nodes around a MatMulInteger that make it a product of floats."""
        dynamic = self._makers.get(node.input[0])
        cast = self._only_user(node.output[0], "Cast")
        scaled = cast and self._only_user(cast.output[0], "Mul")
        if dynamic is None or dynamic.op_type != "DynamicQuantizeLinear" or scaled is None:
            raise ModelUnavailable("export.odd-product", at=self.path, name=node.name)
        scales = next(
            (
                self._makers[name]
                for name in scaled.input
                if name in self._makers and name != cast.output[0]
            ),
            None,
        )
        scale = next(
            (name for name in (scales.input if scales else ()) if name in self._tensors), ""
        )
        if not scale or node.input[1] not in self._tensors:
            raise ModelUnavailable("export.odd-product", at=self.path, name=node.name)
        zero = node.input[3] if len(node.input) > 3 else ""
        nodes = (node, cast, scaled)
        left = dynamic.input[0]
        return Product(node.name, nodes, left, node.input[1], scale, zero, scaled.output[0])

    def _only_user(self, name: str, kind: str) -> Any:
        users = self._users.get(name, [])
        return users[0] if len(users) == 1 and users[0].op_type == kind else None


def _as_blocks(rows: npt.NDArray[Any], scale: npt.NDArray[Any], zero: npt.NDArray[Any]) -> Blocks:
    """``rows`` are the integers, ``[rows, columns]``; one scale and zero for all, or one a row."""
    count, columns = rows.shape
    values, zeros = _unsigned(rows), _unsigned(zero)
    per_row = np.broadcast_to(zeros.reshape(-1), (count,))
    padding = -columns % BLOCK
    if padding:
        values = np.concatenate([values, np.repeat(per_row[:, None], padding, axis=1)], axis=1)
    shape = (count, values.shape[1] // BLOCK)
    scales = np.broadcast_to(scale.astype(np.float32).reshape(-1, 1), shape)
    spread = np.broadcast_to(per_row[:, None], shape)
    return Blocks(
        8,
        columns,
        np.ascontiguousarray(values).reshape(*shape, BLOCK),
        np.ascontiguousarray(scales),
        None if bool((spread == 128).all()) else np.ascontiguousarray(spread),
    )


def _unsigned(values: npt.NDArray[Any]) -> Bytes:
    if values.dtype == np.int8:
        moved: Bytes = values.view(np.uint8) ^ np.uint8(0x80)
        return moved
    return values.astype(np.uint8)


class DynamicWeights:
    """The weights of a graph by the names that transformers gives its modules."""

    def __init__(self, graph: DynamicGraph) -> None:
        self._graph = graph
        self._products: dict[str, Product] = {}
        for product in graph.products:
            found = _LAYER.search(product.name)
            if found:
                self._products["layers.{}.{}.{}.weight".format(*found.groups())] = product
            elif "lm_head" in product.name:
                self._products["lm_head.weight"] = product

    def has(self, name: str) -> bool:
        """True where the graph has weights of this name."""
        quantised = f"model.{name}_quantized"
        return name in self._products or any(
            self._graph.tensor(each) is not None for each in (f"model.{name}", quantised)
        )

    def floats(self, name: str) -> Floats:
        """A tensor as float32."""
        found = self.blocks(name)
        if found is not None:
            return found.floats()
        return self._graph.stored(f"model.{name}").astype(np.float32)

    def blocks(self, name: str) -> Blocks | None:
        """A matrix as it is stored: 8 bits, one scale for all or for a row."""
        if name in self._products:
            return self._graph.blocks(self._products[name])
        values = self._graph.tensor(f"model.{name}_quantized")
        if values is None:
            return None
        scale = self._graph.stored(f"model.{name}_scale")
        return _as_blocks(values, scale, self._graph.stored(f"model.{name}_zero_point"))
