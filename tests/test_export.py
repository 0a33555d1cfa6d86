"""Models exported from GGUF and safetensors answer as their sources do; bad input gets one line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from tiny_decoders import CONTEXT, VOCABULARY, tiny, write_gguf, write_hf

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.export import export_gguf, export_hf, repair_dynamic, verify
from doctorflan_ls.export.blocks import joined, quantised
from doctorflan_ls.export.gguf_source import GgufSource
from doctorflan_ls.export.tokenizer_files import _merges
from doctorflan_ls.export.verify import GraphRunner
from doctorflan_ls.models import onnx
from doctorflan_ls.models.base import Message, ModelOptions, Sampling, Stop
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.models.local.tokenizer import Tokenizer
from doctorflan_ls.tasks.model import Bilingual

ABOUT = {
    "id": "tiny",
    "version": "1",
    "licence": "MIT",
    "source_url": "made by a test",
    "languages": ("zh", "en"),
    "description": Bilingual("小", "tiny"),
    "limits": Bilingual("无用", "useless"),
}
IDS = [5, 200, 17, 88, 3, 250, 41, 7, 99, 130, 2, 64]
FAMILIES = [("llama", True), ("llama", False), ("mistral", True), ("qwen2", True), ("qwen3", False)]


def logits_of(folder: Path) -> np.ndarray:
    return GraphRunner(folder / "model.onnx").logits(IDS)


def kl(wanted: np.ndarray, found: np.ndarray) -> float:
    def logs(x):
        x = x - x.max(axis=-1, keepdims=True)
        return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))

    return float((np.exp(logs(wanted)) * (logs(wanted) - logs(found))).sum(axis=-1).mean())


@pytest.mark.parametrize(("family", "tied"), FAMILIES)
@pytest.mark.parametrize("form", ["gguf", "hf"])
def test_float_graph_is_the_model(family, tied, form, tmp_path):
    model = tiny(family, tied=tied)
    if form == "gguf":
        source = write_gguf(model, tmp_path / "tiny.gguf")
        made = export_gguf(source, tmp_path / "out", quantisation="fp32", **ABOUT)
    else:
        source = write_hf(model, tmp_path / "hf")
        made = export_hf(source, tmp_path / "out", quantisation="fp32", **ABOUT)
    assert np.allclose(logits_of(tmp_path / "out"), model.logits(IDS), atol=2e-4)
    assert (made.kind, made.context_length, made.quantisation) == ("onnx", CONTEXT, "fp32")
    assert made.sample is not None
    assert manifests.read(tmp_path / "out") == made


@pytest.mark.parametrize(("quantisation", "bound"), [("int8", 0.002), ("int4", 0.15)])
@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
def test_quantised_graph_stays_near(quantisation, bound, family, tmp_path):
    model = tiny(family)
    source = write_hf(model, tmp_path / "hf")
    export_hf(source, tmp_path / "out", quantisation=quantisation, **ABOUT)
    divergence = kl(model.logits(IDS), logits_of(tmp_path / "out"))
    assert 0 < divergence < bound


@pytest.mark.parametrize(("kind", "bits"), [("Q8_0", 8), ("Q4_0", 4)])
@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_blocks_are_carried_over_exactly(kind, bits, family, tmp_path):
    source = GgufSource(write_gguf(tiny(family), tmp_path / "tiny.gguf", kind))
    for part in ("self_attn.q_proj", "self_attn.v_proj", "mlp.down_proj"):
        blocks = source.blocks(f"layers.1.{part}.weight")
        assert blocks is not None
        assert blocks.bits == bits
        assert np.array_equal(blocks.floats(), source.floats(f"layers.1.{part}.weight"))


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0", "Q4_1", "F16", "BF16"])
def test_gguf_types(kind, tmp_path):
    """The quantised file's own weights are the measure, not those they were made from."""
    source = write_gguf(tiny("llama"), tmp_path / "tiny.gguf", kind)
    report = tmp_path / "out" / "export.json"
    export_gguf(source, tmp_path / "out", quantisation="int8", verify=True, **ABOUT)
    figures = json.loads(report.read_text())["figures"]
    assert set(figures) == {"zh", "en"}
    assert all(each["kl_mean"] < 0.005 for each in figures.values())


