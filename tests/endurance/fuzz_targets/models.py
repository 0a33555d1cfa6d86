"""Files of models and answers of servers: graphs, weights, tokenizers, templates, HTTP, events."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.export.gguf_source import GgufSource
from doctorflan_ls.export.safetensors_source import SafetensorsWeights
from doctorflan_ls.export.tokenizer_files import write_tokenizer
from doctorflan_ls.models.base import Message
from doctorflan_ls.models.local.chat_template import ChatTemplate
from doctorflan_ls.models.local.tokenizer import Tokenizer
from doctorflan_ls.models.local.tokenizer_files import compiled_template
from doctorflan_ls.models.onnx.checks import check_structure
from doctorflan_ls.models.onnx.files import read_config
from doctorflan_ls.models.onnx.wire import read_structure
from tests.endurance.fuzz_targets import target, text_of
from tests.endurance.fuzz_trial import answer


@cache
def _made(name: str, make: Callable[[Path], object]) -> dict[str, bytes]:
    """What ``make`` writes into a folder, by file name."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        make(Path(folder))
        return {
            each.relative_to(folder).as_posix(): each.read_bytes()
            for each in Path(folder).rglob("*")
            if each.is_file()
        }


def _graph(folder: Path) -> None:
    import numpy as np  # noqa: PLC0415
    import onnx as package  # noqa: PLC0415
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415

    kinds = {"x": TensorProto.INT64, "y": TensorProto.FLOAT, "yes": TensorProto.BOOL}
    values = {
        name: helper.make_tensor_value_info(name, kind, ["n", 2]) for name, kind in kinds.items()
    }
    table = numpy_helper.from_array(np.ones((16, 2), np.float32), "table")
    small = helper.make_tensor("small", TensorProto.INT4, [4], [1, 2, 3, 4])
    branch = helper.make_graph(
        [helper.make_node("Identity", ["table"], ["y"])], "b", [], [values["y"]]
    )
    nodes = [
        helper.make_node("Gather", ["table", "x"], ["z"]),
        helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch),
        helper.make_node("MatMulNBits", ["z"], ["w"], domain="com.microsoft", K=2, N=2),
    ]
    graph = helper.make_graph(
        nodes, "g", [values["x"], values["yes"]], [values["y"]], [table, small]
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets)
    (folder / "whole.onnx").write_bytes(model.SerializeToString())
    options = {"save_as_external_data": True, "location": "model.data", "size_threshold": 1}
    package.save(model, str(folder / "apart.onnx"), **options)


def _tiny(folder: Path) -> None:
    from tests import tiny_decoders  # noqa: PLC0415

    for family in ("qwen2", "llama"):
        made = tiny_decoders.tiny(family)
        few = {name: values[..., :4] for name, values in made.weights.items() if "norm" in name}
        few["layers.0.self_attn.q_proj.weight"] = made.weights["layers.0.self_attn.q_proj.weight"][
            :, :32
        ]
        model = tiny_decoders.Tiny(family, few)
        tiny_decoders.write_gguf(
            model, folder / f"{family}.gguf", "Q8_0" if family == "qwen2" else "F32"
        )


def _tokenizer(folder: Path) -> None:
    from tests import made_tokenizers  # noqa: PLC0415

    made_tokenizers.byte_level(folder)


def _graphs() -> Iterator[bytes]:
    made = _made("graph", _graph)
    yield made["whole.onnx"]
    yield made["apart.onnx"]
    yield b"\x08\x08" + b"\x3a\x80\x80\x04" + b"\x0a" * 100
    yield b"\x3a\x0a" * 500


@target(
    "onnx",
    "bytes",
    _graphs,
    words=("external", "location", "../", "offset", "If", "Loop"),
    quick=120,
)
def onnx(data: bytes, folder: Path) -> Iterable[object]:
    """A graph is read whole or refused; nothing outside its folder is named by it."""
    path = folder / "model.onnx"
    path.write_bytes(data)
    (folder / "model.data").write_bytes(bytes(200))
    structure = read_structure(path)
    for each in check_structure(structure, path):
        assert each.is_relative_to(folder), "a file outside the model's folder"
    yield from structure.operators


def _ggufs() -> Iterator[bytes]:
    yield from _made("tiny", _tiny).values()
    yield b"GGUF" + (3).to_bytes(4, "little") + bytes(16)


@target(
    "gguf",
    "bytes",
    _ggufs,
    words=("GGUF", "llama", "general.architecture"),
    longest=24_000,
    quick=15,
)
def gguf(data: bytes, folder: Path) -> Iterable[object]:
    """A GGUF file is read or refused with a line."""
    path = folder / "a.gguf"
    path.write_bytes(data)
    made = GgufSource(path)
    yield tuple(made.types())
    for read in (made.floats, made.blocks):
        for name in (
            "norm.weight",
            "layers.0.self_attn.q_proj.weight",
            "layers.1.input_layernorm.weight",
        ):
            try:
                read(name)
            except ModelUnavailable as error:
                yield answer(error)
    write_tokenizer(made, folder)


