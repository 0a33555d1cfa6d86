"""The server with a model whose every word is the time at which it was made.

    python fed_server.py (draft|language) SECONDS

``draft`` feeds the server itself, ``language`` a language model, whose words are read first: what
may be a title or a repetition is held back until that is clear.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterator, Sequence

from doctorflan_ls import server
from doctorflan_ls.models.base import Chunk, Finish, Message, ModelSpec, Sampling, Stop
from doctorflan_ls.models.language import LanguageModel
from doctorflan_ls.prompts import Prompt

WORDS = 40
LETTERS = str.maketrans("0123456789", "abcdefghij")


def word() -> str:
    """The monotonic clock's nanoseconds as letters, the last digit first: no two begin alike."""
    return str(time.perf_counter_ns())[::-1].translate(LETTERS) + " "


class FedModel:
    """Says a word every ``seconds``."""

    spec = ModelSpec("fed", "1", "onnx")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        for _ in range(WORDS):
            if stop.wait(self.seconds):
                return
            yield Chunk(word())

    def close(self) -> None:
        pass


class FedChat(FedModel):
    """The same as a language model."""

    takes_lead = True

    def count(self, messages: Sequence[Message]) -> int:
        return 100

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop, lead: str = ""
    ) -> Generator[str, None, Finish]:
        for _ in range(WORDS):
            if stop.wait(self.seconds):
                break
            yield word()
        return "stop"


if __name__ == "__main__":
    kind, wait = sys.argv[1], float(sys.argv[2])
    model = FedModel(wait) if kind == "draft" else LanguageModel(FedChat(wait))
    raise SystemExit(server.run_stdio(server.ServerOptions(load_model=lambda *_: model)))
