"""Bad input, order of messages, and the end of the process."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tests.e2e.peer import RpcError, stdio
from tests.e2e.test_traps import at, text_of


async def code_of(peer, method, params=None):
    with pytest.raises(RpcError) as caught:
        await peer.request(method, params)
    return caught.value.code


async def test_requests_out_of_phase():
    async with stdio() as peer:
        assert await code_of(peer, "textDocument/hover") == -32002
        await peer.open("lost, because it came before initialize")
        await peer.initialize()
        assert await code_of(peer, "initialize", {"capabilities": {}}) == -32600
        assert await code_of(peer, "no/such") == -32601
        assert await peer.request("shutdown") is None
        assert await code_of(peer, "test/threads") == -32600
        assert await code_of(peer, "shutdown") == -32600
        await peer.notify("exit")
        assert await peer.process.wait() == 0


async def test_exit_without_shutdown_is_an_error():
    async with stdio() as peer:
        await peer.initialize()
        await peer.notify("exit")
        assert await peer.process.wait() == 1


@pytest.mark.parametrize(
    ("body", "asked", "code"),
    [
        (b"{nonsense", None, -32700),
        (b"\xff\xfe", None, -32700),
        (b"[" * 100_000, None, -32700),
        (b"[]", None, -32600),
        (b'"text"', None, -32600),
        (b'{"id": 7, "method": "x"}', 7, -32600),
        (b'{"jsonrpc": "1.0", "id": 7, "method": "x"}', 7, -32600),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "x"}', None, -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "x"}', None, -32600),
        (b'{"jsonrpc": "2.0", "id": true, "method": "x"}', None, -32600),
        (b'{"jsonrpc": "2.0", "id": 7, "method": 3}', 7, -32600),
        (b'{"jsonrpc": "2.0", "id": 7}', 7, -32600),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "x", "params": 3}', 7, -32602),
    ],
)
async def test_malformed_messages_are_answered_and_the_stream_goes_on(body, asked, code):
    async with stdio() as peer:
        await peer.send_body(body)
        await peer.initialize()
        [answer] = peer.answers[asked]
        assert answer["error"]["code"] == code


@pytest.mark.parametrize(
    "junk",
    [
        b"Content-Type: x\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: -5\r\n\r\n",
        b"\x00" * 20_000,
        b"garbage without an end ",
    ],
)
async def test_broken_headers_do_not_end_the_stream(junk):
    async with stdio() as peer:
        await peer.send_raw(junk)
        await asyncio.sleep(0.05)
        assert (await peer.initialize())["serverInfo"]["name"] == "doctorflan-ls"


async def test_documents_that_are_not_open_are_never_read_from_disk(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("on disk only")
    async with stdio() as peer:
        await peer.initialize()
        uri = path.as_uri()
        assert await code_of(peer, "test/text", {"textDocument": {"uri": uri}}) == -32602
        await peer.change(uri, 2, {"text": "x"})
        assert await code_of(peer, "test/text", {"textDocument": {"uri": uri}}) == -32602
        await peer.open("buffer", uri)
        assert await text_of(peer, uri) == "buffer"
        await peer.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        await peer.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        assert await code_of(peer, "test/text", {"textDocument": {"uri": uri}}) == -32602


async def test_a_version_that_went_backwards_is_refused_and_said_once():
    async with stdio() as peer:
        await peer.initialize(locale="zh-cn")
        uri = await peer.open("abc", version=5)
        await peer.change(uri, 3, {"range": at(0, 0), "text": "X"})
        await peer.change(uri, 4, {"range": at(0, 0), "text": "Y"})
        await peer.change(uri, 6, {"range": at(0, 0), "text": "Z"})
        assert await text_of(peer, uri) == "Zabc"
        shown = [m["params"] for m in peer.heard if m.get("method") == "window/showMessage"]
        assert [each["message"][:17] for each in shown] == ["文档版本从 5 退回到 3，该修改"]


async def test_a_malformed_change_leaves_the_text_whole():
    async with stdio() as peer:
        await peer.initialize()
        uri = await peer.open("abc")
        await peer.change(
            uri, 2, {"range": at(0, 0), "text": "X"}, {"range": at(0, -1), "text": ""}
        )
        assert await text_of(peer, uri) == "abc"
        assert [m for m in peer.heard if m.get("method") == "window/logMessage"]


@pytest.mark.parametrize(
    ("offered", "chosen", "character"),
    [
        (None, "utf-16", 3),
        (["utf-8", "utf-16"], "utf-8", 7),
        (["utf-7", "utf-32"], "utf-32", 2),
        ([], "utf-16", 3),
        (["utf-16", "utf-8"], "utf-16", 3),
    ],
)
async def test_encodings(offered, chosen, character):
    async with stdio() as peer:
        general = {"general": {"positionEncodings": offered}}
        result = await peer.initialize(general if offered is not None else {})
        assert result["capabilities"]["positionEncoding"] == chosen
        uri = await peer.open("𠮷主诉")
        await peer.change(uri, 2, {"range": at(0, character), "text": "|"})
        assert await text_of(peer, uri) == "𠮷主|诉"


async def test_nothing_heavy_is_imported():
    async with stdio() as peer:
        await peer.initialize()
        loaded = {name.partition(".")[0] for name in await peer.request("test/modules")}
        assert not loaded & {"numpy", "torch", "transformers", "onnxruntime", "click", "rich"}


async def test_the_end_of_input_ends_the_process():
    async with stdio() as peer:
        await peer.initialize()
        await peer.start("test/wait")
        peer.writer.close()
        assert await asyncio.wait_for(peer.process.wait(), 5) == 1


async def test_a_dead_parent_ends_the_process():
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=-1)
    async with stdio() as peer:
        await peer.initialize(processId=parent.pid)
        parent.kill()
        await parent.wait()
        assert await asyncio.wait_for(peer.process.wait(), 5) == 1
