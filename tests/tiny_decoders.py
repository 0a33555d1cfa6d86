"""Tiny random decoders: their weights, what numpy says they answer, and files that hold them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
HIDDEN, INNER, HEADS, KV_HEADS, SIZE, LAYERS = 64, 96, 4, 2, 16, 2
EPSILON, BASE, CONTEXT = 1e-5, 10000.0, 512


def byte_tokens() -> list[str]:
    """The 256 letters that stand for bytes, one pair, and the special tokens."""
    return [*sorted(pre_tokenizers.ByteLevel.alphabet()), "ab", *SPECIAL]


VOCABULARY = len(byte_tokens())


@dataclass(frozen=True)
class Tiny:
    """A model of ``family``; ``weights`` by their names in transformers, without ``model.``."""

    family: str
    weights: dict[str, np.ndarray]

    def logits(self, ids: list[int]) -> np.ndarray:
        """A plain forward pass in float64: after each of ``ids``."""
        at = {name: each.astype(np.float64) for name, each in self.weights.items()}
        x = at["embed_tokens.weight"][ids]
        for layer in range(LAYERS):
            part = {
                name.removeprefix(f"layers.{layer}."): each
                for name, each in at.items()
                if name.startswith(f"layers.{layer}.")
            }
            x = x + self._attention(_norm(x, part["input_layernorm.weight"]), part)
            y = _norm(x, part["post_attention_layernorm.weight"])
            gate = y @ part["mlp.gate_proj.weight"].T
            inner = gate / (1 + np.exp(-gate)) * (y @ part["mlp.up_proj.weight"].T)
            x = x + inner @ part["mlp.down_proj.weight"].T
        head = at.get("lm_head.weight", at["embed_tokens.weight"])
        return _norm(x, at["norm.weight"]) @ head.T

    def _attention(self, x: np.ndarray, part: dict[str, np.ndarray]) -> np.ndarray:
        q, k, v = (
            (
                x @ part[f"self_attn.{name}_proj.weight"].T
                + part.get(f"self_attn.{name}_proj.bias", 0)
            )
            .reshape(len(x), -1, SIZE)
            .swapaxes(0, 1)
            for name in "qkv"
        )
        if self.family == "qwen3":
            q = _norm(q, part["self_attn.q_norm.weight"])
            k = _norm(k, part["self_attn.k_norm.weight"])
        q, k = _rotated(q), np.repeat(_rotated(k), HEADS // KV_HEADS, axis=0)
        v = np.repeat(v, HEADS // KV_HEADS, axis=0)
        scores = q @ k.swapaxes(1, 2) / np.sqrt(SIZE)
        scores += np.triu(np.full((len(x), len(x)), -np.inf), 1)
        worth = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (worth / worth.sum(axis=-1, keepdims=True)) @ v
        return mixed.swapaxes(0, 1).reshape(len(x), -1) @ part["self_attn.o_proj.weight"].T


def _norm(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return x / np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + EPSILON) * weight


def _rotated(x: np.ndarray) -> np.ndarray:
    angles = np.outer(np.arange(x.shape[1]), BASE ** (-np.arange(0, SIZE, 2) / SIZE))
    low, high = x[..., : SIZE // 2], x[..., SIZE // 2 :]
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate([low * cos - high * sin, high * cos + low * sin], axis=-1)


def tiny(family: str, *, tied: bool = True) -> Tiny:
    """A random model, the same each time."""
    random = np.random.default_rng(len(family) + tied)

    def matrix(*sizes: int) -> np.ndarray:
        return (random.standard_normal(sizes) / np.sqrt(sizes[-1])).astype(np.float32)

    def scale(size: int) -> np.ndarray:
        return (1 + 0.1 * random.standard_normal(size)).astype(np.float32)

    weights = {"embed_tokens.weight": matrix(VOCABULARY, HIDDEN) * 2, "norm.weight": scale(HIDDEN)}
    if not tied:
        weights["lm_head.weight"] = matrix(VOCABULARY, HIDDEN)
    rows = {"q": HEADS * SIZE, "k": KV_HEADS * SIZE, "v": KV_HEADS * SIZE}
    for layer in range(LAYERS):
        at = f"layers.{layer}"
        for name, size in rows.items():
            weights[f"{at}.self_attn.{name}_proj.weight"] = matrix(size, HIDDEN)
            if family == "qwen2":
                weights[f"{at}.self_attn.{name}_proj.bias"] = matrix(size)
        if family == "qwen3":
            weights |= {f"{at}.self_attn.{name}_norm.weight": scale(SIZE) for name in "qk"}
        weights[f"{at}.self_attn.o_proj.weight"] = matrix(HIDDEN, HEADS * SIZE)
        weights[f"{at}.mlp.gate_proj.weight"] = matrix(INNER, HIDDEN)
        weights[f"{at}.mlp.up_proj.weight"] = matrix(INNER, HIDDEN)
        weights[f"{at}.mlp.down_proj.weight"] = matrix(HIDDEN, INNER)
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{at}.{name}.weight"] = scale(HIDDEN)
    return Tiny(family, weights)


def config(model: Tiny) -> dict[str, object]:
    """Its ``config.json``."""
    return {
        "model_type": model.family,
        "architectures": [f"{model.family.title()}ForCausalLM"],
        "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "head_dim": SIZE,
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": EPSILON,
        "rope_theta": BASE,
        "hidden_act": "silu",
        "tie_word_embeddings": "lm_head.weight" not in model.weights,
        "eos_token_id": VOCABULARY - 1,
    }


def write_hf(model: Tiny, folder: Path) -> Path:
    """A Hugging Face folder, in two files."""
    folder.mkdir()
    names = sorted(model.weights)
    index: dict[str, str] = {}
    for number, part in enumerate((names[::2], names[1::2])):
        keys = {name: name if name == "lm_head.weight" else f"model.{name}" for name in part}
        tensors = {keys[name]: model.weights[name] for name in part}
        save_file(tensors, folder / f"model-{number}.safetensors", {"format": "pt"})
        index |= dict.fromkeys(tensors, f"model-{number}.safetensors")
    table = json.dumps({"metadata": {}, "weight_map": index})
    (folder / "model.safetensors.index.json").write_text(table)
    (folder / "config.json").write_text(json.dumps(config(model)))
    write_tokenizer(folder)
    return folder


def write_tokenizer(folder: Path) -> None:
    """A tokenizer of bytes with a chat template."""
    vocabulary = {token: index for index, token in enumerate(byte_tokens())}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(each, normalized=False) for each in SPECIAL])
    tokenizer.save(str(folder / "tokenizer.json"))
    table = {"eos_token": SPECIAL[2], "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(table))


GGUF_NAMES = {
    "embed_tokens": "token_embd",
    "norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_gguf(model: Tiny, path: Path, kind: str = "F32", pre: str = "qwen2") -> Path:
    """A GGUF file whose matrices are stored as ``kind``."""
    writer = gguf.GGUFWriter(path, model.family)
    writer.add_block_count(LAYERS)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(SIZE)
    writer.add_rope_freq_base(BASE)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_string("general.license", "apache-2.0")
    tokens = byte_tokens()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([1] * (len(tokens) - 3) + [3] * 3)
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_chat_template(TEMPLATE)
    for name, values in model.weights.items():
        stored = gguf.GGMLQuantizationType[kind if values.ndim == 2 else "F32"]
        raw = _turned(model, name, values)
        data = gguf.quants.quantize(raw, stored)
        writer.add_tensor(_gguf_name(name), data, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _turned(model: Tiny, name: str, values: np.ndarray) -> np.ndarray:
    # As llama.cpp's converter does for this family alone: LlamaModel.permute.
    if model.family != "llama" or not ("q_proj" in name or "k_proj" in name):
        return values
    heads = HEADS if "q_proj" in name else KV_HEADS
    whole = values.reshape(heads, 2, SIZE // 2, *values.shape[1:]).swapaxes(1, 2)
    return np.ascontiguousarray(whole).reshape(values.shape)


def _gguf_name(name: str) -> str:
    stem, kind = name.rsplit(".", 1)
    if stem in GGUF_NAMES:
        return f"{GGUF_NAMES[stem]}.{kind}"
    _, number, inner = stem.split(".", 2)
    return f"blk.{number}.{GGUF_NAMES[inner]}.{kind}"