@pytest.mark.parametrize("bits", [4, 8])
def test_packed_blocks_are_what_is_multiplied(bits, tmp_path):
    """The graph multiplies by what ``Blocks.floats`` says, zero points and odd sizes included."""
    random = np.random.default_rng(1)
    parts = [random.standard_normal((rows, 96)).astype(np.float32) + 0.3 for rows in (5, 8)]
    blocks = joined([quantised(part, bits) for part in parts])
    tensors = {"b": blocks.packed_values(), "s": blocks.scales, "z": blocks.packed_zeros()}
    tensors = {name: each for name, each in tensors.items() if each is not None}
    sizes = {"K": 96, "N": 13, "bits": bits, "block_size": 32}
    node = helper.make_node("MatMulNBits", ["x", *tensors], ["y"], domain="com.microsoft", **sizes)
    ends = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", k])
        for n, k in (("x", 96), ("y", 13))
    ]
    constants = [numpy_helper.from_array(each, name) for name, each in tensors.items()]
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], constants)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    x = np.eye(96, dtype=np.float32)
    assert np.allclose(session.run(None, {"x": x})[0].T, blocks.floats(), atol=1e-5)
    assert np.abs(blocks.floats() - np.concatenate(parts)).max() < (0.35 if bits == 4 else 0.02)


def test_tokenizer_is_written_with_its_template(tmp_path):
    source = write_gguf(tiny("qwen2"), tmp_path / "tiny.gguf")
    made = export_gguf(source, tmp_path / "out", **ABOUT | {"licence": ""})
    tokenizer = Tokenizer.load(tmp_path / "out")
    ids = tokenizer.prompt_ids([Message("user", "心 a<|im_end|>")])
    assert VOCABULARY - 1 in tokenizer.end_ids
    # The message's own text never becomes the special token.
    assert ids.count(VOCABULARY - 1) == 1
    assert made.licence == "apache-2.0"


def test_sentencepiece_merges_follow_the_scores():
    vocabulary = {"a": 0, "b": 1, "c": 2, "bc": 3, "ab": 4, "abc": 5}
    merges = _merges(vocabulary, [0, 0, 0, -1.0, -2.0, -3.0])
    assert merges == [("b", "c"), ("a", "b"), ("a", "bc"), ("ab", "c")]


@pytest.mark.parametrize("step", ["tokenizer", "layers", "reference", "compare"])
@pytest.mark.parametrize("existing", [False, True])
def test_interruption_leaves_nothing(step, existing, tmp_path):
    source = write_gguf(tiny("llama"), tmp_path / "tiny.gguf")
    out = tmp_path / "models" / "out"
    if existing:
        out.mkdir(parents=True)
        (out / "old").write_text("old")

    def stop(at, _part):
        if at == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_gguf(source, out, verify=True, replace=True, progress=stop, **ABOUT)
    left = [each.relative_to(tmp_path).as_posix() for each in tmp_path.rglob("*") if each.is_file()]
    assert sorted(left) == (["models/out/old", "tiny.gguf"] if existing else ["tiny.gguf"])


def test_replace(tmp_path):
    source = write_gguf(tiny("llama"), tmp_path / "tiny.gguf")
    export_gguf(source, tmp_path / "out", **ABOUT)
    (tmp_path / "out" / "stray").write_text("x")
    with pytest.raises(ModelUnavailable, match="exists"):
        export_gguf(source, tmp_path / "out", **ABOUT)
    export_gguf(source, tmp_path / "out", replace=True, **ABOUT)
    assert not (tmp_path / "out" / "stray").exists()
    assert {each.name for each in tmp_path.iterdir()} == {"tiny.gguf", "out"}


def test_too_far_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(verify.BOUNDS, "int8", 0.0)
    source = write_gguf(tiny("llama"), tmp_path / "tiny.gguf")
    with pytest.raises(ModelUnavailable, match="departs too far"):
        export_gguf(source, tmp_path / "out", verify=True, **ABOUT)
    assert not (tmp_path / "out").exists()


