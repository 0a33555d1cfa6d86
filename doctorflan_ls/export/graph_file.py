"""An ONNX file whose large tensors lie in a second file beside it, as they are written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

MODEL_FILE = "model.onnx"
# The domain of onnxruntime's own operators.
FUSED = "com.microsoft"
# What onnxruntime 1.20 and its fused operators agree on.
_OPSET = 21
_IR_VERSION = 10
_INLINE_BYTES = 4096
# Pages of the data file are mapped, not read.
_ALIGNMENT = 4096


class GraphFile:
    """A graph in the making; nothing but small tensors is kept in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data_path = path.with_name(f"{path.name}.data")
        self._data = self._data_path.open("wb")
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._data.close()

    def constant(self, name: str, values: npt.NDArray[Any]) -> None:
        """Store a tensor of float32, uint8 or, where it is small, of any type."""
        from onnx import TensorProto, numpy_helper  # noqa: PLC0415

        if values.nbytes <= _INLINE_BYTES:
            self._constants.append(numpy_helper.from_array(values, name))
            return
        offset = self._data.seek(-self._data.tell() % _ALIGNMENT, 1)
        self._data.write(np.ascontiguousarray(values).data)
        kind = TensorProto.FLOAT if values.dtype == np.float32 else TensorProto.UINT8
        tensor = TensorProto(name=name, data_type=kind, dims=values.shape)
        tensor.data_location = TensorProto.EXTERNAL
        place = {"location": self._data_path.name, "offset": offset, "length": values.nbytes}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        self._constants.append(tensor)

    def node(
        self,
        kind: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        domain: str = "",
        **attributes: Any,
    ) -> None:
        """Add an operator; those that make its inputs must have been added before."""
        from onnx import helper  # noqa: PLC0415

        name = f"{outputs[0]}/{kind}"
        self._nodes.append(
            helper.make_node(kind, inputs, outputs, name=name, domain=domain, **attributes)
        )

    def save(self, name: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Write the graph itself."""
        import onnx  # noqa: PLC0415
        from onnx import helper  # noqa: PLC0415

        graph = helper.make_graph(self._nodes, name, inputs, outputs, self._constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(FUSED, 1)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="doctorflan-ls"
        )
        onnx.save(model, self._path)
