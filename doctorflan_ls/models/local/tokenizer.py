"""A language model's tokenizer: a conversation to token ids, and token ids back to text.

Read from the files beside the weights as the ``transformers`` library writes them:
``tokenizer.json`` with ``tokenizer_config.json``, ``special_tokens_map.json``, a chat template in
``chat_template.jinja``, ``chat_template.json`` or ``tokenizer_config.json``, and the ids that end
an answer in ``generation_config.json``, ``config.json`` or ``genai_config.json``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Message
from doctorflan_ls.models.local.detokenise import TokenDecoder
from doctorflan_ls.models.local.tokenizer_files import (
    compiled_template,
    read_backend,
    read_end_ids,
    read_object,
    template_source,
    token_text,
)

if TYPE_CHECKING:
    import tokenizers

    from doctorflan_ls.models.local.chat_template import ChatTemplate

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
        config = read_object(folder / "tokenizer_config.json")
        backend = read_backend(folder / "tokenizer.json", config)
        token_map = read_object(folder / "special_tokens_map.json")
        named = {
            name: text
            for name in _NAMED_TOKENS
            if (text := token_text(config, name) or token_text(token_map, name))
        }
        ends = set(read_end_ids(folder))
        if (end := backend.token_to_id(named.get("eos_token", ""))) is not None:
            ends.add(end)
        unknown = backend.token_to_id(named.get("unk_token", ""))
        source, path = template_source(folder, template, config)
        variables: dict[str, object] = dict(named)
        if any(token.content == "<think>" for token in backend.get_added_tokens_decoder().values()):
            # A draft is wanted, not the reasoning before it.
            variables["enable_thinking"] = False
        return cls(
            folder, backend, compiled_template(source, path, variables), frozenset(ends), unknown
        )

    @property
    def end_ids(self) -> frozenset[int]:
        """The tokens that end an answer: the configured ones and the template's own end of turn."""
        return self._ends

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
        rendered = _thought(self._render(marked)) + _clean(lead).translate(marks)
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


def _thought(rendered: str) -> str:
    """``rendered`` without a thought that stays open: what follows it is to be the answer.

    Closed as Qwen3's template does where thinking is switched off.
    """
    bare = rendered.rstrip()
    return f"{bare}\n\n</think>\n\n" if bare.endswith("<think>") else rendered


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
