"""Models that die: they raise, are killed, find no memory, or their files change under them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager
from itertools import count

import pytest

from doctorflan_ls.audit.reading import rows
from doctorflan_ls.audit.verify import verify
from tests.e2e.peer import ROOT, stdio
from tests.e2e.test_drafts import NOTE, asks, progress_of
from tests.e2e.test_features import FULL, answers_schema
from tests.e2e.test_models import warnings
from tests.plugin_sources import HEAD, installed

resource = pytest.importorskip("resource", reason="bounds as POSIX has them")
pytestmark = pytest.mark.slow

# What each fault does, in the model's own thread; the file named FAULT says which is next.
FAULTY = (
    HEAD
    + """
import _thread, ctypes, os, sys, threading
from pathlib import Path
from doctorflan_ls.models.base import Chunk, Listed, ModelSpec

class Panic(BaseException):
    pass

def raising(error):
    raise error

def in_another_thread():
    # What a debugger or a watchdog does to a thread.
    me = ctypes.c_ulong(threading.get_ident())
    ctypes.pythonapi.PyThreadState_SetAsyncExc(me, ctypes.py_object(Panic))
    for _ in range(1000):
        pass

def deep():
    return deep() + 1

FAULTS = {
    "panic": lambda: raising(Panic("secret 发热")),
    "interrupt": lambda: raising(KeyboardInterrupt()),
    "exit": lambda: sys.exit(3),
    "thread-exit": _thread.exit,
    "generator-exit": lambda: raising(GeneratorExit()),
    "memory": lambda: raising(MemoryError()),
    "injected": in_another_thread,
    "recursion": deep,
    "os-exit": lambda: os._exit(7),
}

def strike(where):
    place, _, fault = Path(os.environ["FAULT"]).read_text().partition(" ")
    if place == where:
        FAULTS[fault]()

class Faulty:
    spec = ModelSpec("faulty", "1", "onnx")

    def __init__(self):
        strike("load")

    def generate(self, prompt, sampling, stop):
        try:
            yield Chunk("begun ")
            strike("draft")
            yield Chunk("whole")
        finally:
            strike("end")

    def close(self):
        strike("close")

@hookimpl
def register_models(register):
    register(Listed(Faulty.spec, lambda options: Faulty()))
"""
)


@pytest.fixture
def fault(tmp_path, monkeypatch):
    """A server's plugin whose model does what this file says."""
    site = tmp_path / "site"
    site.mkdir()
    installed(site, "ward", FAULTY)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("DOCTORFLAN_PLUGINS", "ward")
    chosen = tmp_path / "fault"
    monkeypatch.setenv("FAULT", str(chosen))
    return chosen


@pytest.fixture
def trail(tmp_path, monkeypatch):
    path = tmp_path / "trail" / "audit.sqlite3"
    monkeypatch.setenv("DOCTORFLAN_AUDIT_PATH", str(path))
    return path


async def opened(peer, *, locale="en", model="ward/faulty", **settings):
    use = {"models": {"use": {"*": model}, **settings.pop("models", {})}, **settings}
    await peer.initialize(FULL, locale=locale, initializationOptions=use)
    return await peer.open(NOTE)


async def draft(peer, uri, **more):
    result = await peer.request("doctorflan/draft", asks(uri, **more))
    answers_schema("draft", result)
    return result


async def stands_in(peer, uri, model, **more):
    """The skeleton's draft in the place of the model's, and the one line that says why."""
    result = await draft(peer, uri, **more)
    assert result["draft"]["model"] == "skeleton"
    assert "发热" in result["draft"]["text"]
    assert "begun" not in result["draft"]["text"]
    assert result["fallback"]["model"] == model
    line = result["fallback"]["message"]
    assert "\n" not in line
    assert "secret" not in line
    return line


async def answers(peer, uri, model, **more):
    result = await draft(peer, uri, **more)
    assert (result["draft"]["model"], result["fallback"]) == (model, None)
    return result["draft"]


