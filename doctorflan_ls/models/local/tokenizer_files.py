"""The files a tokenizer is read from. Whatever is wrong with one is a ModelUnavailable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from doctorflan_ls.errors import ModelUnavailable

if TYPE_CHECKING:
    import tokenizers

    from doctorflan_ls.models.local.chat_template import ChatTemplate

_T = TypeVar("_T")
# Beyond it the library takes no number for a token; vocabularies are far smaller.
_MOST_IDS = 2**32


def compiled_template(source: str, path: Path, variables: Mapping[str, object]) -> ChatTemplate:
    """The template ``source``, which stands in ``path``; it may use ``variables``."""
    from doctorflan_ls.models.local.chat_template import ChatTemplate  # noqa: PLC0415

    try:
        return ChatTemplate(source, variables)
    except Exception as error:  # noqa: BLE001 - a program of unknown origin may raise anything
        line = getattr(error, "lineno", None) or 0
        raise ModelUnavailable(
            "tokenizer.template-broken", path=path, line=line, reason=type(error).__name__
        ) from None


def read_backend(path: Path, config: Mapping[str, object]) -> tokenizers.Tokenizer:
    """The tokenizer of ``path``, with what ``config`` adds to it."""
    import tokenizers  # noqa: PLC0415

    if not path.is_file():
        raise ModelUnavailable("tokenizer.missing", path=path)
    backend = _guarded(path, lambda: tokenizers.Tokenizer.from_file(str(path)))
    backend.no_truncation()
    backend.no_padding()
    decoder = config.get("added_tokens_decoder")
    for key, value in sorted(
        decoder.items() if isinstance(decoder, dict) else (), key=lambda item: str(item[0]).zfill(9)
    ):
        content = value.get("content") if isinstance(value, dict) else None
        named = isinstance(content, str) and _is_whole(content)
        if named and str(key) == str(backend.get_vocab_size()):
            token = tokenizers.AddedToken(content, special=value.get("special") is True)
            backend.add_tokens([token])
    return backend


def _guarded(path: Path, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - the library raises bare exceptions, and its panics are no Exception
        raise ModelUnavailable("tokenizer.broken", path=path) from None


def template_source(folder: Path, template: str, config: Mapping[str, object]) -> tuple[str, Path]:
    """A chat template and the file it stands in: ``template``, or where it usually is."""
    if template:
        path = folder / template
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise ModelUnavailable("tokenizer.no-template", folder=folder)
        return _read(path), path
    path = folder / "chat_template.jinja"
    if path.is_file():
        return _read(path), path
    for path, found in (
        (folder / "chat_template.json", read_object(folder / "chat_template.json")),
        (folder / "tokenizer_config.json", config),
    ):
        source = found.get("chat_template")
        if isinstance(source, list):
            named = [entry for entry in source if isinstance(entry, dict)]
            source = next((e.get("template") for e in named if e.get("name") == "default"), None)
        if isinstance(source, str) and source:
            return source, path
    raise ModelUnavailable("tokenizer.no-template", folder=folder)


def read_end_ids(folder: Path) -> set[int]:
    """The tokens that the configuration files say end an answer."""
    found: set[int] = set()
    for name, part in (
        ("generation_config.json", ""),
        ("config.json", ""),
        ("config.json", "text_config"),
        ("genai_config.json", "model"),
    ):
        config: object = read_object(folder / name)
        if part and isinstance(config, dict):
            config = config.get(part)
        value = config.get("eos_token_id") if isinstance(config, dict) else None
        found.update(
            entry
            for entry in (value if isinstance(value, list) else [value])
            if isinstance(entry, int) and not isinstance(entry, bool) and 0 <= entry < _MOST_IDS
        )
    return found


def token_text(config: Mapping[str, object], name: str) -> str:
    """A token that ``config`` names, as text; empty where it names none that has a UTF-8."""
    value = config.get(name)
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) and _is_whole(value) else ""


def _is_whole(text: str) -> bool:
    """False where half a surrogate pair is in ``text``, which the library takes no text with."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _read(path: Path) -> str:
    return _guarded(path, lambda: path.read_text(encoding="utf-8-sig"))


def read_object(path: Path) -> dict[str, object]:
    """An object from a file that need not be there."""
    if not path.is_file():
        return {}
    value = _guarded(path, lambda: json.loads(path.read_text(encoding="utf-8-sig")))
    if not isinstance(value, dict):
        raise ModelUnavailable("tokenizer.broken", path=path)
    return value
