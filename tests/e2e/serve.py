"""Starts the server as the command line does, with handlers and a model made for the tests."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from doctorflan_ls import server
from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Chunk, Model, ModelOptions, ModelSpec, Sampling, Stop
from doctorflan_ls.models.catalogue import load_model
from doctorflan_ls.server import requests
from doctorflan_ls.server.connection import Connection
from doctorflan_ls.server.params import Params

if TYPE_CHECKING:
    from doctorflan_ls.prompts import Prompt


class FakeModel:
    """Nothing of it has to be given back."""

    def close(self) -> None:
        """Say nothing."""


class EndlessModel(FakeModel):
    """Yields a numbered word every 10 ms until it is stopped; counts what it made."""

    spec = ModelSpec("skeleton", "test", "fake")
    made = 0

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        while not stop.is_set():
            EndlessModel.made += 1
            yield Chunk(f"word{EndlessModel.made} ")
            time.sleep(0.01)


class BriefModel(FakeModel):
    """Takes a third of a second."""

    spec = ModelSpec("skeleton", "test", "fake")

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        for n in range(30):
            yield Chunk(f"word{n} ")
            time.sleep(0.01)
        yield Chunk(prompt.turn.question if prompt.turn else "first", (prompt.span,))


class DeafModel(FakeModel):
    """Never looks at ``stop``: the worst a plugin can do."""

    spec = ModelSpec("skeleton", "test", "fake")

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        yield Chunk("begun ")
        time.sleep(600)


class RaisingModel(FakeModel):
    spec = ModelSpec("skeleton", "test", "fake")

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        yield Chunk("begun ")
        raise ValueError(prompt.case())


class FailingModel(FakeModel):
    """Says half of what it has to say."""

    spec = ModelSpec("failing", "test", "fake")

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        yield Chunk("half an answer ")
        time.sleep(0.1)
        raise ModelUnavailable("engine.memory", model="failing")


class TalkingModel(FakeModel):
    """Repeats the conversation that it is given, and how it is to choose its words."""

    spec = ModelSpec("talking", "test", "fake", digest="a" * 64)

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        for turn in prompt.turn.chain() if prompt.turn else ():
            yield Chunk(f"[{len(turn.draft.text)}, {turn.question}]")
        yield Chunk(f"\n{sampling.max_tokens} {sampling.temperature} {sampling.seed}")


def several(name: str, options: ModelOptions) -> Model:
    """The catalogue's models, and some that behave badly."""
    if name == "unloadable":
        raise ModelUnavailable("engine.memory", model=name)
    if name == "bursting":
        raise RuntimeError(name)
    found = {"brief": BriefModel, "failing": FailingModel, "talking": TalkingModel}.get(name)
    return load_model(name, options) if found is None else found()


MODELS = {"brief": BriefModel, "endless": EndlessModel, "deaf": DeafModel, "raising": RaisingModel}


def text_of(ls: Connection, params: Params) -> str:
    return str(ls.document(params.uri()).text)


async def text_later(ls: Connection, params: Params) -> str:
    """An answer that is made beside the others: none waits for the client to read another."""
    await asyncio.sleep(0.1)
    return text_of(ls, params)


def raising(ls: Connection, params: Params) -> None:
    raise ValueError("secret: " + str(params.raw))


async def raising_later(ls: Connection, params: Params) -> None:
    await asyncio.sleep(0)
    raising(ls, params)


def refusing(ls: Connection, params: Params) -> None:
    raise JsonRpcInvalidParams("made for the test")


async def waiting(ls: Connection, params: Params) -> str:
    ls.protocol.notify("test/begun", None)
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        ls.protocol.notify("test/cancelled", None)
        raise
    return "never"


async def stubborn(ls: Connection, params: Params) -> str:
    ls.protocol.notify("test/begun", None)
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        await asyncio.sleep(0.05)
    ls.protocol.notify("test/late", None)
    return "late"


def printing(ls: Connection, params: Params) -> str:
    print("stray print")  # noqa: T201
    os.write(1, b"stray write\n")
    os.system("echo stray child")
    return "ok"


async def asking(ls: Connection, params: Params) -> Any:
    """Ask the client and be cancelled while it thinks (pygls#621)."""
    return await ls.protocol.send_request_async("test/question", {"n": 1})


def made(ls: Connection, params: Params) -> int:
    return EndlessModel.made


def modules(ls: Connection, params: Params) -> list[str]:
    return sorted(sys.modules)


def held(ls: Connection, params: Params) -> dict[str, int]:
    """How much of each kind is kept for this connection, and for all."""
    protocol = ls.protocol
    kept = ("_inflight", "_cancelled_early", "_tasks", "_outgoing")
    return {
        **{name.strip("_"): len(getattr(protocol, name)) for name in kept},
        "waiting": protocol.waiting,
        "connections": len(ls.host.connections),
        "all_tasks": len(asyncio.all_tasks()),
    }


def threads(ls: Connection, params: Params) -> list[str]:
    return sorted(thread.name for thread in threading.enumerate())


EXTRA = {
    "test/text": text_of,
    "test/textLater": text_later,
    "test/raise": raising,
    "test/raiseLater": raising_later,
    "test/refuse": refusing,
    "test/raiseNotified": raising,
    "test/wait": waiting,
    "test/stubborn": stubborn,
    "test/print": printing,
    "test/ask": asking,
    "test/made": made,
    "test/modules": modules,
    "test/held": held,
    "test/threads": threads,
}


def options(model: str | None) -> server.ServerOptions:
    if model == "several":
        return server.ServerOptions(load_model=several)
    return server.ServerOptions(load_model=None if model is None else lambda *_: MODELS[model]())


def change_constants() -> None:
    """Shorten waits: ``TEST_CONSTANTS`` is a JSON object of ``module:NAME`` and the values."""
    for name, value in json.loads(os.environ.get("TEST_CONSTANTS", "{}")).items():
        module, _, constant = name.partition(":")
        setattr(importlib.import_module(module), constant, value)


def main() -> int:
    transport, *arguments = sys.argv[1:]
    change_constants()
    requests.FEATURES.update(EXTRA)
    requests.NOTIFICATIONS.update(("test/raise", "test/raiseNotified"))
    logging.basicConfig(level=os.environ.get("TEST_LOG_LEVEL", "WARNING"), stream=sys.stderr)
    chosen = options(os.environ.get("TEST_MODEL"))
    if transport == "stdio":
        return server.run_stdio(chosen)
    if transport == "tcp":
        return server.run_tcp("127.0.0.1", 0, chosen)
    token, *origins = arguments or [""]
    return server.run_ws("127.0.0.1", 0, token or None, origins, chosen)


if __name__ == "__main__":
    sys.exit(main())
