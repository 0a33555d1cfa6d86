"""Coming and going: reconnects, too many at once, half a handshake, HTTP that is none."""

from __future__ import annotations

import asyncio
import gc
import socket
import weakref
from contextlib import AsyncExitStack, suppress

import pytest
from websockets.exceptions import InvalidStatus

from doctorflan_ls.server.connection import Connection
from doctorflan_ls.server.host import Host, ServerOptions
from tests.e2e.faults import TOKEN, constants, held, is_well, serving, settled
from tests.e2e.peer import StreamPeer, tcp
from tests.e2e.test_drafts import NOTE, asks, begun

COUNT = 200
PUSHES = {"textDocument": {"publishDiagnostics": {}}}
ENDINGS = ("exit", "close", "abort", "while a draft runs", "before the greeting")


async def _visit(server, ending):
    if ending == "before the greeting":
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /")
            writer.close()
        return
    async with server.client(**PUSHES) as peer:
        uri = await peer.open(NOTE)
        await is_well(peer, uri)
        if ending == "while a draft runs":
            await peer.start("doctorflan/draft", asks(uri, partialResultToken="p"))
            await begun(peer)
        elif ending == "exit":
            await peer.request("shutdown")
            await peer.notify("exit")
            await asyncio.wait_for(peer.closed.wait(), 10)
        if ending != "exit" and ending != "close":
            stream = peer.writer if isinstance(peer, StreamPeer) else peer.socket
            stream.transport.abort()


async def reconnects(transport, count):
    """What is held after ``count`` visits, less what it was after the first ones."""
    async with serving(transport, "endless") as server, server.client() as stays:
        await stays.open(NOTE)
        for ending in ENDINGS * 4:
            await _visit(server, ending)
        await asyncio.sleep(0.7)
        before = held(server.pid)
        kept = await stays.request("test/held")
        for n in range(count):
            await _visit(server, ENDINGS[n % len(ENDINGS)])
        now = await settled(server.pid, before)
        async with asyncio.timeout(10):
            while (left := await stays.request("test/held"))["all_tasks"] > kept["all_tasks"]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await is_well(stays, "file:///n.txt")
        return {
            "threads": now.threads - before.threads,
            "handles": now.handles - before.handles,
            "tasks": left["all_tasks"] - kept["all_tasks"],
            "connections": left["connections"],
            "mib": round(now.mib - before.mib, 1),
        }


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["tcp", "ws"])
async def test_clients_that_come_and_go_leave_nothing_behind(transport):
    grown = await reconnects(transport, COUNT)
    assert max(grown["threads"], grown["handles"], grown["tasks"]) <= 0
    assert grown["connections"] == 1
    assert grown["mib"] < 12


