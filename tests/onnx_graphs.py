"""Tiny decoders with random weights, as the exporters shape them, and a plain numpy decoder.

Two layers of attention over learned positions; nothing else, for all that is tested is the cache.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.tasks.model import Bilingual

HEADS, SIZE, LAYERS, CONTEXT = 2, 8, 2, 4096
WIDTH = HEADS * SIZE
BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())
END = len(BYTES)
VOCABULARY = len(BYTES) + 3
TEMPLATE = (
    "{% for message in messages %}"
    "<|turn|>{{ message.role }}\n{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
)


def weights(seed=0):
    rng = np.random.default_rng(seed)

    def some(*shape, scale=0.4):
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    made = {"embed": some(VOCABULARY, WIDTH, scale=1), "place": some(CONTEXT, WIDTH, scale=0.7)}
    for layer in range(LAYERS):
        made |= {f"{name}{layer}": some(WIDTH, WIDTH) for name in "qkvo"}
    # The end of a turn is never likely: answers are as long as a test wants them.
    made["head"] = some(WIDTH, VOCABULARY)
    made["head"][:, END:] = 0
    return made


def plain_logits(made, tokens):
    """The logits after the last token, all computed anew."""
    tokens = np.asarray(tokens)
    x = made["embed"][tokens] + made["place"][: len(tokens)]
    causal = np.triu(np.full((len(tokens), len(tokens)), -1e9, np.float32), 1)
    for layer in range(LAYERS):
        q, k, v = (
            (x @ made[f"{name}{layer}"]).reshape(-1, HEADS, SIZE).swapaxes(0, 1) for name in "qkv"
        )
        scores = q @ k.swapaxes(1, 2) / np.sqrt(SIZE) + causal
        share = np.exp(scores - scores.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        x = x + (share @ v).swapaxes(0, 1).reshape(-1, WIDTH) @ made[f"o{layer}"]
    return x[-1] @ made["head"]


@dataclass
class Style:
    """How an exporter writes a decoder."""

    shared: bool = False
    past: str = "past_key_values.{layer}.{kind}"
    present: str = "present.{layer}.{kind}"
    kinds: tuple[str, str] = ("key", "value")
    positions: bool = True
    half: bool = False
    head_dim: int | str = SIZE
    batch: int | str = "batch"
    last: bool = False
    extra: tuple = field(default=())


OPTIMUM = Style()
BUILDER = Style(shared=True, positions=False, head_dim="kv_cache_dim")
TRANSFORMERS = Style(
    past="input.past_key_values.layers.{layer}.{kind}",
    present="output.past_key_values.layers.{layer}.{kind}",
    kinds=("keys", "values"),
    head_dim=str(SIZE),
    batch=1,
)
TRANSFORMERS_JS = Style(extra=("use_cache_branch", "num_logits_to_keep"), last=True)
STYLES = {
    "builder": BUILDER,
    "builder-half": replace(BUILDER, half=True),
    "optimum": OPTIMUM,
    "optimum-half": replace(OPTIMUM, half=True),
    "transformers": TRANSFORMERS,
    "transformers.js": TRANSFORMERS_JS,
}


class _Graph:
    def __init__(self):
        self.nodes, self.constants = [], {}

    def add(self, operator, *inputs, domain="", **attributes):
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, list(inputs), [name], domain=domain, **attributes)
        )
        return name

    def constant(self, name, array):
        self.constants[name] = numpy_helper.from_array(np.asarray(array), name)
        return name

    def ints(self, *values):
        return self.constant(
            "ints_" + "_".join(map(str, values)).replace("-", "m"), np.array(values, np.int64)
        )


def graph(made, style=OPTIMUM):
    """The decoder of these weights as an ONNX model in the style."""
    g = _Graph()
    kind = TensorProto.FLOAT16 if style.half else TensorProto.FLOAT
    for name, array in made.items():
        g.constant(name, array)
    total = g.add("Gather", g.add("Shape", "attention_mask"), g.ints(1))
    length = g.add("Gather", g.add("Shape", "input_ids"), g.ints(1))
    start = g.add("Sub", total, length)
    one = g.constant("one", np.int64(1))
    zero = g.constant("zero", np.int64(0))
    keys = g.add("Range", zero, g.add("Squeeze", total), one)
    rows = g.add("Range", g.add("Squeeze", start), g.add("Squeeze", total), one)
    places = "position_ids" if style.positions else g.add("Unsqueeze", rows, g.ints(0))
    x = g.add("Add", g.add("Gather", "embed", "input_ids"), g.add("Gather", "place", places))
    seen = g.add(
        "LessOrEqual", g.add("Unsqueeze", keys, g.ints(0)), g.add("Unsqueeze", rows, g.ints(1))
    )
    causal = g.add(
        "Where", seen, g.constant("nil", np.float32(0)), g.constant("low", np.float32(-1e9))
    )
    presents = []
    for layer in range(LAYERS):
        q, k, v = (g.add("MatMul", x, f"{name}{layer}") for name in "qkv")
        pasts = [style.past.format(layer=layer, kind=name) for name in style.kinds]
        outs = [style.present.format(layer=layer, kind=name) for name in style.kinds]
        attend = _grouped if style.shared else _concatenated
        mixed = attend(g, (q, k, v), pasts, outs, causal, total, kind)
        x = g.add("Add", x, g.add("MatMul", mixed, f"o{layer}"))
        presents += outs
    if style.last:
        x = g.add("Slice", x, g.ints(-1), g.ints(2**31), g.ints(1))
    g.nodes.append(helper.make_node("MatMul", [x, "head"], ["logits"]))
    return _model(g, style, kind, presents)


def _grouped(g, qkv, pasts, outs, causal, total, kind):
    narrow = [g.add("Cast", name, to=kind) for name in qkv]
    lengths = g.add("Cast", g.add("Sub", total, g.ints(1)), to=TensorProto.INT32)
    whole = g.add("Cast", g.add("Squeeze", total), to=TensorProto.INT32)
    out = f"mixed_{pasts[0]}"
    g.nodes.append(
        helper.make_node(
            "GroupQueryAttention",
            [*narrow, *pasts, lengths, whole],
            [out, *outs],
            domain="com.microsoft",
            num_heads=HEADS,
            kv_num_heads=HEADS,
        )
    )
    return g.add("Cast", out, to=TensorProto.FLOAT)


def _concatenated(g, qkv, pasts, outs, causal, total, kind):
    split = [
        g.add("Transpose", g.add("Reshape", name, g.ints(0, -1, HEADS, SIZE)), perm=[0, 2, 1, 3])
        for name in qkv
    ]
    wide = []
    for new, past, out in zip(split[1:], pasts, outs, strict=True):
        cast = g.add("Cast", new, to=kind)
        g.nodes.append(helper.make_node("Concat", [past, cast], [out], axis=2))
        wide.append(g.add("Cast", out, to=TensorProto.FLOAT))
    turned = g.add("Transpose", wide[0], perm=[0, 1, 3, 2])
    scale = g.constant("scale", np.float32(1 / np.sqrt(SIZE)))
    scores = g.add("Add", g.add("Mul", g.add("MatMul", split[0], turned), scale), causal)
    mixed = g.add("MatMul", g.add("Softmax", scores, axis=-1), wide[1])
    return g.add("Reshape", g.add("Transpose", mixed, perm=[0, 2, 1, 3]), g.ints(0, -1, WIDTH))


def _model(g, style, kind, presents):
    whole = TensorProto.INT64
    batch = style.batch
    inputs = [
        helper.make_tensor_value_info("input_ids", whole, [batch, "length"]),
        helper.make_tensor_value_info("attention_mask", whole, [batch, "total"]),
    ]
    if style.positions:
        inputs.append(helper.make_tensor_value_info("position_ids", whole, [batch, "length"]))
    cache = [batch, HEADS, "past", style.head_dim]
    for layer in range(LAYERS):
        for name in style.kinds:
            past = style.past.format(layer=layer, kind=name)
            inputs.append(helper.make_tensor_value_info(past, kind, cache))
    if "use_cache_branch" in style.extra:
        inputs.append(helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1]))
    if "num_logits_to_keep" in style.extra:
        inputs.append(helper.make_tensor_value_info("num_logits_to_keep", whole, []))
    rows = "kept" if style.last else "length"
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, rows, VOCABULARY])
    ]
    shape = [batch, HEADS, "all", style.head_dim]
    # In another order than the inputs: they belong together by name.
    outputs += [helper.make_tensor_value_info(name, kind, shape) for name in reversed(presents)]
    made = helper.make_graph(g.nodes, "decoder", inputs, outputs, list(g.constants.values()))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


def chain(text, end=True):
    """A decoder that says the bytes of ``text`` one after the other, each of them once."""
    alphabet = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    ids = [BYTES.index(char) for char in alphabet.pre_tokenize_str(text)[0][0]]
    assert len(set(ids)) == len(ids)
    table = np.zeros((VOCABULARY, VOCABULARY), np.float32)
    table[:, ids[0]] = 1
    for before, after in zip(ids, [*ids[1:], END if end else ids[0]], strict=True):
        table[before] = 0
        table[before, after] = 1
    model = graph(weights())
    model.graph.initializer.append(numpy_helper.from_array(table, "table"))
    for node in model.graph.node:
        if node.output[0] == "logits":
            node.output[0] = "ignored"
    model.graph.node.append(helper.make_node("Gather", ["table", "input_ids"], ["logits"]))
    return model


def save(model, folder, name="model.onnx", *, external=False):
    """Write the model with a byte-level tokenizer and its configuration beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(
        model,
        str(folder / name),
        save_as_external_data=external,
        location=f"{name}.data",
        size_threshold=1024,
    )
    vocabulary = {char: index for index, char in enumerate(BYTES)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ("<|end|>", "<|turn|>", "<|pad|>")
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    tokenizer.save(str(folder / "tokenizer.json"))
    told = {"eos_token": "<|end|>", "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    config = {
        "eos_token_id": END,
        "max_position_embeddings": CONTEXT,
        "num_attention_heads": HEADS,
        "hidden_size": WIDTH,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def manifest(**changed) -> Manifest:
    text = Bilingual("测试", "test")
    plain = Manifest(
        id="tiny",
        version="1",
        kind="onnx",
        licence="MIT",
        source="test",
        languages=("zh", "en"),
        description=text,
        limits=text,
        digest="0" * 64,
    )
    return replace(plain, **changed)


__all__ = [
    "STYLES",
    "Path",
    "Style",
    "chain",
    "graph",
    "manifest",
    "plain_logits",
    "save",
    "weights",
]
