"""Repairing a dynamically quantised decoder: the same weights, with activations left alone."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.export.api import About, How, Progress, quiet
from doctorflan_ls.export.architecture import from_config
from doctorflan_ls.export.blocks import BLOCK, Blocks
from doctorflan_ls.export.build import Report, finish, read_config
from doctorflan_ls.export.dynamic_graph import DynamicGraph, DynamicWeights, Product
from doctorflan_ls.export.folder import staged
from doctorflan_ls.export.graph import write_graph
from doctorflan_ls.export.graph_file import FUSED, MODEL_FILE
from doctorflan_ls.export.tokenizer_files import copy_tokenizer
from doctorflan_ls.export.verify import Figures, GraphRunner, check, compared
from doctorflan_ls.export.weights import Decoder
from doctorflan_ls.models.folders.manifest import Manifest

_COPIED = ("config.json",)


def repaired(source: Path, out: Path, about: About, how: How) -> Manifest:
    """See `doctorflan_ls.export.repair_dynamic`."""
    started = time.perf_counter()
    graph = DynamicGraph(find_graph(source))
    config = read_config(source)
    with staged(out, needed=4 * graph.path.stat().st_size, replace=how.replace) as stage:
        how.progress("tokenizer", 0)
        copy_tokenizer(source, stage)
        for name in _COPIED:
            shutil.copyfile(source / name, stage / name)
        reference, figures = _write_best(graph, config, stage, about, how.progress)
        if how.verify:
            check(figures, how.quantisation)
        context = int(config.get("max_position_embeddings", 0))
        return finish(stage, about, how, context, Report(started, reference, figures))


def _write_best(
    graph: DynamicGraph, config: dict[str, Any], stage: Path, about: About, progress: Progress
) -> tuple[str, dict[str, Figures]]:
    """Write the fused graph where it can be trusted, else the old one with its products repaired.

    The reference is the old graph with the same weights as floats: only the activations differ.
    """
    path, tokenizer = stage / MODEL_FILE, stage / "tokenizer.json"
    with tempfile.TemporaryDirectory(dir=stage) as spare:
        progress("reference", 0)
        floats = Path(spare, MODEL_FILE)
        write_repaired(graph, floats, quiet, floats=True)
        reference = GraphRunner(floats, "the source's weights without quantised activations")
        try:
            shape = from_config(config, graph.path)
            write_graph(stage, Decoder(shape, DynamicWeights(graph)), "int8", progress)
            figures = compared(reference, GraphRunner(path), tokenizer, about.languages)
            check(figures, "int8")
        except ModelUnavailable:
            for each in stage.glob(f"{MODEL_FILE}*"):
                each.unlink()
            write_repaired(graph, path, progress)
            figures = compared(reference, GraphRunner(path), tokenizer, about.languages)
        return reference.name, figures


def find_graph(source: Path) -> Path:
    """The one graph of a folder. Raises ModelUnavailable where there is none, or several."""
    if source.is_file():
        return source
    found = sorted([*source.glob("*.onnx"), *source.glob("onnx/*.onnx")])
    if len(found) != 1:
        raise ModelUnavailable("export.which-graph", folder=source, count=len(found))
    return found[0]


def write_repaired(
    graph: DynamicGraph, path: Path, progress: Progress, *, floats: bool = False
) -> None:
    """Write the same graph with every quantised product as weight-only 8-bit blocks.

    With ``floats`` the weights become float32, to compare with.
    """
    import onnx  # noqa: PLC0415
    from onnx import numpy_helper  # noqa: PLC0415

    model = onnx.ModelProto()
    model.CopyFrom(graph.model)
    replaced: dict[str, Any] = {}
    stored: set[str] = set()
    for index, product in enumerate(graph.products):
        progress("products", index / len(graph.products))
        node, tensors = _product(product, graph.blocks(product), floats=floats)
        model.graph.initializer.extend(
            numpy_helper.from_array(tensor, name)
            for name, tensor in tensors.items()
            if name not in stored
        )
        stored.update(tensors)
        replaced[product.nodes[0].output[0]] = node
        for node in product.nodes[1:]:
            replaced[node.output[0]] = None
    nodes = [replaced.get(node.output[0], node) for node in model.graph.node]
    _keep_used(model, [node for node in nodes if node is not None])
    if not any(opset.domain == FUSED for opset in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid(FUSED, 1))
    onnx.save(model, path)


def _product(product: Product, blocks: Blocks, *, floats: bool) -> tuple[Any, dict[str, Any]]:
    """The node that stands for a quantised product, and its tensors by name."""
    from onnx import helper  # noqa: PLC0415

    name = product.weight
    if floats:
        tensors: dict[str, Any] = {f"{name}.floats": blocks.floats().T.copy()}
        inputs = [product.left, *tensors]
        return helper.make_node("MatMul", inputs, [product.output], name=product.name), tensors
    tensors = {f"{name}.blocks": blocks.packed_values(), f"{name}.scales": blocks.scales}
    zeros = blocks.packed_zeros()
    if zeros is not None:
        tensors[f"{name}.zeros"] = zeros
    node = helper.make_node(
        "MatMulNBits",
        [product.left, *tensors],
        [product.output],
        name=product.name,
        domain=FUSED,
        K=blocks.columns,
        N=blocks.rows,
        bits=blocks.bits,
        block_size=BLOCK,
        accuracy_level=4,
    )
    return node, tensors


def _keep_used(model: Any, nodes: list[Any]) -> None:
    """Leave only what the outputs need: the quantisation of activations falls away."""
    wanted = {output.name for output in model.graph.output}
    kept = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(_read_by(node))
            kept.append(node)
    tensors = [tensor for tensor in model.graph.initializer if tensor.name in wanted]
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))
    del model.graph.initializer[:]
    model.graph.initializer.extend(tensors)


def _read_by(node: Any) -> set[str]:
    """What a node reads, its inner graphs' nodes included."""
    inner = (each.g.node for each in node.attribute if each.HasField("g"))
    return set(node.input).union(*(_read_by(each) for nodes in inner for each in nodes))
