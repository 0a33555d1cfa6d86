"""A language model's tokenizer: a conversation to token ids, and token ids back to text.

Read from the files beside the weights as the ``transformers`` library writes them:
``tokenizer.json`` with ``tokenizer_config.json``, ``special_tokens_map.json``, a chat template in
``chat_template.jinja``, ``chat_template.json`` or ``tokenizer_config.json``, and the ids that end
an answer in ``generation_config.json``, ``config.json`` or ``genai_config.json``.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Message
from doctorflan_ls.models.detokenise import TokenDecoder

if TYPE_CHECKING:
    import tokenizers

    from doctorflan_ls.models.chat_template import ChatTemplate

_T = TypeVar("_T")
_NAMED_TOKENS = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
)
# Stand for characters of a message while the template is rendered: a plane for private use.
_MARKS = range(0xF0000, 0xFFFFE)
_PROBE_SYSTEM, _PROBE_USER, _PROBE_ANSWER = "syzygyone", "syzygytwo", "syzygythree"


class Tokenizer:
    """Ids of a conversation in the model's own format.

    The text of a message never becomes a control token (one that begins or ends a turn), whatever
    it holds: where it spells one, a space is put into it. Other text gives the ids that
    ``transformers`` gives.
    """

    def __init__(
        self,
        folder: Path,
        backend: tokenizers.Tokenizer,
        template: ChatTemplate,
        configured_ends: frozenset[int],
        unknown: int | None,
    ) -> None:
        self._folder = folder
        self._backend = backend
        self._template = template
        self._unknown = unknown
        added = backend.get_added_tokens_decoder()
        self._special = frozenset(key for key, token in added.items() if token.special)
        controls = {key: token.content for key, token in added.items() if _is_control(token)}
        self._ends = configured_ends
        for token_id in configured_ends:
            controls.setdefault(token_id, backend.id_to_token(token_id) or "")
        self._controls = controls
        self._borders = frozenset(
            char for text in controls.values() if text for char in (text[0], text[-1])
        )
        self._takes_system = True
        self._probe()

    @classmethod
    def load(cls, folder: Path, template: str = "") -> Tokenizer:
        """Read it from ``folder``; ``template`` is the path of its chat template, if not the usual.

        Raises ModelUnavailable where a file is missing or broken, or the template cannot be used.
        """
        config = _json(folder / "tokenizer_config.json")
        backend = _backend(folder / "tokenizer.json", config)
        named = {
            name: text
            for name in _NAMED_TOKENS
            if (text := _token(config, name) or _token(_map(folder), name))
        }
        ends = set(_end_ids(folder))
        if (end := backend.token_to_id(named.get("eos_token", ""))) is not None:
            ends.add(end)
        unknown = backend.token_to_id(named.get("unk_token", ""))
        source, path = _template_source(folder, template, config)
        variables: dict[str, object] = dict(named)
        if any(token.content == "<think>" for token in backend.get_added_tokens_decoder().values()):
            # A draft is wanted, not the reasoning before it.
            variables["enable_thinking"] = False
        return cls(folder, backend, _compiled(source, path, variables), frozenset(ends), unknown)

    @property
    def end_ids(self) -> frozenset[int]:
        """The tokens that end an answer: the configured ones and the template's own end of turn."""
        return self._ends

    @property
    def special_ids(self) -> frozenset[int]:
        """The tokens that have no text."""
        return self._special

    def prompt_ids(self, messages: Sequence[Message], lead: str = "") -> list[int]:
        """The ids of the conversation, up to where the model's answer begins, and of ``lead``.

        ``lead`` is the beginning of the answer. Raises ModelUnavailable where the template cannot
        render the conversation.
        """
        turns: list[tuple[str, str]] = [
            (message.role, _clean(message.text)) for message in messages
        ]
        if not self._takes_system:
            turns = _folded(turns)
        marks = _Marks(self._borders)
        marked = [(role, text.translate(marks)) for role, text in turns]
        rendered = self._render(marked) + _clean(lead).translate(marks)
        return self._encode(rendered, marks)

    def decoder(self, lead: str = "") -> TokenDecoder:
        """For one answer that goes on from ``lead``."""
        before = self._backend.encode(_clean(lead), add_special_tokens=False).ids if lead else []
        return TokenDecoder(self._backend, self._special, before)

    def _encode(self, rendered: str, marks: _Marks) -> list[int]:
        while True:
            text = rendered.translate(marks.inverse)
            encoding = self._backend.encode(text, add_special_tokens=False)
            forged = [
                start
                for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
                if token in self._controls
                and any(ord(char) in marks.inverse for char in rendered[start:end])
                and not (token == self._unknown and text[start:end] != self._controls[token])
            ]
            if not forged:
                return list(encoding.ids)
            for start in reversed(forged):
                rendered = _broken(rendered, start, marks)

    def _render(self, turns: Sequence[tuple[str, str]], *, prompt: bool = True) -> str:
        try:
            return self._template.render(turns, prompt=prompt)
        except Exception as error:  # noqa: BLE001 - a program of unknown origin may raise anything
            # Without the cause: its message may hold the note's text.
            raise ModelUnavailable(
                "tokenizer.template-fails", folder=self._folder, reason=type(error).__name__
            ) from None

    def _probe(self) -> None:
        """What the template does with a system message, and what ends a turn in it."""
        user = ("user", _PROBE_USER)
        try:
            takes = _PROBE_SYSTEM in self._render([("system", _PROBE_SYSTEM), user])
        except ModelUnavailable:
            takes = False
        self._takes_system = takes
        if _PROBE_USER not in self._render([user]):
            raise ModelUnavailable("tokenizer.template-drops", folder=self._folder)
        try:
            done = self._render([user, ("assistant", _PROBE_ANSWER)], prompt=False)
        except ModelUnavailable:
            return
        after = done.partition(_PROBE_ANSWER)[2]
        for token in self._backend.encode(after, add_special_tokens=False).ids:
            if token in self._controls:
                self._ends |= {token}
                break


