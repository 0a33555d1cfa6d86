"""The tokenizer's files of a model folder, from a GGUF file's tables or another folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.export.gguf_source import GgufSource

_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_CASELESS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# How text is cut before pairs are merged, by the name that GGUF gives it: llama.cpp's
# src/llama-vocab.cpp, tokenizer_pre.
_CUTS: dict[str, tuple[str, ...]] = {
    "gpt-2": (_WORDS,),
    "smollm": (r"\p{N}", _WORDS),
    "qwen2": (_CASELESS % "",),
    "deepseek-r1-qwen": (_CASELESS % "",),
    "llama-bpe": (_CASELESS % "{1,3}",),
    "llama3": (_CASELESS % "{1,3}",),
    "llama-v3": (_CASELESS % "{1,3}",),
}
_NORMAL, _UNKNOWN, _CONTROL, _USER, _BYTE = 1, 2, 3, 4, 6
_COPIED = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("chat_template.jinja", "generation_config.json"),
)


def copy_tokenizer(source: Path, out: Path) -> None:
    """Copy what a Hugging Face folder says of its tokenizer.

    Raises ModelUnavailable where it has no ``tokenizer.json``, which is the only form that needs no
    code of its own.
    """
    if not (source / "tokenizer.json").is_file():
        raise ModelUnavailable("export.no-tokenizer", folder=source)
    for name in _COPIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, out / name)


def write_tokenizer(source: GgufSource, out: Path) -> None:
    """Write ``tokenizer.json`` and what goes with it from the tables of a GGUF file.

    Raises ModelUnavailable for a kind of tokenizer, or a way of cutting text, that is not known:
    tokens that are nearly right would make a worse model without a word.
    """
    tokens, types = _tables(source)
    kind = str(source.field("tokenizer.ggml.model"))
    if kind == "gpt2":
        tokenizer = _byte_level(source, tokens)
    elif kind == "llama":
        tokenizer = _pieces(source, tokens)
    else:
        raise ModelUnavailable("export.tokenizer", at=source.path, what=kind)
    _add_special(tokenizer, tokens, types)
    tokenizer.save(str(out / "tokenizer.json"))
    _write_configs(source, tokens, out)


def _tables(source: GgufSource) -> tuple[list[str], list[int]]:
    tokens = source.field("tokenizer.ggml.tokens")
    if not tokens:
        raise ModelUnavailable("export.tokenizer", at=source.path, what="tokenizer.ggml.tokens")
    return tokens, source.field("tokenizer.ggml.token_type", [_NORMAL] * len(tokens))


def _byte_level(source: GgufSource, tokens: Sequence[str]) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers  # noqa: PLC0415

    known = {token: index for index, token in enumerate(tokens)}
    name = str(source.field("tokenizer.ggml.pre", "default"))
    if name not in _CUTS:
        raise ModelUnavailable(
            "export.tokenizer", at=source.path, what=f"tokenizer.ggml.pre={name}"
        )
    merges = [tuple(each.split(" ", 1)) for each in source.field("tokenizer.ggml.merges", ())]
    if any(len(pair) != 2 or "".join(pair) not in known for pair in merges):
        raise ModelUnavailable("export.tokenizer", at=source.path, what="tokenizer.ggml.merges")
    # Llama 3 takes a whole word that is a token before any merge.
    whole = name in {"llama-bpe", "llama3", "llama-v3"}
    tokenizer = Tokenizer(models.BPE(vocab=known, merges=merges, ignore_merges=whole))
    cuts = [pre_tokenizers.Split(Regex(cut), "isolated") for cut in _CUTS[name]]
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*cuts, bytes_])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _pieces(source: GgufSource, tokens: Sequence[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers  # noqa: PLC0415

    vocabulary = {token: index for index, token in enumerate(tokens)}
    scores = source.field("tokenizer.ggml.scores", [0.0] * len(tokens))
    model = models.BPE(
        vocab=vocabulary,
        merges=_merges(vocabulary, scores),
        unk_token=tokens[int(source.field("tokenizer.ggml.unknown_token_id", 0))],
        fuse_unk=True,
        byte_fallback=True,
    )
    tokenizer = Tokenizer(model)
    prefixed = bool(source.field("tokenizer.ggml.add_space_prefix", default=True))
    first = [normalizers.Prepend("▁")] if prefixed else []
    tokenizer.normalizer = normalizers.Sequence([*first, normalizers.Replace(" ", "▁")])
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(
        [*steps, *([decoders.Strip(" ", 1, 0)] if prefixed else [])]
    )
    return tokenizer


def _merges(vocabulary: dict[str, int], scores: Sequence[float]) -> list[tuple[str, str]]:
    """The merges that a SentencePiece vocabulary implies: every way to make a token of two."""
    found = [
        (-scores[index], vocabulary[token[:cut]], vocabulary[token[cut:]], token, cut)
        for token, index in vocabulary.items()
        for cut in range(1, len(token))
        if token[:cut] in vocabulary and token[cut:] in vocabulary
    ]
    return [(token[:cut], token[cut:]) for *_, token, cut in sorted(found)]


def _add_special(tokenizer: Any, tokens: Sequence[str], types: Sequence[int]) -> None:
    from tokenizers import AddedToken  # noqa: PLC0415

    pairs = list(zip(tokens, types, strict=True))
    control = [token for token, kind in pairs if kind in {_UNKNOWN, _CONTROL}]
    tokenizer.add_special_tokens([AddedToken(each, normalized=False) for each in control])
    user = [token for token, kind in pairs if kind == _USER]
    tokenizer.add_tokens([AddedToken(each, normalized=False) for each in user])


def _write_configs(source: GgufSource, tokens: Sequence[str], out: Path) -> None:
    def special(name: str) -> int | None:
        index = source.field(f"tokenizer.ggml.{name}_token_id")
        return int(index) if index is not None and 0 <= int(index) < len(tokens) else None

    config: dict[str, object] = {"tokenizer_class": "PreTrainedTokenizerFast"}
    config["add_bos_token"] = bool(source.field("tokenizer.ggml.add_bos_token", default=False))
    names = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
    ids = {short: special(name) for short, name in names.items()}
    config |= {f"{name}_token": tokens[id_] for name, id_ in ids.items() if id_ is not None}
    config["clean_up_tokenization_spaces"] = False
    config["model_max_length"] = source.architecture.context
    _dump(out / "tokenizer_config.json", config)
    template = source.field("tokenizer.chat_template")
    if template:
        (out / "chat_template.jinja").write_text(str(template), encoding="utf-8")
    ends = [id_ for id_ in (ids["eos"], special("eot")) if id_ is not None]
    generation = {"bos_token_id": ids["bos"], "eos_token_id": sorted(set(ends))}
    _dump(out / "generation_config.json", {key: each for key, each in generation.items() if each})


def _dump(path: Path, table: dict[str, Any]) -> None:
    path.write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
