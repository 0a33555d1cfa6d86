"""The server with its real models, that also writes down when they began, said a word and ended.

    python watched_server.py FOLDER MODEL THREADS TOKENS FILE

A line of JSON in FILE for each time a language model was asked: ``began``, ``first`` (null where
it said nothing) and ``ended`` on the machine's monotonic clock, ``pieces`` of text, nearly always
one a token.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from doctorflan_ls import server
from doctorflan_ls.models import catalogue
from doctorflan_ls.models.base import (
    ChatModel,
    Finish,
    Message,
    Model,
    ModelOptions,
    ModelSpec,
    Sampling,
    Stop,
)
from doctorflan_ls.models.language import LanguageModel


class Watched:
    """A `ChatModel` that is another one."""

    def __init__(self, chat: ChatModel, file: Path) -> None:
        self._chat = chat
        self._file = file

    @property
    def spec(self) -> ModelSpec:
        return self._chat.spec

    @property
    def takes_lead(self) -> bool:
        return self._chat.takes_lead

    def count(self, messages: Sequence[Message]) -> int:
        return self._chat.count(messages)

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop, lead: str = ""
    ) -> Generator[str, None, Finish]:
        began, first, pieces = time.perf_counter(), None, 0
        stream = self._chat.stream(messages, sampling, stop, lead)
        try:
            while True:
                try:
                    piece = next(stream)
                except StopIteration as end:
                    finish: Finish = end.value
                    return finish
                first = first or time.perf_counter()
                pieces += 1
                yield piece
        finally:
            stream.close()
            row = {"began": began, "first": first, "ended": time.perf_counter(), "pieces": pieces}
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

    def close(self) -> None:
        self._chat.close()


def main() -> int:
    folder, chosen, threads, tokens, file = sys.argv[1:]

    def load(model: str, options: ModelOptions) -> Model:
        made = catalogue.load_model(model, options)
        if isinstance(made, LanguageModel):
            return LanguageModel(Watched(made.chat, Path(file)))
        return made

    overrides = {
        "models.folder": folder,
        "models.use": f"*={chosen}",
        "models.threads": threads,
        "models.max_tokens": tokens,
    }
    return server.run_stdio(server.ServerOptions(load_model=load, overrides=overrides))


if __name__ == "__main__":
    raise SystemExit(main())