def _edit_config(folder: Path, **changes: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


def _truncated(path: Path, size: int) -> Path:
    with path.open("r+b") as file:
        file.truncate(size)
    return path


def _without(folder: Path, pattern: str) -> Path:
    for each in folder.glob(pattern):
        each.unlink()
    return folder


def _pickled(folder: Path) -> Path:
    _without(folder, "*.safetensors")
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02.")
    return folder


BAD_FOLDERS = {
    "no config": (lambda f: _without(f, "config.json"), "has no config.json"),
    "config no JSON": (lambda f: (f / "config.json").write_text("{") and f, "truncated or broken"),
    "other family": (
        lambda f: _edit_config(f, model_type="gemma"),
        "gemma is not supported; supported: llama",
    ),
    "other activation": (lambda f: _edit_config(f, hidden_act="gelu"), "hidden_act = gelu"),
    "other rope": (
        lambda f: _edit_config(f, rope_scaling={"rope_type": "yarn"}),
        "rope_type = yarn",
    ),
    "quantised": (lambda f: _edit_config(f, quantization_config={"q": 1}), "quantization_config"),
    "no sizes": (lambda f: _edit_config(f, hidden_size=None, head_dim=None), "sizes are missing"),
    "other sizes": (lambda f: _edit_config(f, hidden_size=32), "has the size"),
    "more layers": (
        lambda f: _edit_config(f, num_hidden_layers=3),
        "layers.2.input_layernorm.weight are missing",
    ),
    "pickles": (_pickled, "are pickles only"),
    "no weights": (lambda f: _without(f, "*.safetensors"), "no .safetensors"),
    "half the weights": (lambda f: _without(f, "model-1*"), "are missing"),
    "truncated": (
        lambda f: _truncated(f / "model-0.safetensors", 20000).parent,
        "truncated or broken",
    ),
    "no header": (lambda f: _truncated(f / "model-0.safetensors", 4).parent, "truncated or broken"),
    "no tokenizer": (lambda f: _without(f, "tokenizer.json"), "no tokenizer.json"),
}


@pytest.mark.parametrize("case", BAD_FOLDERS)
def test_bad_folder_gets_one_line(case, tmp_path):
    spoil, wanted = BAD_FOLDERS[case]
    source = spoil(write_hf(tiny("llama"), tmp_path / "hf"))
    with pytest.raises(ModelUnavailable) as caught:
        export_hf(source, tmp_path / "out", **ABOUT)
    assert wanted in caught.value.user_message("en")
    assert "\n" not in caught.value.user_message("zh")
    assert {each.name for each in tmp_path.iterdir()} == {"hf"}


BAD_FILES = {
    "not GGUF": (lambda p: p.write_bytes(b"PK\x03\x04" * 99) and p, "not a GGUF"),
    "empty": (lambda p: _truncated(p, 0), "not a GGUF"),
    "cut in the header": (lambda p: _truncated(p, 300), "truncated or broken"),
    "cut in the tensors": (lambda p: _truncated(p, p.stat().st_size - 5000), "truncated or broken"),
    "unknown cut of text": (
        lambda p: write_gguf(tiny("qwen2"), p, pre="bloom"),
        "tokenizer.ggml.pre=bloom",
    ),
    "missing": (lambda p: p.with_name("none.gguf"), "No such file"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_file_gets_one_line(case, tmp_path):
    spoil, wanted = BAD_FILES[case]
    source = spoil(write_gguf(tiny("qwen2"), tmp_path / "tiny.gguf"))
    with pytest.raises(ModelUnavailable) as caught:
        export_gguf(source, tmp_path / "out", **ABOUT)
    assert wanted in caught.value.user_message("en")
    assert {each.name for each in tmp_path.iterdir()} == {"tiny.gguf"}


def test_full_disk(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    source = write_hf(tiny("llama"), tmp_path / "hf")
    with pytest.raises(ModelUnavailable, match="the disk has 0 left"):
        export_hf(source, tmp_path / "out", **ABOUT)


@pytest.mark.parametrize("run", [export_gguf, export_hf, repair_dynamic])
def test_missing_extra(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModelUnavailable, match=r"doctorflan-ls\[export\]"):
        run(tmp_path, tmp_path / "out", **ABOUT)


def test_nothing_heavy_is_imported():
    script = (
        "import sys, doctorflan_ls.export, doctorflan_ls.cli.export_command\n"
        "heavy = {'numpy', 'onnx', 'gguf', 'onnxruntime', 'torch', 'transformers'}\n"
        "print(heavy & set(sys.modules))"
    )
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
def test_against_transformers(family, tmp_path):
    pytest.importorskip("torch")
    source = write_hf(tiny(family), tmp_path / "hf")
    export_hf(source, tmp_path / "out", quantisation="fp32", verify=True, **ABOUT)
    report = json.loads((tmp_path / "out" / "export.json").read_text())
    assert report["reference"].startswith("torch")
    assert all(each["kl_mean"] < 1e-6 for each in report["figures"].values())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["smollm2-135m", "minimind2-small"])
def test_real_weights_say_what_they_said(name):
    folder = Path(os.environ.get("DOCTORFLAN_TEST_MODELS", "/nowhere")) / name
    if not folder.is_dir():
        pytest.skip("DOCTORFLAN_TEST_MODELS has no such model")
    manifest = manifests.read(folder)
    report = json.loads((folder / "export.json").read_text())
    chat = onnx.load(folder, manifest, ModelOptions())
    sample = manifest.sample
    stream = chat.stream([Message("user", sample.question)], Sampling(sample.max_tokens), Stop())
    assert "".join(stream) == sample.answer
    assert all(each["kl_mean"] < 0.03 for each in report["figures"].values())
