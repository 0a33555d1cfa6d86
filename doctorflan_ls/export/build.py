"""From a source to a whole model folder: tokenizer, graph, verification, manifest."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.export.api import PACKAGES, About, How, quiet
from doctorflan_ls.export.architecture import Architecture, from_config
from doctorflan_ls.export.folder import staged
from doctorflan_ls.export.gguf_source import GgufSource
from doctorflan_ls.export.graph import write_graph
from doctorflan_ls.export.graph_file import MODEL_FILE
from doctorflan_ls.export.safetensors_source import SafetensorsWeights
from doctorflan_ls.export.tokenizer_files import copy_tokenizer, write_tokenizer
from doctorflan_ls.export.verify import (
    Figures,
    GraphRunner,
    LlamaReference,
    Reference,
    TorchReference,
    check,
    compared,
    installed,
)
from doctorflan_ls.export.weights import Decoder
from doctorflan_ls.models import onnx
from doctorflan_ls.models.base import Message, ModelOptions, Sampling, Stop
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.models.folders.manifest import Manifest, Sample

REPORT_FILE = "export.json"
# What a value takes on disk, scales included.
_BYTES = {"int8": 1.2, "int4": 0.9, "fp32": 4.1}
_QUESTIONS = {"zh": "感冒了应该怎么办？", "en": "What helps against a common cold?"}
_SAMPLE_TOKENS = 48


def from_gguf(source: Path, out: Path, about: About, how: How) -> Manifest:
    """See `doctorflan_ls.export.export_gguf`."""
    reader = GgufSource(source)
    licence = about.licence or str(reader.field("general.license", ""))
    about = dataclasses.replace(about, licence=licence)
    found = _Source(
        Decoder(reader.architecture, reader),
        lambda folder: write_tokenizer(reader, folder),
        lambda: _gguf_reference(source),
    )
    return _export(found, out, about, how)


def from_hf(source: Path, out: Path, about: About, how: How) -> Manifest:
    """See `doctorflan_ls.export.export_hf`."""
    shape = from_config(read_config(source), source / "config.json")
    if not any(source.glob("*.safetensors")):
        pickled = any(source.glob("*.bin")) or any(source.glob("*.pt*"))
        raise ModelUnavailable("export.pickle" if pickled else "export.no-weights", folder=source)
    found = _Source(
        Decoder(shape, SafetensorsWeights(source)),
        lambda folder: copy_tokenizer(source, folder),
        lambda: _hf_reference(source),
    )
    return _export(found, out, about, how)


def read_config(folder: Path) -> dict[str, Any]:
    """The ``config.json`` of a Hugging Face folder. Raises ModelUnavailable."""
    path = folder / "config.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelUnavailable("export.no-config", folder=folder) from None
    except (OSError, ValueError) as error:
        kind = type(error).__name__
        raise ModelUnavailable("export.broken-file", at=path, problem=kind) from None
    if not isinstance(found, dict):
        raise ModelUnavailable("export.broken-file", at=path, problem="list")
    return found


@dataclass(frozen=True, slots=True)
class _Source:
    decoder: Decoder
    write_tokenizer: Callable[[Path], None]
    reference: Callable[[], Reference | None]


def _export(source: _Source, out: Path, about: About, how: How) -> Manifest:
    started = time.perf_counter()
    shape = source.decoder.architecture
    with staged(out, needed=_needed(shape, how.quantisation), replace=how.replace) as stage:
        how.progress("tokenizer", 0)
        source.write_tokenizer(stage)
        write_graph(stage, source.decoder, how.quantisation, how.progress)
        _write_config(stage, shape)
        report = Report(started)
        if how.verify:
            report = _verified(source, stage, about, how, started)
        return finish(stage, about, how, shape.context, report)


@dataclass(frozen=True, slots=True)
class Report:
    """How an export went. ``started`` is an instant of `time.perf_counter`.

    ``reference`` names what the model was held against, empty where it was not; ``figures`` say by
    language how far it departs.
    """

    started: float
    reference: str = ""
    figures: dict[str, Figures] = field(default_factory=dict)


def _verified(source: _Source, stage: Path, about: About, how: How, started: float) -> Report:
    how.progress("reference", 0)
    reference = source.reference()
    with tempfile.TemporaryDirectory(dir=stage) as spare:
        if reference is None:
            write_graph(Path(spare), source.decoder, "fp32", quiet, last_only=False)
            reference = GraphRunner(Path(spare, MODEL_FILE), "the same graph in float32")
        how.progress("compare", 0)
        graph = GraphRunner(stage / MODEL_FILE)
        figures = compared(reference, graph, stage / "tokenizer.json", about.languages)
        check(figures, how.quantisation)
        return Report(started, reference.name, figures)


def _gguf_reference(source: Path) -> Reference | None:
    found = _torch_reference(source.parent, source.name)
    if found is None and installed("llama_cpp"):
        return LlamaReference(source)
    return found


def _hf_reference(source: Path) -> Reference | None:
    return _torch_reference(source)


def _torch_reference(folder: Path, gguf_file: str = "") -> Reference | None:
    """None where torch is not here or cannot load it: the report says what was taken instead."""
    if not installed("torch", "transformers"):
        return None
    try:
        return TorchReference(folder, gguf_file)
    except Exception:  # noqa: BLE001  (whatever a library of another version raises)
        return None


def finish(stage: Path, about: About, how: How, context: int, report: Report) -> Manifest:
    """Write the report and the manifest of a folder that is complete, with a sample answer."""
    table = {
        "seconds": round(time.perf_counter() - report.started, 2),
        "versions": {name: _version(name) for name in (*PACKAGES, "onnxruntime", "tokenizers")},
        "quantisation": how.quantisation,
        "reference": report.reference,
        "figures": {language: asdict(each) for language, each in report.figures.items()},
    }
    path = stage / REPORT_FILE
    path.write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    files = manifests.hashed(stage)
    draft = Manifest(
        id=about.id,
        version=about.version,
        kind="onnx",
        licence=about.licence or "unknown",
        source=about.source_url,
        languages=about.languages,
        description=about.description,
        limits=about.limits,
        digest="",
        context_length=context,
        quantisation=how.quantisation,
        files=files,
        memory_mib=sum(file.size for file in files) * 2 // (1 << 20) + 100,
    )
    written = manifests.write(stage, draft)
    return manifests.write(stage, dataclasses.replace(draft, sample=_sample(stage, written)))


def _sample(stage: Path, manifest: Manifest) -> Sample:
    """What the finished model answers to the first of its languages' questions."""
    question = _QUESTIONS[manifest.languages[0]]
    chat = onnx.load(stage, manifest, ModelOptions())
    try:
        sampling = Sampling(max_tokens=_SAMPLE_TOKENS)
        answer = "".join(chat.stream([Message("user", question)], sampling, Stop()))
    finally:
        chat.close()
    return Sample(question, answer, _SAMPLE_TOKENS)


def _needed(shape: Architecture, quantisation: str) -> int:
    attention = shape.hidden * shape.head_size * (shape.heads + shape.kv_heads) * 2
    layers = shape.layers * (attention + 3 * shape.hidden * shape.inner)
    values = layers + 2 * shape.vocabulary * shape.hidden
    return int(values * _BYTES[quantisation]) + shape.context * shape.head_size * 8


def _write_config(stage: Path, shape: Architecture) -> None:
    config = {
        "model_type": shape.family,
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.inner,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_size,
        "max_position_embeddings": shape.context,
        "rms_norm_eps": shape.epsilon,
    }
    path = stage / "config.json"
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