def _safetensors() -> Iterator[bytes]:
    entry = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}
    half = {"dtype": "BF16", "shape": [4], "data_offsets": [16, 24]}
    header = json.dumps({"a": entry, "b": half, "__metadata__": {"format": "pt"}}).encode()
    yield len(header).to_bytes(8, "little") + header + bytes(24)


@target(
    "safetensors", "bytes", _safetensors, words=("F32", "BF16", "dtype", "shape", "[-1]", "[0]")
)
def safetensors(data: bytes, folder: Path) -> Iterable[object]:
    """A header is believed only where the file agrees with it."""
    (folder / "a.safetensors").write_bytes(data)
    made = SafetensorsWeights(folder)
    for name in ("a", "b"):
        if made.has(name):
            yield made.floats(name).shape


def _tokenizers() -> Iterator[bytes]:
    files = _made("tokenizer", _tokenizer)
    parts = {name: json.loads(files[name]) for name in ("tokenizer.json", "tokenizer_config.json")}
    parts["tokenizer.json"]["model"]["vocab"] = dict(
        list(parts["tokenizer.json"]["model"]["vocab"].items())[:330]
    )
    parts["tokenizer.json"]["model"]["merges"] = parts["tokenizer.json"]["model"]["merges"][:5]
    parts["special_tokens_map.json"] = {"eos_token": "<|im_end|>"}
    parts["generation_config.json"] = {"eos_token_id": [2]}
    parts["config.json"] = {"eos_token_id": 2, "num_attention_heads": 4, "hidden_size": 16}
    parts["genai_config.json"] = {
        "model": {"decoder": {"filename": "model.onnx"}, "eos_token_id": 2}
    }
    parts["chat_template.json"] = {"chat_template": files["chat_template.jinja"].decode()}
    yield json.dumps(parts, ensure_ascii=False).encode()


@target("tokenizers", "json", _tokenizers, longest=60_000, quick=50)
def tokenizers(data: bytes, folder: Path) -> Iterable[object]:
    """The files of a tokenizer, by name, make one or are refused."""
    try:
        parts = json.loads(data)
    except (ValueError, RecursionError):
        return
    for name, part in parts.items() if isinstance(parts, dict) else ():
        if name in (
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "generation_config.json",
            "config.json",
            "genai_config.json",
            "chat_template.json",
        ):
            text = json.dumps(part, ensure_ascii=True)
            (folder / name).write_text(text, encoding="utf-8")
    try:
        yield read_config(folder)
    except ModelUnavailable as error:
        yield answer(error)
    made = Tokenizer.load(folder)
    ids = made.prompt_ids([Message("system", "s"), Message("user", "胸痛 <|im_end|> 3 天\ud800")])
    decoder = made.decoder("a")
    text = "".join(map(decoder.push, ids)) + decoder.finish()
    yield (len(made.end_ids), bool(text))


_TEMPLATES = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + m.content|trim }}{% endfor %}",
    "{% if messages[0]['role'] == 'system' %}{% set s = messages[0].content %}{% endif %}{{ s }}",
    "{{ messages[-1]['content'].strip().split('\\n')[0] }}{{ raise_exception('x') if tools }}",
    "{% macro f(x, n=2) %}{{ x * n }}{% endmacro %}{{ f('ab', 3) }}{{ messages|tojson(indent=2) }}",
    "{% set ns = namespace(a=0) %}{% for i in range(9) %}{% set ns.a = ns.a + i %}{% endfor %}",
    "{% set ns = namespace(a=0) %}{{ ns.a }}{{ strftime_now('%Y') }}{{ '%s' % messages }}",
    "{% generation %}{{ messages[0].content }}{% endgeneration %}",
)


@target(
    "templates",
    "text",
    lambda: (each.encode() for each in _TEMPLATES),
    words=(
        "{{",
        "}}",
        "{%",
        "%}",
        "range(",
        "* 9999999",
        "|join",
        ".format(",
        "__class__",
        "~",
        "|map",
        "**",
        "{% for x in range(99999) %}",
        "{% endfor %}",
        "|batch(3)",
        "|center(99999999)",
        "loop",
        "<<",
        "'%99999999d' % 1",
    ),
)
def templates(data: bytes, folder: Path) -> Iterable[object]:
    """A chat template of any origin costs no more than it may, whatever it does."""
    made = compiled_template(text_of(data), folder, {"bos_token": "<s>"})
    try:
        yield len(_rendered(made)) // 64
    # Its caller takes whatever it raises for a template that fails.
    except Exception as error:  # noqa: BLE001
        yield type(error).__name__


def _rendered(made: ChatTemplate) -> str:
    return made.render([("system", "s"), ("user", "胸痛\n3天")])
