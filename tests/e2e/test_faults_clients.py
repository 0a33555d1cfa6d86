"""Clients that stop reading, or stop in the middle: bounded memory, and others are served."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.e2e.faults import (
    asks_text,
    constants,
    ended,
    flood,
    framed,
    held,
    is_well,
    serving,
    settled,
)
from tests.e2e.peer import stdio, tcp
from tests.e2e.test_drafts import NOTE, asks, begun, progress_of
from tests.e2e.test_traps import at, text_of

TRANSPORTS = ["stdio", "tcp", "ws"]
PUSHES = {"textDocument": {"publishDiagnostics": {"versionSupport": True}}}
BIG = "长" * 300_000
# What a note of this size, and a client, may cost besides what waits.
ROOM_MIB = 50


@pytest.mark.slow
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_answers_to_a_client_that_does_not_read_are_bounded_and_all_come(transport):
    async with serving(transport) as server, AsyncExitStack() as stack:
        slow = await stack.enter_async_context(server.client())
        uri = await slow.open(BIG)
        assert len(await text_of(slow, uri)) == len(BIG)
        other = None
        if transport != "stdio":
            other = await stack.enter_async_context(server.client())
            await other.open(NOTE)
        before = held(server.pid)
        slow.stop_reading()
        # 80 MB of answers, were they all made.
        asked = asks_text(uri, 90)
        flooding = asyncio.create_task(flood(slow, asked))
        await asyncio.sleep(0.3)
        if other is not None:
            for _ in range(20):
                await is_well(other, "file:///n.txt")
        assert held(server.pid).mib < before.mib + ROOM_MIB
        slow.read_again()
        await flooding
        await slow.until(lambda heard: all(each["id"] in slow.answers for each in asked))
        assert all(len(slow.answers[each["id"]]) == 1 for each in asked)
        assert (await slow.request("test/held"))["inflight"] == 1


@pytest.mark.slow
async def test_whole_notes_sent_to_a_server_that_waits_are_bounded():
    async with serving("tcp") as server, server.client() as peer:
        uri = await peer.open(BIG)
        await text_of(peer, uri)
        before = held(server.pid)
        peer.stop_reading()
        changes = [
            {
                "method": "textDocument/didChange",
                "params": {
                    "textDocument": {"uri": uri, "version": n},
                    "contentChanges": [{"text": f"{n} " + "x" * 500_000}],
                },
            }
            for n in range(2, 162)
        ]
        # Answers first, so that what follows has to wait: 80 MB of it.
        flooding = asyncio.create_task(flood(peer, asks_text(uri, 20) + changes))
        await asyncio.sleep(1.0)
        assert held(server.pid).mib < before.mib + ROOM_MIB
        peer.read_again()
        await flooding
        assert (await text_of(peer, uri)).startswith("161 ")


@pytest.mark.slow
async def test_findings_and_drafts_wait_for_a_client_that_is_behind(monkeypatch):
    constants(monkeypatch, backlog__BEHIND_BYTES=100_000)
    async with serving("stdio", "endless") as server, server.client(**PUSHES) as peer:
        uri = await peer.open(NOTE + "患者体温39.2℃，血压300/400mmHg。" * 20)
        asked = await peer.start("doctorflan/draft", asks(uri, partialResultToken="p"))
        await begun(peer)
        big = await peer.open(BIG, "file:///big.txt")
        await is_well(peer)
        peer.stop_reading()
        await flood(peer, asks_text(big, 2))
        other = await peer.open(NOTE, "file:///typed.txt")
        heard = len(peer.heard)
        for version in range(2, 5):
            await peer.change(other, version, {"range": at(0, 0), "text": "体温43℃。"})
            # Longer than the rest after which findings are pushed.
            await asyncio.sleep(0.35)
        peer.read_again()
        await peer.until(lambda _: _pushed(peer, heard, other))
        await is_well(peer)
        # One push, of what is current; the pieces of the draft that waited came as one.
        assert _pushed(peer, heard, other) == [4]
        assert len(_pieces(peer, heard)) < 12
        joined = ""
        for piece in progress_of(peer.heard, "p"):
            assert piece["offset"] == len(joined)
            joined += piece["text"]
        assert joined.startswith("word1 word2 ")
        await peer.notify("$/cancelRequest", {"id": asked})


def _pushed(peer, start, uri):
    news = peer.heard[start:]
    pushed = [m["params"] for m in news if m.get("method") == "textDocument/publishDiagnostics"]
    return [each["version"] for each in pushed if each["uri"] == uri]


def _pieces(peer, start):
    return progress_of(peer.heard[start:], "p")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("transport", "half_closed"), [("tcp", False), ("tcp", True), ("ws", False)]
)
async def test_a_client_that_never_reads_again_is_left(transport, half_closed, monkeypatch):
    constants(monkeypatch, tcp___STUCK_SECONDS=0.4, ws___PING_SECONDS=0.4)
    async with serving(transport) as server, server.client() as other:
        before = held(server.pid)
        async with server.client() as gone:
            uri = await gone.open(BIG)
            await is_well(gone)
            gone.stop_reading()
            await flood(gone, asks_text(uri, 30))
            if half_closed:
                gone.writer.write_eof()
            await settled(server.pid, before)
            await is_well(other)
        # The other one took nothing either, because nothing waited for it.
        assert (await other.request("test/held"))["connections"] <= 2


@pytest.mark.slow
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_client_for_which_too_much_waits_is_left_at_once(transport, monkeypatch):
    # Each answer is of a request that runs beside the others: none of them waits for the client.
    constants(monkeypatch, backlog__GIVE_UP_BYTES=2_000_000)
    async with serving(transport) as server, server.client() as peer:
        uri = await peer.open(BIG)
        await is_well(peer)
        before = held(server.pid)
        peer.stop_reading()
        await flood(peer, asks_text(uri, 200, "test/textLater"))
        if transport == "stdio":
            assert await ended(peer.process) == 1
            assert "a client that does not read was left" in (await peer._errors).decode()
            return
        gone = held(server.pid)
        async with asyncio.timeout(20):
            while gone.handles >= before.handles:
                await asyncio.sleep(0.05)
                gone = held(server.pid)
        async with server.client() as late:
            await is_well(late)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["closes", "dies"])
async def test_a_process_ends_with_its_client_though_much_waits_unread(how):
    async with stdio() as peer:
        await peer.initialize()
        uri = await peer.open(BIG)
        await is_well(peer)
        peer.stop_reading()
        await flood(peer, asks_text(uri, 40))
        peer.writer.close()
        if how == "dies":
            peer.process._transport.get_pipe_transport(1).close()
        assert await ended(peer.process) == 1


async def test_half_a_message_disturbs_nobody():
    async with serving("tcp") as server, server.client() as other:
        await other.open(NOTE)
        before = held(server.pid)
        for ending in ("silence", "byte by byte", "disconnects"):
            async with tcp(server.port) as peer:
                await peer.initialize()
                uri = await peer.open("abc")
                whole = framed("test/text", {"textDocument": {"uri": uri}}, "late")
                await peer.send_raw(whole[:70])
                await is_well(other, "file:///n.txt")
                if ending == "byte by byte":
                    for n in range(70, len(whole)):
                        assert "late" not in peer.answers
                        await peer.send_raw(whole[n : n + 1])
                        await asyncio.sleep(0.001)
                    await peer.until(lambda _, peer=peer: peer.answers.get("late"))
                    assert peer.answers["late"][0]["result"] == "abc"
                elif ending == "disconnects":
                    peer.writer.transport.abort()
                await is_well(other, "file:///n.txt")
        await settled(server.pid, before)


async def test_half_a_websocket_message_disturbs_nobody():
    async with serving("ws") as server, server.client() as other:
        await other.open(NOTE)
        before = held(server.pid)

        async def pieces(goes_on):
            yield '{"jsonrpc": "2.0", "id": "late", "met'
            await is_well(other, "file:///n.txt")
            if not goes_on:
                await asyncio.sleep(60)
            for each in 'hod": "test/threads"}':
                yield each

        async with server.client() as slow:
            await slow.socket.send(pieces(goes_on=True))
            await slow.until(lambda _: slow.answers.get("late"))
        async with server.client() as gone:
            sending = asyncio.create_task(gone.socket.send(pieces(goes_on=False)))
            await asyncio.sleep(0.1)
            await is_well(other, "file:///n.txt")
            gone.socket.transport.abort()
            sending.cancel()
        await settled(server.pid, before)
        await is_well(other, "file:///n.txt")
