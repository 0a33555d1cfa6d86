"""The traps that pygls sets, each by its number, and the complaints of other servers' users."""

from __future__ import annotations

import json

import pytest
from lsprotocol.types import Position
from pygls.workspace import PositionCodec

from tests.e2e.peer import RpcError, stdio

CANARY = "张三丰住在武当山紫霄宫"


async def text_of(peer, uri):
    return await peer.request("test/text", {"textDocument": {"uri": uri}})


def at(line, character, to=None):
    return {
        "start": {"line": line, "character": character},
        "end": {"line": to[0] if to else line, "character": to[1] if to else character},
    }


@pytest.mark.parametrize(
    "odd", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
)
async def test_m1_only_lsp_line_ends_split_lines(odd):
    async with stdio() as peer:
        await peer.initialize()
        uri = await peer.open(f"主诉{odd}：发热\n现病史：")
        await peer.change(uri, 2, {"range": at(1, 4), "text": "咳嗽"})
        assert await text_of(peer, uri) == f"主诉{odd}：发热\n现病史：咳嗽"


async def test_m2_past_the_end_is_the_end():
    async with stdio() as peer:
        await peer.initialize()
        uri = await peer.open("abc")
        await peer.change(uri, 2, {"range": at(0, 99), "text": "Z"})
        await peer.change(uri, 3, {"range": at(99, 0), "text": "!"})
        assert await text_of(peer, uri) == "abcZ!"


@pytest.mark.parametrize(
    ("method", "params", "path"),
    [
        ("textDocument/documentSymbol", {}, "params.textDocument must be an object"),
        ("textDocument/documentSymbol", {"textDocument": {"uri": 7}}, "uri must be a string"),
        ("textDocument/foldingRange", [1], "params must be an object"),
    ],
)
async def test_m3_malformed_params_are_answered(method, params, path):
    async with stdio() as peer:
        await peer.initialize()
        with pytest.raises(RpcError, match=path) as caught:
            await peer.request(method, params)
        assert caught.value.code == -32602
        assert not [m for m in peer.heard if m.get("method") == "window/showMessage"]


@pytest.mark.parametrize("method", ["test/raise", "test/raiseLater"])
@pytest.mark.parametrize("level", ["WARNING", "DEBUG"])
async def test_m4_m5_nothing_of_a_message_leaves_in_errors_or_logs(method, level):
    async with stdio(log_level=level) as peer:
        await peer.initialize()
        await peer.open(CANARY)
        with pytest.raises(RpcError, match=r"^-32603: internal error, ref [0-9a-f]+$") as caught:
            await peer.request(method, {"note": CANARY})
        assert "data" not in caught.value.error
        await peer.notify("test/raise", {"note": CANARY})
        await peer.send_body(CANARY.encode())
        await peer.send_body(json.dumps({"jsonrpc": "2.0", "id": 1, "result": CANARY}).encode())
        await peer.request("shutdown")
        await peer.notify("exit")
        stderr = await peer.stderr()
        reference = caught.value.message.rsplit(" ", 1)[1]
        assert f"ref {reference}: ValueError at raising:" in stderr
        assert CANARY not in stderr
        assert "secret" not in stderr
        answers = json.dumps(peer.heard, ensure_ascii=False)
        assert CANARY not in answers


async def test_m6_no_pool_thread_serves_requests():
    async with stdio() as peer:
        await peer.initialize()
        assert await peer.request("test/threads") == ["MainThread", "stdin", "stdout"]


async def test_m7_cancel_is_answered_at_once_and_stops_the_coroutine():
    async with stdio() as peer:
        await peer.initialize()
        asked = await peer.start("test/wait")
        await peer.until(lambda heard: [m for m in heard if m.get("method") == "test/begun"])
        await peer.notify("$/cancelRequest", {"id": asked})
        with pytest.raises(RpcError) as caught:
            await peer.answer(asked)
        assert caught.value.code == -32800
        await peer.until(lambda heard: [m for m in heard if m.get("method") == "test/cancelled"])


async def test_m9_a_handler_that_ignores_its_cancellation_is_answered_once():
    async with stdio() as peer:
        await peer.initialize()
        asked = await peer.start("test/stubborn")
        await peer.until(lambda heard: [m for m in heard if m.get("method") == "test/begun"])
        await peer.notify("$/cancelRequest", {"id": asked})
        await peer.until(lambda heard: [m for m in heard if m.get("method") == "test/late"])
        await peer.request("test/threads")
        assert [answer["error"]["code"] for answer in peer.answers[asked]] == [-32800]


async def test_m11_stray_output_never_enters_the_protocol():
    async with stdio() as peer:
        await peer.initialize()
        assert await peer.request("test/print") == "ok"
        await peer.request("shutdown")
        await peer.notify("exit")
        stderr = await peer.stderr()
        assert {"stray print", "stray write", "stray child"} <= set(stderr.split("\n"))
        assert b"stray" not in peer.raw


async def test_pygls_517_waiting_requests_that_are_cancelled_are_not_run():
    async with stdio() as peer:
        await peer.initialize()
        uri = await peer.open("x")
        ids = []
        data = b""
        for n in range(60):
            ids.append(f"q{n}")
            params = {"textDocument": {"uri": uri}}
            body = {"jsonrpc": "2.0", "id": f"q{n}", "method": "test/text", "params": params}
            raw = json.dumps(body).encode()
            data += b"Content-Length: %d\r\n\r\n%b" % (len(raw), raw)
        for asked in ids[1:]:
            raw = json.dumps(
                {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": asked}}
            ).encode()
            data += b"Content-Length: %d\r\n\r\n%b" % (len(raw), raw)
        await peer.send_raw(data)
        await peer.until(lambda heard: all(asked in peer.answers for asked in ids))
        assert all(len(peer.answers[asked]) == 1 for asked in ids)
        codes = [peer.answers[asked][0].get("error", {}).get("code") for asked in ids]
        assert codes.count(-32800) > 30


async def test_pygls_621_a_late_answer_to_a_cancelled_question_is_harmless():
    async with stdio() as peer:
        await peer.initialize()
        asked = await peer.start("test/ask")
        [question] = await peer.until(
            lambda heard: [m for m in heard if m.get("method") == "test/question"]
        )
        await peer.notify("$/cancelRequest", {"id": asked})
        with pytest.raises(RpcError):
            await peer.answer(asked)
        await peer.send({"id": question["id"], "result": 1})
        await peer.send({"id": question["id"], "error": {"code": 1, "message": "again"}})
        assert "MainThread" in await peer.request("test/threads")


async def test_a_stray_response_cannot_end_a_running_request():
    async with stdio() as peer:
        await peer.initialize()
        asked = await peer.start("test/wait")
        await peer.until(lambda heard: [m for m in heard if m.get("method") == "test/begun"])
        await peer.send({"id": asked, "result": "forged"})
        await peer.request("test/threads")
        assert asked not in peer.answers
        await peer.request("shutdown")
        assert [answer["error"]["code"] for answer in peer.answers[asked]] == [-32800]


async def test_questions_are_answered():
    async with stdio() as peer:
        await peer.initialize()
        asked = await peer.start("test/ask")
        [question] = await peer.until(
            lambda heard: [m for m in heard if m.get("method") == "test/question"]
        )
        await peer.send({"id": question["id"], "result": {"answer": "是"}})
        assert await peer.answer(asked) == {"answer": "是"}


def test_pygls_still_has_m2():
    """Were pygls to mend its clamping, this repair could be thought over."""
    position = Position(line=0, character=99)
    assert PositionCodec().position_from_client_units(["abc"], position).character == 2
