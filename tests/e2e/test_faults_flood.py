"""Floods, and bytes that are no message: nothing grows, the stream goes on, others are served."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from tests.e2e.faults import asks_text, flood, held, is_well, serving
from tests.e2e.peer import tcp
from tests.e2e.test_drafts import NOTE
from tests.e2e.test_traps import at, text_of

COUNT = 20_000
EMPTY = {"cancelled_early": 0, "outgoing": 0, "waiting": 0, "inflight": 1}


async def kept(peer):
    """What is kept for the connection, once the request that asks is all that runs."""
    found = await peer.request("test/held")
    return {name: found[name] for name in EMPTY}


def cancel(asked):
    return {"method": "$/cancelRequest", "params": {"id": asked}}


async def cancellations(transport, count):
    """Of requests that never were, that are answered, that wait, and that run; MiB it grew by."""
    async with serving(transport) as server, server.client() as peer:
        uri = await peer.open(NOTE)
        await is_well(peer, uri)
        done = [await peer.start("test/threads") for _ in range(50)]
        await asyncio.gather(*map(peer.answer, done))
        running = await peer.start("test/wait")
        await peer.until(lambda heard: [m for m in heard if m.get("method") == "test/begun"])
        await flood(peer, [cancel(f"no {n}") for n in range(1000)])
        before = held(server.pid)
        await flood(peer, [cancel(f"u{n}") for n in range(count)])
        await flood(peer, [cancel(done[n % 50]) for n in range(count)])
        odd = [None, True, 1.0, [], {}, "", 0, -1]
        await flood(peer, [cancel(odd[n % len(odd)]) for n in range(count // 10)])
        asked = asks_text(uri, 500)
        waits = [each for one in asked for each in (one, cancel(one["id"]), cancel(one["id"]))]
        await flood(peer, asked + waits[1::3] + [cancel(running)] * 100)
        await peer.until(lambda _: all(each["id"] in peer.answers for each in asked))
        assert all(len(peer.answers[each["id"]]) == 1 for each in asked)
        assert [each["error"]["code"] for each in peer.answers[running]] == [-32800]
        assert await kept(peer) == EMPTY
        await is_well(peer, uri)
        return held(server.pid).mib - before.mib


@pytest.mark.slow
async def test_cancellations_leave_nothing_behind():
    assert await cancellations("tcp", COUNT) < 20


async def test_requests_beyond_what_runs_at_once_are_refused_in_the_users_language():
    async with serving("tcp") as server, tcp(server.port) as peer:
        await peer.initialize(locale="zh-cn")
        await flood(peer, [{"id": n, "method": "test/wait"} for n in range(400)])
        await peer.until(lambda _: len(peer.answers) >= 400 - 256)
        refused = [each for n in range(400) for each in peer.answers.get(n, ())]
        assert len(refused) == 400 - 256
        assert {each["error"]["code"] for each in refused} == {-32803}
        assert {each["error"]["message"] for each in refused} == {
            "同时进行的请求过多，该请求未执行；请稍后重试"
        }
        # What needs no place of its own is still done.
        uri = await peer.open("abc")
        assert await text_of(peer, uri) == "abc"
        await flood(peer, [cancel(n) for n in range(400)])
        await peer.until(lambda _: all(n in peer.answers for n in range(400)))
        assert all(len(peer.answers[n]) == 1 for n in range(400))
        assert await kept(peer) == EMPTY


async def test_a_client_that_answers_no_question_is_asked_on():
    refreshing = {"workspace": {"configuration": True}}
    async with serving("stdio") as server, server.client(**refreshing) as peer:
        for n in range(600):
            settings = {"models": {"seed": n}}
            await peer.notify("workspace/didChangeConfiguration", {"settings": settings})
        assert (await peer.request("test/held"))["outgoing"] <= 256
        await is_well(peer)


async def changes(count):
    """A flood of keys, and of whole notes: the text that is left, and MiB it grew by."""
    async with serving("tcp") as server, server.client() as peer, server.client() as other:
        uri = await peer.open(NOTE)
        await is_well(peer, uri)
        before = held(server.pid)
        keys = [
            {
                "method": "textDocument/didChange",
                "params": {
                    "textDocument": {"uri": uri, "version": n},
                    "contentChanges": [{"range": at(1, 0, (1, 1)), "text": chr(0x4E00 + n % 999)}],
                },
            }
            for n in range(2, count + 2)
        ]
        typing = asyncio.create_task(flood(peer, keys))
        for _ in range(10):
            await is_well(other)
        await typing
        last = keys[-1]["params"]["contentChanges"][0]["text"]
        assert await text_of(peer, uri) == NOTE.replace("\n现", f"\n{last}")
        assert await kept(peer) == EMPTY
        return held(server.pid).mib - before.mib


@pytest.mark.slow
async def test_a_flood_of_keys_is_typed_and_forgotten():
    assert await changes(2000) < 25


# What comes before ``initialize``, and the codes of the errors that answer it.
FRAMES = {
    "a gigabyte announced": (b"Content-Length: 1000000000\r\n\r\n", [-32600], False),
    "beyond any number": (b"Content-Length: 1%b\r\n\r\n" % (b"0" * 30), [-32700], True),
    "negative": (b"Content-Length: -5\r\n\r\n", [-32700], True),
    "no number": (b"Content-Length: 0x20\r\n\r\n", [-32700], True),
    "a fraction": (b"Content-Length: 2.5\r\n\r\n", [-32700], True),
    "no length": (b"Content-Type: x\r\n\r\n", [-32700], True),
    "two lengths": (b"Content-Length: 99\r\nContent-Length: 2\r\n\r\n{}", [-32600], True),
    "line feeds alone": (b"Content-Length: 2\n\n{}", [-32600], True),
    "nothing": (b"Content-Length: 0\r\n\r\n", [-32700], True),
    "a header without end": (b"x" * 3_000_000 + b"\r\n\r\n", [-32700], True),
    "headers without end": (b"X-A: b\r\n" * 300_000 + b"\r\n", [-32700], True),
}


@pytest.mark.slow
async def test_broken_frames_are_said_and_the_stream_goes_on():
    async with serving("tcp") as server, server.client() as other:
        before = held(server.pid)
        for name, (data, codes, goes_on) in FRAMES.items():
            async with tcp(server.port) as peer:
                await peer.send_raw(data)
                await peer.until(lambda _, peer=peer: peer.answers.get(None))
                if goes_on:
                    await peer.initialize()
                said = [each["error"]["code"] for each in peer.answers[None]]
                assert said[0] == codes[0], name
                assert set(said) <= {*codes, -32700}, name
            await is_well(other)
        # One that does come is passed over.
        size = 100_000_000
        async with tcp(server.port) as peer:
            await peer.send_raw(b"Content-Length: %d\r\n\r\n" % size)
            for _ in range(size // 1_000_000):
                await peer.send_raw(b"x" * 1_000_000)
            await peer.initialize()
            (said,) = peer.answers[None]
            assert said["error"]["message"] == f"a message of {size} bytes exceeds 67108864"
            await is_well(other)
        assert held(server.pid).mib < before.mib + 30


BROKEN = [
    b"[" * 100_000,
    b"{" * 100_000,
    b'{"a":' * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b"[" + b"1," * 2_000_000 + b"1]",
    b"[" + b"[]," * 1_000_000 + b"[]]",
    b'{"jsonrpc": "2.0", "id": NaN, "method": "x"}',
    b'{"jsonrpc": "2.0", "id": 1, "method": "shutdown", "params": {"x": Infinity}}',
    b'{"jsonrpc": "2.0", "id": 1%b, "method": "x"}' % (b"0" * 5000),
    b'{"jsonrpc": "2.0", "id": "\\ud800", "method": "x"}',
    b'{"jsonrpc": "2.0", "id": 1e999, "method": "x"}',
    b'{"jsonrpc": "2.0", "id": {}, "method": "x"}',
    b'{"jsonrpc": "2.0", "id": "a\xff", "method": "x"}',
]
ANSWERED = [
    (b'{"jsonrpc": "2.0", "id": 1, "id": 2, "method": "test/threads"}', 2),
    (b'{"jsonrpc": "2.0", "id": %d, "method": "test/threads"}' % 10**40, 10**40),
    (b'{"jsonrpc": "2.0", "id": -1, "method": "test/threads"}', -1),
    (b'{"jsonrpc": "2.0", "id": "", "method": "test/threads"}', ""),
    (b'{"jsonrpc": "2.0", "id": "\\ud83d\\ude00", "method": "test/threads"}', "\U0001f600"),
    (b'{"jsonrpc": "2.0", "id": "%b", "method": "test/threads"}' % (b"i" * 10**6), "i" * 10**6),
    (b'{"jsonrpc": "2.0", "id": 7, "method": "completionItem/resolve", "params": {"n": 1e999}}', 7),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["tcp", "ws"])
async def test_odd_bodies_are_refused_or_answered_once(transport):
    async with serving(transport) as server, server.client() as other:
        async with server.client() as peer:
            for body in BROKEN:
                if transport == "ws" and b"\xff" in body:
                    continue
                peer.answers.pop(None, None)
                await peer.send_body(body)
                await peer.until(lambda _: peer.answers.get(None))
                assert peer.answers[None][0]["error"]["code"] < -32000, body[:60]
            for body, asked in ANSWERED:
                await peer.send_body(body)
                await peer.until(lambda _, asked=asked: peer.answers.get(asked))
                assert "result" in peer.answers[asked][0]
            assert len(peer.answers[7]) == 1
            # Strict JSON: JavaScript and Rust read no other.
            assert "Infinity" not in json.dumps(peer.answers[7])
            assert await kept(peer) == EMPTY
        await is_well(other)


async def _closed_with(server, *frames, text=True):
    """The code that the server closes a WebSocket with which sends ``frames``."""
    async with server.socket() as peer:
        with suppress(ConnectionClosed):
            if len(frames) > 1:
                await peer.socket.send(iter_of(frames), text=text)
            else:
                await peer.socket.send(frames[0], text=text)
        await asyncio.wait_for(peer.socket.wait_closed(), 20)
        return peer.socket.close_code


async def iter_of(frames):
    for each in frames:
        yield each


@pytest.mark.slow
async def test_websocket_messages_that_are_too_much():
    async with serving("ws") as server, server.client() as other:
        before = held(server.pid)
        # RFC 6455, section 7.4.1: 1009 is too big, 1007 no UTF-8.
        assert await _closed_with(server, *([b"x" * 1_000_000] * 100)) == 1009
        # One that sends on does not always read why.
        assert await _closed_with(server, *([b"x"] * 20_000)) in (1009, 1006)
        assert await _closed_with(server, *([b""] * 20_000), b"{}") in (1009, 1006)
        assert await _closed_with(server, b'{"a": "\xff"}') == 1007
        # Half a gigabyte, by its header alone.
        async with server.socket() as peer:
            peer.socket.transport.write(bytes([0x81, 0xFF]) + (500_000_000).to_bytes(8) + b"mask")
            await asyncio.wait_for(peer.socket.wait_closed(), 20)
            assert peer.socket.close_code == 1009
        # A small message that unpacks to much.
        async with server.socket(compression="deflate") as peer:
            with suppress(ConnectionClosed):
                await peer.socket.send(b" " * (65 << 20), text=True)
            await asyncio.wait_for(peer.socket.wait_closed(), 20)
            assert peer.socket.close_code == 1009
        await is_well(other)
        await asyncio.sleep(0.1)
        now = held(server.pid)
        assert (now.threads, now.handles) == (before.threads, before.handles)
        assert now.mib < before.mib + 150
