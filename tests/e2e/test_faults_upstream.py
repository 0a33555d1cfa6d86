"""A model's server that fails while the doctor types: that goes on, and the skeleton answers."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time

import pytest
from openai_servers import HEAD, event, hangs, sends
from openai_servers import serving as upstream

from doctorflan_ls.errors import ModelUnavailable
from tests.e2e.faults import held, settled
from tests.e2e.peer import stdio
from tests.e2e.test_drafts import NOTE, asks
from tests.e2e.test_features import FULL, answers_schema
from tests.e2e.test_models import REMOTE, warnings
from tests.e2e.test_traps import at, text_of


def resets(*pieces):
    """Sends ``pieces`` and cuts the connection with a reset."""

    def answer(connection, _):
        for piece in pieces:
            connection.sendall(piece)
        time.sleep(0.1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return answer


def endless(piece, pause=0.0, first=HEAD):
    """Sends ``piece`` until the client has gone."""

    def answer(connection, _):
        connection.sendall(first)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            connection.sendall(piece)
            time.sleep(pause)

    return answer


def waits(*pieces):
    return hangs(*pieces)(threading.Event())


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
WORD = event("建议复查血常规。")
# The answer, and the key of the one line that the doctor reads.
FAULTS = {
    "stalls before the head": (waits(), "silent"),
    "stalls within a character": (waits(HEAD, 'data: {"choices": "建'.encode()[:-1]), "silent"),
    "resets before the head": (resets(), "dropped"),
    "resets midway": (resets(HEAD, WORD), "cut-off"),
    "garbage": (sends(HEAD, bytes(range(128, 256)) * 50 + b"\n\n"), "cut-off"),
    "garbled data": (sends(HEAD, b"data: \xff\xfe\n\n"), "garbled"),
    "a line without end": (endless(b"x" * 65536), "too-much"),
    "comments without end": (endless(b": " + b"x" * 65536 + b"\n"), "too-much"),
    "a trickle past the deadline": (endless(b": x\n\n", 0.05), "deadline"),
    "a gigabyte of JSON": (
        endless(
            b" " * 65536,
            first=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000000000\r\n\r\n",
        ),
        "no-stream",
    ),
    "a gigabyte announced": (
        sends(OK + b"Content-Length: 1000000000\r\n\r\n", WORD),
        "cut-off",
    ),
    "a chunk that lies": (
        sends(OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFF\r\n", WORD),
        "cut-off",
    ),
    "chunks that are none": (sends(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "cut-off"),
    "gzip": (
        endless(b"\0" * 65536, first=OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b"),
        "no-stream",
    ),
    "a web page": (
        sends(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>"),
        "web-page",
    ),
    "no HTTP": (sends(b"SSH-2.0-OpenSSH_9.2\r\n"), "not-http"),
}


def settings(folder, host, **more):
    made = folder / "away"
    made.mkdir(exist_ok=True)
    (made / "model.toml").write_text(REMOTE.format(host=host))
    return {
        "models": {"folder": str(folder), "use": {"*": "away"}},
        "network": {"hosts": [host], "timeout": 1},
        **more,
    }


async def types(peer, uri, version):
    """A key, and what an editor asks for after it."""
    await peer.change(uri, version, {"range": at(1, 4), "text": "又"})
    where = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 5}}
    asked = [
        await peer.start("textDocument/completion", where),
        await peer.start("textDocument/hover", where),
        await peer.start("textDocument/documentSymbol", {"textDocument": {"uri": uri}}),
    ]
    for each in asked:
        await peer.answer(each)


@pytest.mark.slow
async def test_typing_goes_on_and_the_skeleton_answers_whatever_the_server_does(tmp_path):
    moved = b"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:%d/v1\r\nContent-Length: 0\r\n\r\n"
    with upstream(sends(HEAD)) as elsewhere:
        faults = FAULTS | {"elsewhere": (sends(moved % elsewhere.port), "redirect")}
        async with stdio() as peer:
            with upstream(*(answer for answer, _ in faults.values())) as server:
                chosen = settings(tmp_path, server.host, draft={"deadline": 3})
                await peer.initialize(FULL, locale="zh-cn", initializationOptions=chosen)
                await _all(peer, server, faults)
        assert not elsewhere.requests


async def _all(peer, server, faults):
    await peer.open(NOTE)
    before = None
    for number, (name, (_, key)) in enumerate(faults.items()):
        uri = await peer.open(NOTE, f"file:///{number}.txt")
        typed = await peer.open(NOTE, f"file:///typed-{number}.txt")
        # Also where it is asked again.
        server._answers = [faults[name][0]]
        asked = await peer.start("doctorflan/draft", asks(uri))
        for version in range(2, 5):
            await types(peer, typed, version)
        made = await peer.answer(asked)
        answers_schema("draft", made)
        assert made["draft"]["model"] == "skeleton", name
        lines = {
            ModelUnavailable(
                each, host=server.host, model=model, status=307, seconds=seconds
            ).user_message("zh")
            for each, model, seconds in (
                (f"openai.{key}", "m", 1),
                # The engine's own, where it comes first.
                (f"engine.{key}" if key == "deadline" else f"openai.{key}", "away", 3),
            )
        }
        assert made["fallback"]["message"] in lines, name
        assert "\n" not in made["fallback"]["message"]
        assert (await text_of(peer, typed)).count("又") == 3
        if before is None:
            before = held(peer.process.pid)
    after = await settled(peer.process.pid, before)
    assert after.mib < before.mib + 60
    told = [each for each in warnings(peer) if "skeleton" in each]
    assert len(told) == len({key for _, key in faults.values()})


@pytest.mark.slow
async def test_an_answer_that_is_here_does_not_wait_for_a_server_that_trickles_on(tmp_path):
    done = event(finish="stop")
    with upstream(endless(b": still here\n\n", 0.05, HEAD + WORD + done)) as server:
        async with stdio() as peer:
            chosen = settings(tmp_path, server.host, draft={"deadline": 15})
            await peer.initialize(FULL, locale="en", initializationOptions=chosen)
            uri = await peer.open(NOTE)
            made = await peer.request("doctorflan/draft", asks(uri, task="triage"))
            assert made["draft"]["model"] == "away"
            assert "建议复查血常规" in made["draft"]["text"]


@pytest.mark.slow
async def test_an_answer_without_end_is_cut_and_said_to_be(tmp_path):
    chance = random.Random(8)

    def words(connection, _):
        connection.sendall(HEAD)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            connection.sendall(b"".join(event(f"{chance.randbytes(8).hex()} ") for _ in range(50)))

    with upstream(words) as server:
        async with stdio() as peer:
            chosen = settings(tmp_path, server.host)
            chosen["models"]["max_tokens"] = 64
            await peer.initialize(FULL, locale="zh-cn", initializationOptions=chosen)
            uri = await peer.open(NOTE)
            made = await peer.request("doctorflan/draft", asks(uri, task="triage"))
            assert made["draft"]["model"] == "away"
            assert len(made["draft"]["text"]) < 10_000
