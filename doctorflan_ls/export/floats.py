"""Any source's weights as a Hugging Face folder in float32: what tuning begins with.

Weights that come as a GGUF file or as a dynamically quantised graph cannot be trained as they are.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.export.api import check_packages
from doctorflan_ls.export.architecture import Architecture, from_config, plain_frequencies
from doctorflan_ls.export.weights import Decoder

_NORMS = ("input_layernorm", "post_attention_layernorm")
_PRODUCTS = (
    *("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"),
    *("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"),
)
_HEAD_NORMS = ("self_attn.q_norm", "self_attn.k_norm")
_NEAR = 1e-5


def unpack(source: Path, out: Path) -> Path:
    """Write ``source``, a GGUF file or a folder with a dynamic graph, to the new folder ``out``.

    Raises ModelUnavailable for what the exports refuse too.
    """
    check_packages()
    if source.is_file():
        from doctorflan_ls.export.gguf_source import GgufSource  # noqa: PLC0415
        from doctorflan_ls.export.tokenizer_files import write_tokenizer  # noqa: PLC0415

        reader = GgufSource(source)
        out.mkdir(parents=True)
        write_tokenizer(reader, out)
        write_floats(Decoder(reader.architecture, reader), out, _config(reader.architecture))
        return out
    from doctorflan_ls.export.build import read_config  # noqa: PLC0415
    from doctorflan_ls.export.dynamic_graph import DynamicGraph, DynamicWeights  # noqa: PLC0415
    from doctorflan_ls.export.repair import find_graph  # noqa: PLC0415
    from doctorflan_ls.export.tokenizer_files import copy_tokenizer  # noqa: PLC0415

    config = read_config(source)
    shape = from_config(config, source / "config.json")
    weights = DynamicWeights(DynamicGraph(find_graph(source)))
    out.mkdir(parents=True)
    copy_tokenizer(source, out)
    for name in ("special_tokens_map.json", "generation_config.json"):
        if (source / name).is_file():
            shutil.copyfile(source / name, out / name)
    write_floats(Decoder(shape, weights), out, config)
    return out


def write_floats(decoder: Decoder, out: Path, config: dict[str, Any]) -> None:
    """Write ``config.json`` and ``model.safetensors``, in float32, into the folder ``out``."""
    from safetensors.numpy import save_file  # noqa: PLC0415

    weights = decoder.weights
    tensors = {
        name if name.startswith("lm_head") else f"model.{name}": weights.floats(name).copy()
        for name in _names(decoder)
    }
    config = {**config, "tie_word_embeddings": "lm_head.weight" not in tensors}
    # How the source stored its numbers is not how they are stored now.
    config |= {"torch_dtype": "float32", "dtype": "float32"}
    save_file(tensors, out / "model.safetensors", {"format": "pt"})
    path = out / "config.json"
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _names(decoder: Decoder) -> Iterator[str]:
    shape, has = decoder.architecture, decoder.weights.has
    yield from ("embed_tokens.weight", "norm.weight")
    if has("lm_head.weight"):
        yield "lm_head.weight"
    for layer in range(shape.layers):
        for part in (*_NORMS, *_PRODUCTS, *(_HEAD_NORMS if shape.head_norm else ())):
            yield f"layers.{layer}.{part}.weight"
            if has(f"layers.{layer}.{part}.bias"):
                yield f"layers.{layer}.{part}.bias"


def _config(shape: Architecture) -> dict[str, Any]:
    """The ``config.json`` of a GGUF file's model."""
    return {
        "model_type": shape.family,
        "architectures": [f"{shape.family.title()}ForCausalLM"],
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.inner,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_size,
        "max_position_embeddings": shape.context,
        "rms_norm_eps": shape.epsilon,
        "rope_theta": _base(shape),
        "hidden_act": "silu",
    }


def _base(shape: Architecture) -> float:
    """The base of plain rotary angles. Raises ModelUnavailable where they are stretched."""
    base = shape.frequencies[1] ** (-shape.head_size / 2) if len(shape.frequencies) > 1 else 1e4
    plain = plain_frequencies(base, shape.head_size)
    pairs = zip(plain, shape.frequencies, strict=True)
    if not all(math.isclose(each, found, rel_tol=_NEAR) for each, found in pairs):
        raise ModelUnavailable("export.variant", name=shape.family, what="rope scaling")
    return round(base, 3)