async def test_the_last_client_to_leave_takes_its_notes_along():
    host = Host(ServerOptions(), lambda _: None, shared=True)
    first, last = Connection(host), Connection(host)
    kept = []
    for connection in (first, last):
        note = connection.documents.open("file:///n.txt", 1, NOTE).note
        assert note.facts
        kept.append(weakref.ref(note))
        del note
    # Old enough that nothing but a full collection looks at them again.
    for _ in range(3):
        gc.collect()
    gc.disable()
    try:
        await first.close()
        await last.close()
        assert [each() for each in kept] == [None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize("transport", ["tcp", "ws"])
async def test_too_many_clients_are_told_so_and_one_that_leaves_makes_room(transport, monkeypatch):
    constants(monkeypatch, seats___MOST_CLIENTS=3)
    async with serving(transport) as server, AsyncExitStack() as stack:
        first = await stack.enter_async_context(server.client())
        async with server.client(), server.client():
            for _ in range(5):
                await _refused(server)
            await is_well(first)
        async with asyncio.timeout(10):
            while True:
                with suppress(OSError, InvalidStatus, TimeoutError):
                    async with asyncio.timeout(1), server.client() as late:
                        await is_well(late)
                        break
        await is_well(first)


async def _refused(server):
    if server.transport == "ws":
        with pytest.raises(InvalidStatus) as caught:
            async with server.client():
                pass
        assert caught.value.response.status_code == 503
        return
    async with tcp(server.port) as peer:
        await asyncio.wait_for(peer.closed.wait(), 10)
        (shown,) = peer.heard
        assert shown["method"] == "window/showMessage"
        assert shown["params"]["message"].startswith("there are too many clients")


async def test_a_vanished_machine_is_looked_for():
    """Loopback has no cables to pull: that the kernel asks is what there is to see."""
    async with serving("tcp") as server, server.client() as peer:
        await is_well(peer)
        # Until what was sent is acknowledged the kernel waits for that.
        await asyncio.sleep(0.5)
        try:
            ss = await asyncio.create_subprocess_exec(
                "ss", "-Htno", "sport", "=", f":{server.port}", stdout=asyncio.subprocess.PIPE
            )
        except FileNotFoundError:
            pytest.skip("no ss")
        said, _ = await ss.communicate()
        assert b"timer:(keepalive," in said, said


@pytest.mark.slow
async def test_a_client_that_does_not_greet_is_left(monkeypatch):
    constants(monkeypatch, tcp___STUCK_SECONDS=0.5)
    async with serving("tcp") as server, server.client() as quiet:
        before = held(server.pid)
        async with AsyncExitStack() as stack:
            silent = [await stack.enter_async_context(tcp(server.port)) for _ in range(20)]
            await silent[0].send_raw(b"Content-Le")
            for each in silent:
                await asyncio.wait_for(each.closed.wait(), 10)
        await settled(server.pid, before)
        # One that greeted may be silent for as long as it likes.
        await asyncio.sleep(1.2)
        await is_well(quiet)


@pytest.mark.slow
async def test_half_a_handshake_is_waited_for_a_while(monkeypatch):
    constants(monkeypatch, ws___OPEN_SECONDS=0.6)
    async with serving("ws") as server, server.client() as other:
        before = held(server.pid)
        begun_ = [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\n"]
        streams = [await asyncio.open_connection("127.0.0.1", server.port) for _ in begun_ * 5]
        for (_, writer), data in zip(streams, begun_ * 5, strict=True):
            writer.write(data)

        async def drip(writer):
            with suppress(OSError):
                for _ in range(100):
                    writer.write(b"X-A: b\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip(streams[3][1]))
        for reader, _ in streams:
            with suppress(OSError):
                assert b"101" not in await asyncio.wait_for(reader.read(), 10)
        await dripping
        for _, writer in streams:
            writer.close()
        await settled(server.pid, before)
        await is_well(other)


UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
PATH = f"/?token={TOKEN}".encode()
# The request, and what its answer may begin with; none where the connection is closed only.
ODD = {
    "not an upgrade": (b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n" % PATH, {426}),
    "no token": (b"GET / HTTP/1.1\r\nHost: h\r\n%b\r\n" % UPGRADE, {401}),
    "a body": (b"POST %b HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n" % PATH, {400, 405}),
    "a gigabyte": (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n", {400}),
    "chunks": (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", {400, 501}),
    "no version": (b"GET /\r\n\r\n", {400}),
    "another version": (b"GET / HTTP/3.0\r\n\r\n", {400}),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n", {400}),
    "a base protocol message": (b"Content-Length: 2\r\n\r\n{}", {400}),
    "no ASCII": ("GET /主诉 HTTP/1.1\r\nHost: h\r\n\r\n".encode(), {400}),
    "a long path": (b"GET /%b HTTP/1.1\r\n\r\n" % (b"x" * 9000), {400, 414}),
    "a long header": (b"GET / HTTP/1.1\r\nX: %b\r\n\r\n" % (b"x" * 9000), {400, 431}),
    "many headers": (b"GET / HTTP/1.1\r\n%b\r\n" % (b"X: y\r\n" * 200), {400, 431}),
    "a broken header": (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", {400}),
    "two keys": (b"GET %b HTTP/1.1\r\n%b%b\r\n" % (PATH, UPGRADE, UPGRADE), {400}),
    "another protocol": (
        b"GET %b HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" % PATH,
        {426},
    ),
    "nothing": (b"", {0}),
    "zeros": (b"\0" * 50_000, {0, 400, 414}),
}


async def test_http_that_is_none_is_answered_and_closed():
    async with serving("ws") as server, server.client() as other:
        before = held(server.pid)
        for name, (request, statuses) in ODD.items():
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            with suppress(OSError):
                writer.write(request)
                writer.write_eof()
            answer = b""
            with suppress(OSError):
                answer = await asyncio.wait_for(reader.read(), 10)
            status = int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0
            assert status in statuses | {0}, (name, answer[:80])
            assert b"Traceback" not in answer
            writer.close()
        await settled(server.pid, before)
        await is_well(other)


@pytest.mark.slow
async def test_handles_run_out_and_who_is_connected_is_served(monkeypatch):
    """The limit of clients is half of what the process may have: files can still be opened."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (700, hard))
    try:
        serving_few = serving("tcp")
        server = await serving_few.__aenter__()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        async with server.client() as first:
            many = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(450)]
            await asyncio.sleep(0.3)
            uri = await first.open(NOTE)
            made = await first.request("doctorflan/draft", asks(uri))
            assert made["draft"]["state"] == "ready"
            assert held(server.pid).handles < 400
            for each in many:
                each.close()
            await is_well(first, uri)
    finally:
        await serving_few.__aexit__(None, None, None)
