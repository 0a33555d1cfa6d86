"""Which files of a model's folder are its graph and its configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.folders.manifest import Manifest

_MAX_CONFIG = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Config:
    """What a folder's ``genai_config.json`` or ``config.json`` says; 0 or None where it is silent.

    ``context_length`` is in tokens. ``share_buffer`` is whether past and present may be one buffer.
    """

    context_length: int = 0
    kv_heads: int = 0
    head_size: int = 0
    vocabulary: int = 0
    share_buffer: bool | None = None


def find_graph(folder: Path, manifest: Manifest) -> Path:
    """The decoder's ``.onnx`` file: ``genai_config.json`` names it, or it is the only one.

    Raises ModelUnavailable.
    """
    genai = _json(folder / "genai_config.json")
    named = _table(_table(genai, "model"), "decoder").get("filename")
    listed = [file.path for file in manifest.files]
    if isinstance(named, str) and named:
        candidates = [named]
    elif listed:
        candidates = [path for path in listed if path.endswith(".onnx")]
    else:
        found = [*folder.glob("*.onnx"), *folder.glob("onnx/*.onnx")]
        candidates = sorted(path.relative_to(folder).as_posix() for path in found)
    if not candidates:
        raise ModelUnavailable("onnx.no-file", model=manifest.id)
    if len(candidates) > 1:
        raise ModelUnavailable("onnx.many-files", model=manifest.id, count=len(candidates))
    path = PurePosixPath(candidates[0])
    graph = folder / path
    if path.is_absolute() or ".." in path.parts or "\\" in candidates[0]:
        raise ModelUnavailable("onnx.outside", file="genai_config.json", location=path.name)
    if not graph.is_file():
        raise ModelUnavailable("onnx.missing", file=path.name)
    if not graph.resolve().is_relative_to(folder.resolve()):
        raise ModelUnavailable("onnx.outside", file=path.name, location=path.name)
    return graph


def check_listed(files: set[Path], folder: Path, manifest: Manifest) -> None:
    """Refuse a file that the manifest does not vouch for, where it lists files at all.

    Raises ModelUnavailable.
    """
    listed = {file.path for file in manifest.files}
    for file in sorted(files):
        if listed and file.relative_to(folder).as_posix() not in listed:
            raise ModelUnavailable("onnx.unlisted", file=file.name, model=manifest.id)


def read_config(folder: Path) -> Config:
    """What the folder says of the model. Raises ModelUnavailable where a file is no JSON object."""
    genai = _json(folder / "genai_config.json")
    model = _table(genai, "model")
    decoder = _table(model, "decoder")
    plain = _json(folder / "config.json")
    heads = _number(decoder, "num_attention_heads") or _number(plain, "num_attention_heads")
    hidden = _number(decoder, "hidden_size") or _number(plain, "hidden_size")
    shared = _table(genai, "search").get("past_present_share_buffer")
    kv_heads = _number(decoder, "num_key_value_heads") or _number(plain, "num_key_value_heads")
    head_size = _number(decoder, "head_size") or _number(plain, "head_dim")
    return Config(
        context_length=_number(model, "context_length")
        or _number(plain, "max_position_embeddings")
        or _number(plain, "n_positions"),
        kv_heads=kv_heads or heads,
        head_size=head_size or (hidden // heads if heads else 0),
        vocabulary=_number(model, "vocab_size") or _number(plain, "vocab_size"),
        share_buffer=shared if isinstance(shared, bool) else None,
    )


def _json(path: Path) -> Mapping[str, object]:
    try:
        if not path.is_file():
            return {}
        if path.stat().st_size > _MAX_CONFIG:
            raise ModelUnavailable("onnx.config", file=path.name)
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise ModelUnavailable("onnx.config", file=path.name) from None
    if not isinstance(value, dict):
        raise ModelUnavailable("onnx.config", file=path.name)
    return value


def _table(table: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _number(table: Mapping[str, object], key: str) -> int:
    value = table.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


__all__ = ["Config", "check_listed", "find_graph", "read_config"]
