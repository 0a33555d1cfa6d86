"""A decoder spoilt by dynamic quantisation answers as its weights do once it is repaired."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnxruntime.quantization import quantize_dynamic
from test_export import ABOUT, kl
from tiny_decoders import Tiny, tiny, write_hf

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.export import export_hf, repair_dynamic
from doctorflan_ls.export.dynamic_graph import DynamicGraph, DynamicWeights
from doctorflan_ls.export.verify import GraphRunner

IDS = [5, 200, 17, 88, 3, 250, 41, 7, 99, 130, 2, 64]


def _dynamic(model: Tiny, folder: Path, **options: object) -> Path:
    """The model as torch's exporter and onnxruntime's dynamic quantisation leave it."""
    source = write_hf(model, folder)
    export_hf(source, folder.with_name("fp32"), quantisation="fp32", **ABOUT)
    graph = onnx.load(folder.with_name("fp32") / "model.onnx")
    for node in graph.graph.node:
        if node.op_type == "MatMul":
            node.name = f"/model/{node.input[1].removesuffix('.weight')}/MatMul".replace(
                ".self_attn.", "/self_attn/"
            ).replace(".mlp.", "/mlp/")
    names = {each.name: f"model.{each.name}" for each in graph.graph.initializer}
    for node in graph.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    for each in graph.graph.initializer:
        each.name = names[each.name]
    onnx.save(graph, folder / "float.onnx")
    more = {"DefaultTensorType": onnx.TensorProto.FLOAT}
    quantize_dynamic(folder / "float.onnx", folder / "model.onnx", extra_options=more, **options)
    for each in (*folder.glob("float.onnx"), *folder.glob("*.safetensors")):
        each.unlink()
    return folder


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory) -> Path:
    return _dynamic(tiny("qwen3", tied=False), tmp_path_factory.mktemp("spoilt") / "qwen3")


def _kinds(path: Path) -> set[str]:
    return {node.op_type for node in onnx.load(path, load_external_data=False).graph.node}


def _report(folder: Path) -> dict:
    return json.loads((folder / "export.json").read_text())


def test_known_architecture_is_written_anew(spoilt, tmp_path):
    made = repair_dynamic(spoilt, tmp_path / "out", verify=True, **ABOUT)
    model = tiny("qwen3", tied=False)
    # One scale for a whole matrix is itself coarse; what is repaired are the activations.
    before = kl(model.logits(IDS), GraphRunner(spoilt / "model.onnx").logits(IDS))
    after = kl(model.logits(IDS), GraphRunner(tmp_path / "out" / "model.onnx").logits(IDS))
    assert after < before
    assert "GatherBlockQuantized" in _kinds(tmp_path / "out" / "model.onnx")
    assert all(each["kl_mean"] < 0.002 for each in _report(tmp_path / "out")["figures"].values())
    assert made.quantisation == "int8"
    assert made.sample is not None


@pytest.mark.parametrize("reason", ["unknown family", "other sizes", "wrong rotation"])
def test_other_graphs_are_kept_and_their_products_replaced(reason, spoilt, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for each in spoilt.iterdir():
        (source / each.name).write_bytes(each.read_bytes())
    config = json.loads((source / "config.json").read_text())
    changes = {
        "unknown family": {"model_type": "unheard-of"},
        "other sizes": {"intermediate_size": 128},
        "wrong rotation": {"rope_theta": 3.0},
    }
    (source / "config.json").write_text(json.dumps(config | changes[reason]))
    repair_dynamic(source, tmp_path / "out", verify=True, **ABOUT)
    kinds = _kinds(tmp_path / "out" / "model.onnx")
    assert "MatMulNBits" in kinds
    assert kinds.isdisjoint({"MatMulInteger", "DynamicQuantizeLinear", "GatherBlockQuantized"})
    assert all(each["kl_mean"] < 0.002 for each in _report(tmp_path / "out")["figures"].values())


@pytest.mark.parametrize("per_channel", [False, True])
def test_weights_are_read_exactly(per_channel, tmp_path):
    model = tiny("qwen3", tied=False)
    source = _dynamic(model, tmp_path / "model", per_channel=per_channel)
    weights = DynamicWeights(DynamicGraph(source / "model.onnx"))
    for name, wanted in model.weights.items():
        found = weights.floats(name)
        bound = np.abs(wanted).max() / 120 if wanted.ndim == 2 else 0
        assert np.abs(found - wanted).max() <= bound, name


def test_nothing_to_repair(spoilt, tmp_path):
    source = write_hf(tiny("llama"), tmp_path / "hf")
    with pytest.raises(ModelUnavailable, match="found: 0"):
        repair_dynamic(source, tmp_path / "out", **ABOUT)
    export_hf(source, tmp_path / "fine", **ABOUT)
    with pytest.raises(ModelUnavailable, match="nothing to repair"):
        repair_dynamic(tmp_path / "fine", tmp_path / "out", **ABOUT)
    (tmp_path / "fine" / "model.onnx").write_bytes(b"\x08\xff\xff")
    with pytest.raises(ModelUnavailable, match="truncated or broken"):
        repair_dynamic(tmp_path / "fine", tmp_path / "out", **ABOUT)


@pytest.mark.parametrize("step", ["tokenizer", "reference", "layers"])
def test_interruption_leaves_nothing(step, spoilt, tmp_path):
    def stop(at, _part):
        if at == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        repair_dynamic(spoilt, tmp_path / "out", progress=stop, **ABOUT)
    assert list(tmp_path.iterdir()) == []
