"""The server with a language model whose every token is the time at which it was made."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Sequence

from doctorflan_ls import server
from doctorflan_ls.models.base import Finish, Message, ModelSpec, Sampling, Stop
from doctorflan_ls.models.language import LanguageModel


class FedModel:
    """Says the monotonic clock's nanoseconds, ``seconds`` apart."""

    spec = ModelSpec("fed", "1", "onnx")
    takes_lead = False

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def count(self, messages: Sequence[Message]) -> int:
        return 100

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop, lead: str = ""
    ) -> Generator[str, None, Finish]:
        for _ in range(40):
            if stop.wait(self.seconds):
                break
            yield f"at {time.perf_counter_ns()} "
        return "stop"

    def close(self) -> None:
        pass


if __name__ == "__main__":
    wait = float(sys.argv[1])
    options = server.ServerOptions(load_model=lambda *_: LanguageModel(FedModel(wait)))
    raise SystemExit(server.run_stdio(options))
