"""doctorflan/draft over real processes: streaming, cancelling, stale notes, broken models."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress

import pytest

from tests.e2e.peer import RpcError, listening, port_of, stdio, tcp
from tests.e2e.test_traps import CANARY, at

NOTE = "主诉：发热3天。\n现病史：患者3天前受凉后发热，最高39.2℃，伴咳嗽，无胸痛。\n"


async def open_note(peer, text=NOTE, **more):
    await peer.initialize(**more)
    return await peer.open(text)


def asks(uri, **more):
    return {"textDocument": {"uri": uri}, "task": "case-summary", **more}


def progress_of(heard, token):
    values = [m["params"] for m in heard if m.get("method") == "$/progress"]
    return [each["value"] for each in values if each["token"] == token]


async def begun(peer, token="p"):
    await peer.until(lambda heard: progress_of(heard, token))


async def test_a_draft_of_the_skeleton():
    async with stdio() as peer:
        uri = await open_note(peer)
        result = await peer.request("doctorflan/draft", asks(uri, workDoneToken="w"))
        draft = result["draft"]
        assert draft["state"] == "ready"
        assert draft["model"] == "skeleton"
        assert "发热" in draft["text"]
        assert [value["kind"] for value in progress_of(peer.heard, "w")][::100] == ["begin"]
        assert progress_of(peer.heard, "w")[-1] == {"kind": "end"}
        assert result["evidence"]


async def test_streaming_joins_to_the_draft():
    async with stdio("brief") as peer:
        uri = await open_note(peer)
        result = await peer.request("doctorflan/draft", asks(uri, partialResultToken=7))
        pieces = progress_of(peer.heard, 7)
        text = ""
        for piece in pieces:
            assert piece["offset"] == len(text)
            text += piece["text"]
        assert result["draft"]["text"].startswith(text)
        # 30 words in a third of a second, gathered in steps of 50 ms.
        assert 2 <= len(pieces) <= 15
        assert result["evidence"][-1]["ranges"] == [at(0, 0, (2, 0))]


async def test_m7_cancel_stops_the_model_within_a_word():
    async with stdio("endless") as peer:
        uri = await open_note(peer)
        asked = await peer.start("doctorflan/draft", asks(uri, partialResultToken="p"))
        await begun(peer)
        await peer.notify("$/cancelRequest", {"id": asked})
        with pytest.raises(RpcError) as caught:
            await peer.answer(asked)
        assert caught.value.code == -32800
        await asyncio.sleep(0.05)
        made = await peer.request("test/made")
        heard = len(peer.heard)
        await asyncio.sleep(0.2)
        assert await peer.request("test/made") == made
        assert len(peer.heard) == heard + 1
        assert len(peer.answers[asked]) == 1


async def test_progress_can_be_cancelled_from_the_editor():
    async with stdio("endless") as peer:
        uri = await open_note(peer)
        asked = await peer.start("doctorflan/draft", asks(uri, workDoneToken="w"))
        await begun(peer, "w")
        await peer.notify("window/workDoneProgress/cancel", {"token": "w"})
        with pytest.raises(RpcError) as caught:
            await peer.answer(asked)
        assert caught.value.code == -32800
        assert progress_of(peer.heard, "w")[-1] == {"kind": "end"}


async def test_requests_are_answered_while_a_draft_runs():
    async with stdio("endless") as peer:
        uri = await open_note(peer)
        asked = await peer.start("doctorflan/draft", asks(uri, partialResultToken="p"))
        await begun(peer)
        symbols = await peer.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
        assert len(symbols) == 2
        assert asked not in peer.answers


@pytest.mark.parametrize("model", ["endless", "deaf"])
@pytest.mark.parametrize("how", ["exit", "eof", "broken pipe"])
async def test_m10_the_process_ends_during_a_draft(model, how):
    async with stdio(model) as peer:
        uri = await open_note(peer)
        asked = await peer.start("doctorflan/draft", asks(uri, partialResultToken="p"))
        await begun(peer)
        started = time.monotonic()
        if how == "exit":
            assert await peer.request("shutdown") is None
            assert [answer["error"]["code"] for answer in peer.answers[asked]] == [-32800]
            await peer.notify("exit")
        elif how == "eof":
            peer.writer.close()
        else:
            peer.process._transport.get_pipe_transport(1).close()
            await asyncio.sleep(0.1)
            # The server may have noticed by its stream already, and be gone.
            with suppress(ConnectionResetError, BrokenPipeError):
                await peer.start("test/threads")
        assert await asyncio.wait_for(peer.process.wait(), 5) == (0 if how == "exit" else 1)
        # A promise of the issue, with room for a loaded machine.
        assert time.monotonic() - started < 3


async def test_m13_a_draft_for_an_old_text_is_refused():
    async with stdio("brief") as peer:
        uri = await open_note(peer, locale="zh")
        asked = await peer.start("doctorflan/draft", asks(uri, partialResultToken="p"))
        await begun(peer)
        await peer.change(uri, 2, {"range": at(0, 5), "text": "高"})
        with pytest.raises(RpcError, match="生成期间病历已修改") as caught:
            await peer.answer(asked)
        assert caught.value.code == -32801


async def test_m13_an_edit_elsewhere_does_not_disturb_a_draft():
    async with stdio("brief") as peer:
        uri = await open_note(peer)
        first_line = asks(uri, partialResultToken="p", range=at(0, 0, (0, 8)))
        asked = await peer.start("doctorflan/draft", first_line)
        await begun(peer)
        await peer.change(uri, 2, {"range": at(1, 5), "text": "该"})
        assert (await peer.answer(asked))["draft"]["state"] == "ready"


async def test_closing_the_document_ends_its_draft():
    async with stdio("endless") as peer:
        uri = await open_note(peer)
        asked = await peer.start("doctorflan/draft", asks(uri, partialResultToken="p"))
        await begun(peer)
        await peer.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        with pytest.raises(RpcError) as caught:
            await peer.answer(asked)
        assert caught.value.code == -32800


async def test_asking_again_replaces_the_older_request():
    async with stdio("brief") as peer:
        uri = await open_note(peer)
        older = await peer.start("doctorflan/draft", asks(uri, partialResultToken="p"))
        await begun(peer)
        newer = await peer.start("doctorflan/draft", asks(uri))
        with pytest.raises(RpcError) as caught:
            await peer.answer(older)
        assert caught.value.code == -32800
        assert (await peer.answer(newer))["draft"]["state"] == "ready"


async def test_m4_a_raising_model_says_nothing_of_the_note():
    async with stdio("raising", log_level="DEBUG") as peer:
        uri = await open_note(peer, CANARY)
        with pytest.raises(RpcError) as caught:
            await peer.request("doctorflan/draft", asks(uri))
        assert caught.value.code == -32803
        assert CANARY not in json.dumps(peer.heard, ensure_ascii=False)
        await peer.request("shutdown")
        await peer.notify("exit")
        assert CANARY not in await peer.stderr()


async def test_follow_up_questions():
    async with stdio("brief") as peer:
        uri = await open_note(peer)
        first = await peer.request("doctorflan/draft", asks(uri))
        earlier = first["draft"]["id"]
        params = asks(uri, previousDraft=earlier, question="还需要什么检查？")
        second = await peer.request("doctorflan/draft", params)
        assert second["draft"]["text"].endswith("还需要什么检查？")
        other = await peer.open(NOTE, "file:///other.txt")
        with pytest.raises(RpcError) as caught:
            await peer.request("doctorflan/draft", asks(other, previousDraft=earlier))
        assert caught.value.code == -32602


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"task": "case-sumary"}, "case-summary"),
        ({"task": 5}, "params.task must be a string"),
        ({"task": "case-summary", "range": {"start": 1}}, "params.range.start must be an object"),
        ({"task": "case-summary", "partialResultToken": []}, "partialResultToken must be"),
    ],
)
async def test_bad_requests(params, words):
    async with stdio() as peer:
        uri = await open_note(peer)
        with pytest.raises(RpcError, match=words) as caught:
            await peer.request("doctorflan/draft", {"textDocument": {"uri": uri}, **params})
        assert caught.value.code == -32602


async def test_one_client_leaving_does_not_stop_anothers_draft():
    async with listening("tcp", model="brief") as (_, lines):
        port = port_of(lines)
        async with tcp(port) as stays:
            uri = await open_note(stays)
            async with tcp(port) as leaves:
                await open_note(leaves)
                await leaves.start("doctorflan/draft", asks(uri, partialResultToken="p"))
                await begun(leaves)
                asked = await stays.start("doctorflan/draft", asks(uri))
            assert (await stays.answer(asked))["draft"]["state"] == "ready"
