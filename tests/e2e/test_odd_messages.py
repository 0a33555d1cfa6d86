"""Messages that no editor should send, each answered and harmless."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from tests.e2e.peer import RpcError, stdio
from tests.e2e.test_traps import text_of

pytestmark = pytest.mark.slow


def strictly(body: bytes):
    """Read JSON as other languages do, which know no ``NaN`` and no ``Infinity``."""

    def refuse(word):
        raise ValueError(word)

    return json.loads(body.partition(b"\r\n\r\n")[2], parse_constant=refuse)


async def test_a_request_without_an_id_is_no_request():
    methods = ("shutdown", "doctorflan/draft", "textDocument/hover", "workspace/executeCommand")
    async with stdio() as peer:
        await peer.initialize()
        uri = await peer.open("主诉：咳嗽3天")
        at = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
        order = {"uri": uri, "op": "draft", "task": "triage", "at": 0, "language": "zh"}
        command = {"command": "doctorflan.draft", "arguments": [order]}
        for method in methods:
            await peer.notify(method, at | {"task": "triage"} | command)
        await peer.request("doctorflan/draft", at | {"task": "case-summary"})
        assert not [m for m in peer.heard if m.get("method") == "workspace/applyEdit"]
        await peer.request("shutdown")
        await peer.notify("exit")
        assert (await peer.stderr(), peer.process.returncode) == ("", 0)


async def test_a_cancellation_that_names_no_id_cancels_nothing():
    async with stdio() as peer:
        await peer.initialize()
        for asked in (1, "1"):
            await peer.start("test/wait", asked=asked)
        await peer.until(lambda heard: sum(m.get("method") == "test/begun" for m in heard) == 2)
        for named in (True, 1.0, None, [1], {"id": 1}):
            await peer.notify("$/cancelRequest", {"id": named})
        await peer.request("test/threads")
        assert not {1, "1"} & set(peer.answers)


@pytest.fixture
def deep_reader():
    """This process reads whatever the server can write."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.parametrize("method", ["completionItem/resolve", "codeAction/resolve"])
async def test_what_is_nested_too_deep_to_be_sent_back_is_answered(deep_reader, method):
    async with stdio() as peer:
        await peer.initialize()
        # Somewhere here reading it needs just less stack than writing it does.
        for depth in range(900, 1000):
            message = '{"jsonrpc": "2.0", "id": "d%d", "method": "%s", "params": {"deep": %s}}'
            nested = "[" * depth + "]" * depth
            await peer.send_body((message % (depth, method, nested)).encode())
        last = await peer.request("completionItem/resolve", {"label": "last"})
        assert last == {"label": "last"}
        answers = [each for asked, each in peer.answers.items() if asked is None or asked[0] == "d"]
        assert sum(map(len, answers)) == 100


async def test_numbers_that_python_would_read_or_write_as_no_json():
    message = (
        '{"jsonrpc": "2.0", "id": %d, "method": "completionItem/resolve", "params": {"n": %s}}'
    )
    async with stdio() as peer:
        await peer.initialize()
        for asked, number in enumerate(("1e999", "-1e999", "1" * 400 + ".5")):
            await peer.send_body((message % (asked, number)).encode())
            await peer.until(lambda _, asked=asked: asked in peer.answers)
            last = strictly(peer.raw.rpartition(b"Content-Length")[2])
            assert isinstance(last["result"]["n"], float)
        for word in ("NaN", "Infinity", "-Infinity"):
            await peer.send_body((message % (9, word)).encode())
        await peer.until(lambda _: len(peer.answers.get(None, ())) == 3)
        assert {answer["error"]["code"] for answer in peer.answers[None]} == {-32700}
        assert 9 not in peer.answers


@pytest.mark.parametrize("process", [0, -99_999])
async def test_a_process_id_that_is_none_ends_nothing(process):
    async with stdio() as peer:
        await peer.initialize(processId=process)
        await asyncio.sleep(0.1)
        assert await peer.request("doctorflan/tasks")


async def test_an_id_comes_back_as_it_was():
    async with stdio() as peer:
        await peer.initialize()
        for asked in ("𠮷", "", "\x00", 2**70, -1):
            assert await peer.answer(await peer.start("test/made", asked=asked)) == 0
            with pytest.raises(RpcError):
                await peer.answer(await peer.start("no/such", asked=asked))


async def test_a_change_of_nothing_but_the_version():
    async with stdio() as peer:
        literals = {"codeActionLiteralSupport": {}, "resolveSupport": {"properties": ["edit"]}}
        await peer.initialize({"textDocument": {"codeAction": literals}})
        uri = await peer.open("主诉：咳嗽3天\n诊断：肺炎\n")
        ends = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
        ask = {"textDocument": {"uri": uri}, "range": ends, "context": {"diagnostics": []}}
        await peer.request("textDocument/codeAction", ask)
        await peer.change(uri, 2)
        found = await peer.request("textDocument/codeAction", ask)
        lazy = next(each for each in found if "data" in each)
        assert (await peer.request("codeAction/resolve", lazy))["edit"]
        assert await text_of(peer, uri) == "主诉：咳嗽3天\n诊断：肺炎\n"
