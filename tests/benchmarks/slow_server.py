"""The server with a model that never ends, for measuring how fast a draft is cancelled."""

from __future__ import annotations

import time
from collections.abc import Iterator

from doctorflan_ls import server
from doctorflan_ls.models.base import Chunk, ModelSpec, Sampling, Stop
from doctorflan_ls.prompts import Prompt


class EndlessModel:
    """One word every 10 ms until it is stopped."""

    spec = ModelSpec("skeleton", "endless", "fake")

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        while not stop.is_set():
            yield Chunk("word ")
            time.sleep(0.01)


if __name__ == "__main__":
    options = server.ServerOptions(load_model=lambda *_: EndlessModel())
    raise SystemExit(server.run_stdio(options))
