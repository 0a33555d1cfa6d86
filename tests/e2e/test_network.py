"""Many clients of one TCP or WebSocket server, and who is let in."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from contextlib import AsyncExitStack, suppress

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from doctorflan_ls import server
from doctorflan_ls.server.network import is_loopback
from tests.e2e.peer import RpcError, listening, port_of, tcp, ws
from tests.e2e.test_traps import text_of

TOKEN = "correct-horse"


async def test_tcp_clients_have_their_own_documents():
    async with listening("tcp") as (process, lines):
        port = port_of(lines)
        async with AsyncExitStack() as stack:
            peers = [await stack.enter_async_context(tcp(port)) for _ in range(5)]
            for n, peer in enumerate(peers):
                await peer.initialize()
                await peer.open(f"note {n}")
            uri = "file:///n.txt"
            assert [await text_of(peer, uri) for peer in peers] == [f"note {n}" for n in range(5)]
            await peers[0].notify("textDocument/didClose", {"textDocument": {"uri": uri}})
            await peers[1].request("shutdown")
            await peers[1].notify("exit")
            await asyncio.wait_for(peers[1].closed.wait(), 5)
            peers[2].writer.transport.abort()
            await peers[3].send_raw(b"garbage\r\n\r\n")
            with pytest.raises(RpcError):
                await text_of(peers[0], uri)
            assert await text_of(peers[3], uri) == "note 3"
            assert await text_of(peers[4], uri) == "note 4"
        async with tcp(port) as late:
            await late.initialize()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 5) == 0


async def test_tcp_serves_others_while_one_client_does_not_read():
    async with (
        listening("tcp") as (_, lines),
        tcp(port_of(lines)) as greedy,
        tcp(port_of(lines)) as other,
    ):
        await greedy.initialize()
        uri = await greedy.open("长" * 500_000)
        await other.initialize()
        greedy._pump.cancel()
        ask = {
            "jsonrpc": "2.0",
            "method": "test/text",
            "params": {"textDocument": {"uri": uri}},
        }
        for n in range(30):
            raw = json.dumps({**ask, "id": n}).encode()
            greedy.writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(raw), raw))
        await asyncio.sleep(0.1)
        assert await other.request("test/threads")


async def test_websocket_speaks_text_frames_to_many():
    async with listening("ws", TOKEN) as (_, lines):
        port = port_of(lines)
        async with ws(port, f"/?token={TOKEN}") as one, ws(port, f"/?token={TOKEN}") as two:
            for n, peer in enumerate((one, two)):
                await peer.initialize()
                await peer.open(f"病历 {n}")
            assert await text_of(one, "file:///n.txt") == "病历 0"
            await one.request("shutdown")
            await one.notify("exit")
            await asyncio.wait_for(one.closed.wait(), 5)
            assert await text_of(two, "file:///n.txt") == "病历 1"
            assert two.kinds == {str}


@pytest.mark.parametrize(
    "options",
    [
        {"path": f"/?token={TOKEN}"},
        {"additional_headers": {"Authorization": f"Bearer {TOKEN}"}},
        {"subprotocols": ["doctorflan.lsp", f"doctorflan.token.{TOKEN}"]},
        {"path": f"/?token={TOKEN}", "origin": "http://localhost:3000"},
        {"path": f"/?token={TOKEN}", "origin": "http://127.0.0.1"},
        {"path": f"/?token={TOKEN}", "origin": "https://ehr.example"},
    ],
)
async def test_websocket_lets_in(options):
    async with (
        listening("ws", TOKEN, "https://ehr.example") as (_, lines),
        ws(port_of(lines), **options) as peer,
    ):
        await peer.initialize()
        assert peer.socket.subprotocol in (None, "doctorflan.lsp")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({}, 401),
        ({"path": "/?token="}, 401),
        ({"path": "/?token=错"}, 401),
        ({"additional_headers": {"Authorization": "Bearer no"}}, 401),
        ({"path": f"/?token={TOKEN}", "origin": "https://evil.example"}, 403),
        ({"path": f"/?token={TOKEN}", "origin": "http://127.0.0.1.evil.example"}, 403),
        ({"path": f"/?token={TOKEN}", "origin": "null"}, 403),
        ({"path": f"/?token={TOKEN}", "origin": "http://[bad"}, 403),
    ],
)
async def test_websocket_keeps_out(options, status):
    async with listening("ws", TOKEN, "https://ehr.example") as (_, lines):
        with pytest.raises(InvalidStatus) as caught:
            async with ws(port_of(lines), **options):
                pass
        assert caught.value.response.status_code == status


async def test_websocket_makes_a_token_where_none_is_given():
    async with listening("ws") as (_, lines):
        token = lines[0].rsplit(" ", 1)[1]
        assert len(token) >= 32
        async with ws(port_of(lines), f"/?token={token}") as peer:
            await peer.initialize()


async def test_websocket_refuses_a_message_that_is_too_large():
    async with (
        listening("ws", TOKEN) as (_, lines),
        ws(port_of(lines), f"/?token={TOKEN}") as peer,
    ):
        with suppress(ConnectionClosed):
            await peer.socket.send([" " * (1 << 20)] * 65)
        await peer.socket.wait_closed()
        # RFC 6455, section 7.4.1: message too big.
        assert peer.socket.close_code == 1009


def test_only_loopback_is_listened_on(capsys):
    assert server.run_tcp("0.0.0.0", 0) == 2
    assert server.run_ws("192.0.2.1", 0, TOKEN) == 2
    assert "0.0.0.0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_loopback(host, expected):
    assert is_loopback(host) is expected


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
@pytest.mark.parametrize("transport", ["tcp", "ws"])
async def test_a_signal_ends_the_server_quietly_while_clients_are_connected(transport, sent, code):
    async with listening(transport, TOKEN) as (process, lines), AsyncExitStack() as stack:
        port = port_of(lines)
        if transport == "tcp":
            peer = await stack.enter_async_context(tcp(port))
        else:
            peer = await stack.enter_async_context(ws(port, f"/?token={TOKEN}"))
            # A client that never answers the closing handshake.
            peer.socket.transport.pause_reading()
        if transport == "tcp":
            await peer.initialize()
        process.send_signal(sent)
        assert await asyncio.wait_for(process.wait(), 3) == code
        assert await process.stderr.read() == b""


def test_a_port_in_use_is_said_with_what_to_do(capfd):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        chinese = server.ServerOptions(locale="zh")
        assert server.run_ws("127.0.0.1", port, options=chinese) == 1
    said = capfd.readouterr().err
    assert f"127.0.0.1:{port}：端口已被占用" in said
    assert said.count("\n") == 1


SENT = {"models": {"folder": "/elsewhere", "seed": 7}, "network": {"hosts": ["example.org"]}}


@pytest.mark.parametrize("transport", ["tcp", "ws"])
async def test_a_client_may_not_name_folders_and_hosts_of_a_shared_server(transport):
    async with listening(transport, *([TOKEN] if transport == "ws" else [])) as (_, lines):
        port = port_of(lines)
        async with tcp(port) if transport == "tcp" else ws(port, f"/?token={TOKEN}") as peer:
            asking = {"workspace": {"configuration": False}}
            await peer.initialize(asking, locale="en", initializationOptions=SENT)
            await peer.notify("workspace/didChangeConfiguration", {"settings": SENT})
            status = await peer.request("doctorflan/status")
    values = status["settings"]["values"]
    assert values["models.folder"]["value"] == ""
    assert values["models.seed"]["value"] == 7
    assert values["network.hosts"]["value"] == []
    shown = [m["params"]["message"] for m in peer.heard if m.get("method") == "window/showMessage"]
    (line,) = shown
    assert line.startswith("models.folder, network.hosts: only the server's own user may set this")
