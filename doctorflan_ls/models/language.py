"""A language model as a model of drafts: renders the prompt, streams, and gives the answer back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from doctorflan_ls.models.base import ChatModel, Chunk, Message, ModelSpec, Sampling, Stop

if TYPE_CHECKING:
    from doctorflan_ls.prompts import Prompt


class LanguageModel:
    """A `Model` made of a `ChatModel`."""

    def __init__(self, chat: ChatModel) -> None:
        self._chat = chat

    @property
    def spec(self) -> ModelSpec:
        """What the language model is and which version."""
        return self._chat.spec

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        """Yield the answer as it is made; raises ModelUnavailable as the language model does."""
        messages = (Message("user", prompt.note.slice(prompt.span)),)
        with closing(self._chat.stream(messages, sampling, stop)) as pieces:
            for piece in pieces:
                if stop.is_set():
                    return
                yield Chunk(piece)

    def close(self) -> None:
        """Give back what the language model holds."""
        self._chat.close()


__all__ = ["LanguageModel"]
