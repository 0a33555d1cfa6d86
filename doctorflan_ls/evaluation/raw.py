"""A language model asked as a published setting asks it: the row's words as the user's, no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from doctorflan_ls.answers.plain import WithoutThought
from doctorflan_ls.models.base import (
    ChatModel,
    Chunk,
    Finish,
    Message,
    Model,
    ModelOptions,
    ModelSpec,
    Sampling,
    Stop,
)
from doctorflan_ls.models.language import LanguageModel
from doctorflan_ls.prompts import Prompt


@dataclass(slots=True)
class Meter:
    """What the last answer took; written on the model's thread, read when its job is done.

    ``pieces`` are those the model's text came in, about one a token. ``first`` and ``seconds``
    count from the question to the first piece and from that one to the end.
    """

    spec: ModelSpec | None = None
    asked: int = 0
    pieces: int = 0
    first: float = 0.0
    seconds: float = 0.0
    finish: str = ""

    def clear(self) -> None:
        """Before the next answer."""
        self.asked = self.pieces = 0
        self.first = self.seconds = 0.0
        self.finish = ""


@dataclass(slots=True)
class MeteredChat:
    """A language model whose answers are counted."""

    chat: ChatModel
    meter: Meter = field(default_factory=Meter)

    @property
    def spec(self) -> ModelSpec:
        """What it is."""
        return self.chat.spec

    @property
    def takes_lead(self) -> bool:
        """As the model."""
        return self.chat.takes_lead

    def count(self, messages: Sequence[Message]) -> int:
        """As the model."""
        return self.chat.count(messages)

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop, lead: str = ""
    ) -> Generator[str, None, Finish]:
        """As the model; a draft may take several of them."""
        meter = self.meter
        begun = time.monotonic()
        first = 0.0
        meter.asked += 1
        with closing(self.chat.stream(messages, sampling, stop, lead)) as stream:
            try:
                while True:
                    try:
                        piece = next(stream)
                    except StopIteration as end:
                        finish: Finish = end.value
                        if meter.finish != "length":
                            meter.finish = finish
                        return finish
                    if not first:
                        first = time.monotonic()
                        meter.first += first - begun
                    meter.pieces += 1
                    yield piece
            finally:
                if first:
                    meter.seconds += time.monotonic() - first

    def close(self) -> None:
        """As the model."""
        self.chat.close()


class RawModel:
    """A `Model` that gives the note's text to a language model as it is, and each turn after it.

    What a reasoning model only thinks is left out of its answer.
    """

    def __init__(self, chat: ChatModel) -> None:
        self._chat = chat

    @property
    def spec(self) -> ModelSpec:
        """What it is."""
        return self._chat.spec

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        """Yield the answer as it is made. Raises ModelUnavailable as the model does."""
        spoken = WithoutThought()
        with closing(self._chat.stream(conversation(prompt), sampling, stop)) as stream:
            for piece in stream:
                if text := spoken.push(piece):
                    yield Chunk(text)
        if rest := spoken.finish():
            yield Chunk(rest)

    def close(self) -> None:
        """As the model."""
        self._chat.close()


def conversation(prompt: Prompt) -> tuple[Message, ...]:
    """The first question, and each answer with the question that followed it."""
    said = [Message("user", str(prompt.note.text))]
    for turn in prompt.turn.chain() if prompt.turn else ():
        said += [Message("assistant", turn.draft.text), Message("user", turn.question)]
    return tuple(said)


def metered(
    load: Callable[[str, ModelOptions], Model], meter: Meter, *, raw: bool
) -> Callable[[str, ModelOptions], Model]:
    """``load``, with what a language model's answers take told to ``meter``.

    With ``raw`` language models are asked as `RawModel` does. Others draft as ever.
    """

    def loading(model: str, options: ModelOptions) -> Model:
        loaded = load(model, options)
        meter.spec = loaded.spec
        if not isinstance(loaded, LanguageModel):
            return loaded
        chat = MeteredChat(loaded.chat, meter)
        return RawModel(chat) if raw else LanguageModel(chat)

    return loading


__all__ = ["Meter", "MeteredChat", "RawModel", "conversation", "metered"]