FAULTS = (
    *("panic", "interrupt", "exit", "thread-exit", "generator-exit", "memory", "injected"),
    "recursion",
)


async def test_whatever_a_model_raises_the_next_draft_has_it_again(fault, trail):
    struck = [(place, each) for place in ("load", "draft", "end") for each in FAULTS]
    async with stdio() as peer:
        fault.write_text("none")
        uri = await opened(peer)
        version = count(2)
        for number, (place, each) in enumerate(struck):
            # Other options are another copy of the model, loaded anew.
            models = {"use": {"*": "ward/faulty"}, "threads": number + 1}
            await peer.notify("workspace/didChangeConfiguration", {"settings": {"models": models}})
            await peer.change(uri, next(version), {"text": f"{NOTE}{number}\n"})
            fault.write_text(f"{place} {each}")
            await stands_in(peer, uri, "ward/faulty")
            fault.write_text("none")
            assert (await answers(peer, uri, "ward/faulty"))["text"] == "begun whole"
        # `os._exit` ends the server as it does any program; what was answered is kept.
        fault.write_text("draft os-exit")
        await peer.start("doctorflan/draft", asks(uri, task="triage"))
        await asyncio.wait_for(peer.closed.wait(), 20)
        assert await peer.process.wait() == 7
    outcomes = [row.outcome for row in rows(trail)]
    assert outcomes == ["failed", "ready", "ready"] * len(struck)
    assert verify(trail).fault is None


# The model is a process of its own

SERVER = """
import random, select, socket, sys
from string import ascii_lowercase
from tests.openai_servers import HEAD, event, read_request
chance = random.Random(7)
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
while True:
    connection, _ = listening.accept()
    with connection:
        if not read_request(connection):
            continue
        try:
            connection.sendall(HEAD)
            # A word every 10 ms, none like another: repeating itself would end the answer.
            for _ in range(int(sys.argv[2])):
                word = "word" + "".join(chance.choices(ascii_lowercase, k=9))
                connection.sendall(event(word + " "))
                if select.select([connection], [], [], 0.01)[0]:
                    break
            connection.sendall(event(finish="stop") + b"data: [DONE]\\n\\n")
        except OSError:
            pass
"""

REMOTE = """
id = "near"
version = "1"
kind = "openai"
licence = "MIT"
source = "made by the tests"
languages = ["zh", "en"]
description = {{ zh = "近", en = "near" }}
limits = {{ zh = "近", en = "near" }}

[remote]
url = "http://127.0.0.1:{port}/v1"
model = "m"
"""


@asynccontextmanager
async def model_process(port, words):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(port), str(words)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        await asyncio.wait_for(process.stdout.readline(), 20)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_model_process_that_is_killed_mid_draft(tmp_path, trail):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path / "models" / "near"
    folder.mkdir(parents=True)
    (folder / "model.toml").write_text(REMOTE.format(port=port))
    models = {"folder": str(folder.parent)}
    task = {"task": "differential-diagnosis"}
    async with stdio() as peer:
        network = {"hosts": [f"127.0.0.1:{port}"]}
        uri = await opened(peer, model="near", models=models, network=network)
        async with model_process(port, 100_000) as process:
            asked = await peer.start("doctorflan/draft", asks(uri, partialResultToken="p", **task))
            await peer.until(
                lambda heard: any("word" in each["text"] for each in progress_of(heard, "p"))
            )
            os.kill(process.pid, signal.SIGKILL)
            result = await peer.answer(asked)
        assert result["draft"]["model"] == "skeleton"
        assert "word" not in result["draft"]["text"]
        assert str(port) in result["fallback"]["message"]
        # Started again, it answers at once.
        async with model_process(port, 3):
            assert "word" in (await answers(peer, uri, "near", **task))["text"]
        assert len([each for each in warnings(peer) if "skeleton made" in each]) == 1
    assert [row.outcome for row in rows(trail)] == ["failed", "ready", "ready"]
    assert verify(trail).fault is None