class _Marks(dict[int, int]):
    """For `str.translate`: a private character for each that may border a control token.

    While the template is rendered no text of a message can look like a control token, and
    afterwards a mark tells what came from a message.
    """

    def __init__(self, borders: frozenset[str]) -> None:
        super().__init__()
        self._borders = borders
        self.inverse: dict[int, int] = {}

    def __missing__(self, code: int) -> int:
        char = chr(code)
        # A tokenizer may look for its tokens in normalised text.
        forms = {char, *unicodedata.normalize("NFKC", char), *char.lower(), *char.upper()}
        mark = code
        if code in _MARKS or not self._borders.isdisjoint(forms):
            mark = _MARKS[len(self.inverse)]
            self.inverse[mark] = code
        self[code] = mark
        return mark


def _broken(rendered: str, start: int, marks: _Marks) -> str:
    """``rendered`` with a space after the first mark from ``start`` on, or one in its place."""
    at = next(i for i in range(start, len(rendered)) if ord(rendered[i]) in marks.inverse)
    if rendered[at + 1 : at + 2] == " ":
        return rendered[:at] + rendered[at + 1 :]
    return rendered[: at + 1] + " " + rendered[at + 1 :]


def _is_control(token: tokenizers.AddedToken) -> bool:
    """True where the token is more than text: ``<think>`` is, runs of spaces and words are not."""
    text = token.content
    return bool(
        token.special or (len(text) > 1 and any(not c.isalnum() and not c.isspace() for c in text))
    )


def _clean(text: str) -> str:
    """``text`` without lone surrogates, which have no UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _folded(turns: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """System texts moved to the head of the first user message."""
    system = "\n\n".join(text for role, text in turns if role == "system" and text)
    rest = [turn for turn in turns if turn[0] != "system"]
    if not system:
        return rest
    for index, (role, text) in enumerate(rest):
        if role == "user":
            rest[index] = (role, f"{system}\n\n{text}")
            return rest
    return [("user", system), *rest]


def _compiled(source: str, path: Path, variables: Mapping[str, object]) -> ChatTemplate:
    from doctorflan_ls.models.chat_template import ChatTemplate  # noqa: PLC0415

    try:
        return ChatTemplate(source, variables)
    except Exception as error:  # noqa: BLE001 - a program of unknown origin may raise anything
        line = getattr(error, "lineno", None) or 0
        raise ModelUnavailable(
            "tokenizer.template-broken", path=path, line=line, reason=type(error).__name__
        ) from None


def _backend(path: Path, config: Mapping[str, object]) -> tokenizers.Tokenizer:
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
        if isinstance(content, str) and str(key) == str(backend.get_vocab_size()):
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


def _template_source(folder: Path, template: str, config: Mapping[str, object]) -> tuple[str, Path]:
    if template:
        path = folder / template
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise ModelUnavailable("tokenizer.no-template", folder=folder)
        return _read(path), path
    path = folder / "chat_template.jinja"
    if path.is_file():
        return _read(path), path
    for path, found in (
        (folder / "chat_template.json", _json(folder / "chat_template.json")),
        (folder / "tokenizer_config.json", config),
    ):
        source = found.get("chat_template")
        if isinstance(source, list):
            named = [entry for entry in source if isinstance(entry, dict)]
            source = next((e.get("template") for e in named if e.get("name") == "default"), None)
        if isinstance(source, str) and source:
            return source, path
    raise ModelUnavailable("tokenizer.no-template", folder=folder)


def _end_ids(folder: Path) -> set[int]:
    found: set[int] = set()
    for name, part in (
        ("generation_config.json", ""),
        ("config.json", ""),
        ("config.json", "text_config"),
        ("genai_config.json", "model"),
    ):
        config: object = _json(folder / name)
        if part and isinstance(config, dict):
            config = config.get(part)
        value = config.get("eos_token_id") if isinstance(config, dict) else None
        found.update(
            entry
            for entry in (value if isinstance(value, list) else [value])
            if isinstance(entry, int) and not isinstance(entry, bool)
        )
    return found


def _map(folder: Path) -> dict[str, object]:
    return _json(folder / "special_tokens_map.json")


def _token(config: Mapping[str, object], name: str) -> str:
    value = config.get(name)
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else ""


def _read(path: Path) -> str:
    return _guarded(path, lambda: path.read_text(encoding="utf-8-sig"))


def _json(path: Path) -> dict[str, object]:
    """An object from a file that need not be there."""
    if not path.is_file():
        return {}
    value = _guarded(path, lambda: json.loads(path.read_text(encoding="utf-8-sig")))
    if not isinstance(value, dict):
        raise ModelUnavailable("tokenizer.broken", path=path)
    return value
