"""Text of tokens, one at a time: what is shown is certain, never half a character."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_REPLACEMENT = "\ufffd"
# Decoding goes over the last tokens only; so many are kept as the context of the next.
_KEPT = 8
_WINDOW = 64


class Vocabulary(Protocol):
    """What is needed of `tokenizers.Tokenizer`."""

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = True) -> str:
        """The text of ``ids``."""

    def id_to_token(self, id: int) -> str | None:  # noqa: A002 - the library's name
        """A token as the vocabulary writes it."""


class TokenDecoder:
    """The text of one answer.

    All that `push` and `finish` give is the text of all its tokens, but for an unfinished character
    at the end.

    ``before`` are tokens that the answer goes on from: their text is not given, but whether a
    first space belongs to the answer depends on them. Special tokens have no text.
    """

    def __init__(
        self, vocabulary: Vocabulary, special: frozenset[int], before: Sequence[int] = ()
    ) -> None:
        self._vocabulary = vocabulary
        self._special = special
        self._ids = [token for token in before if token not in special][-_KEPT:]
        self._shown = len(self._text()) if self._ids else 0

    def push(self, token_id: int) -> str:
        """The text that is certain once ``token_id`` is there; often empty inside a character."""
        if token_id in self._special:
            return ""
        self._ids.append(token_id)
        # Bytes are decoded as one run: a wrong one among them changes what all of them mean.
        if _BYTE.fullmatch(self._vocabulary.id_to_token(token_id) or ""):
            return ""
        text = self._text()
        # An unfinished character at the end is one replacement character, whatever its bytes.
        whole = text[:-1] if text.endswith(_REPLACEMENT) else text
        piece = whole[self._shown :]
        self._shown = max(self._shown, len(whole))
        if len(self._ids) > _WINDOW and whole is text:
            self._forget()
        return piece

    def finish(self) -> str:
        """What is left at the end, without a character that was not finished."""
        text = self._text() if self._ids else ""
        piece = text[self._shown :].rstrip(_REPLACEMENT)
        self._shown = len(text)
        return piece

    def _text(self) -> str:
        return self._vocabulary.decode(self._ids, skip_special_tokens=True)

    def _forget(self) -> None:
        kept = self._ids[-_KEPT:]
        # A decoder drops the first space of all it is given: some text must stand before it.
        text = self._vocabulary.decode(kept, skip_special_tokens=True)
        if text:
            self._ids = kept
            self._shown = len(text)
