"""What the graph writer must know of a decoder: its sizes, and which variant it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from doctorflan_ls.errors import ModelUnavailable

# The families share RMS norms, rotary positions, grouped heads and a gated SiLU block.
SUPPORTED = ("llama", "mistral", "qwen2", "qwen3")


@dataclass(frozen=True, slots=True)
class Architecture:
    """A decoder of the llama family.

    ``frequencies`` are the rotary angles for one position, half a head long. ``window`` is how many
    positions back a token sees, -1 is all. ``context`` is in tokens. ``head_norm`` says that
    queries and keys are normalised by head (qwen3).
    """

    family: str
    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    context: int
    epsilon: float
    frequencies: tuple[float, ...]
    window: int = -1
    head_norm: bool = False


def check_family(family: str, name: object) -> str:
    """``family`` where it can be written as a graph. Raises ModelUnavailable."""
    if family not in SUPPORTED:
        raise ModelUnavailable(
            "export.unsupported", name=name, family=family, supported=", ".join(SUPPORTED)
        )
    return family


def from_config(config: Mapping[str, Any], name: object) -> Architecture:
    """The architecture that a Hugging Face ``config.json`` describes. Raises ModelUnavailable."""
    family = check_family(str(config.get("model_type")), name)
    try:
        heads = int(config["num_attention_heads"])
        head_size = int(config.get("head_dim") or config["hidden_size"] // heads)
        _refuse_variants(config, name)
        return Architecture(
            family=family,
            layers=int(config["num_hidden_layers"]),
            hidden=int(config["hidden_size"]),
            inner=int(config["intermediate_size"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_size=head_size,
            vocabulary=int(config["vocab_size"]),
            context=int(config["max_position_embeddings"]),
            epsilon=float(config["rms_norm_eps"]),
            frequencies=_frequencies(config, head_size, name),
            window=_window(config),
            head_norm=family == "qwen3",
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise ModelUnavailable("export.bad-config", name=name, problem=repr(error)) from None


def _refuse_variants(config: Mapping[str, Any], name: object) -> None:
    activation = str(config.get("hidden_act", "silu"))
    if activation not in {"silu", "swish"}:
        raise ModelUnavailable("export.variant", name=name, what=f"hidden_act = {activation}")
    if config.get("mlp_bias"):
        raise ModelUnavailable("export.variant", name=name, what="mlp_bias")
    if config.get("quantization_config"):
        raise ModelUnavailable("export.variant", name=name, what="quantization_config")
    if len(set(config.get("layer_types") or ())) > 1:
        raise ModelUnavailable("export.variant", name=name, what="layer_types")


def _window(config: Mapping[str, Any]) -> int:
    # The qwen families carry a width that counts only where use_sliding_window says so.
    window = config.get("sliding_window")
    used = config.get("use_sliding_window", config.get("model_type") == "mistral")
    return int(window) if window and used else -1


def _frequencies(config: Mapping[str, Any], size: int, name: object) -> tuple[float, ...]:
    # Version 5 of the format keeps the base in the same table as the scaling.
    rope = dict(config.get("rope_scaling") or {}) | dict(config.get("rope_parameters") or {})
    base = float(rope.get("rope_theta") or config.get("rope_theta") or 10000.0)
    plain = plain_frequencies(base, size)
    if float(rope.get("partial_rotary_factor") or config.get("partial_rotary_factor") or 1) != 1:
        raise ModelUnavailable("export.variant", name=name, what="partial_rotary_factor")
    kind = str(rope.get("rope_type") or rope.get("type") or "default")
    if kind == "default":
        return plain
    if kind == "linear":
        return tuple(each / float(rope["factor"]) for each in plain)
    if kind == "llama3":
        return tuple(_stretched(each, rope) for each in plain)
    raise ModelUnavailable("export.variant", name=name, what=f"rope_type = {kind}")


def plain_frequencies(base: float, size: int) -> tuple[float, ...]:
    """The angles of rotary positions: Su et al. 2021, "RoFormer", section 3.2."""
    return tuple(base ** (-index / size) for index in range(0, size, 2))


def _stretched(frequency: float, rope: Mapping[str, Any]) -> float:
    """Llama 3.1's scaling: long waves are slowed, short ones kept, those between are mixed."""
    factor, trained = float(rope["factor"]), float(rope["original_max_position_embeddings"])
    low, high = float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
    wave = 2 * math.pi / frequency
    if wave > trained / low:
        return frequency / factor
    if wave < trained / high:
        return frequency
    mix = (trained / wave - low) / (high - low)
    return (1 - mix) * frequency / factor + mix * frequency
