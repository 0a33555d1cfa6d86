"""Ghost text over the protocol: positions, a selected completion, the setting, the time bound."""

from __future__ import annotations

import pytest

from tests.e2e.peer import RpcError, stdio
from tests.e2e.test_features import document
from tests.e2e.test_traps import at

NOTE = "既往史：😀服用氨氯地平片 5mg 口服 每日1次。\n诊疗计划：😀继续氨氯"
CAPABLE = {"textDocument": {"inlineCompletion": {}}}


async def ghosts(peer, uri, line, character, **context):
    where = {"position": {"line": line, "character": character}}
    params = document(uri, **where, context={"triggerKind": 2, **context})
    return (await peer.request("textDocument/inlineCompletion", params))["items"]


@pytest.mark.parametrize(("encoding", "width"), [("utf-16", 2), ("utf-8", 4), ("utf-32", 1)])
async def test_positions_are_in_the_negotiated_encoding(encoding, width):
    async with stdio() as peer:
        wanted = {"general": {"positionEncodings": [encoding]}} | CAPABLE
        result = await peer.initialize(wanted)
        assert result["capabilities"]["inlineCompletionProvider"] == {}
        uri = await peer.open(NOTE)
        unit = 3 if encoding == "utf-8" else 1
        start = 5 * unit + width + 2 * unit
        expected = {
            "insertText": "氨氯地平片 5mg 口服 每日1次",
            "range": at(1, start, (1, start + 2 * unit)),
        }
        assert await ghosts(peer, uri, 1, start + 2 * unit) == [expected]
        # Where the client sends no context, and far behind the line's end.
        ask = document(uri, position={"line": 1, "character": 999})
        answer = await peer.request("textDocument/inlineCompletion", ask)
        assert answer == {"items": [expected]}


async def test_it_is_not_claimed_for_a_client_that_does_not_know_it():
    async with stdio() as peer:
        result = await peer.initialize({})
        assert "inlineCompletionProvider" not in result["capabilities"]


async def test_a_selected_completion_is_extended_or_nothing_is_shown():
    note = "初步诊断：冠状动脉粥样硬化性心脏病\n过敏史：\n出院诊断：冠状动"
    async with stdio() as peer:
        await peer.initialize(CAPABLE)
        uri = await peer.open(note)
        chosen = at(2, 5, (2, 8))
        selected = {"range": chosen, "text": "冠状动脉粥样"}
        items = await ghosts(peer, uri, 2, 8, selectedCompletionInfo=selected)
        assert items == [{"insertText": "冠状动脉粥样硬化性心脏病", "range": chosen}]
        other = {"range": chosen, "text": "冠状动脉瘤"}
        assert await ghosts(peer, uri, 2, 8, selectedCompletionInfo=other) == []


CASE = "主诉：发热3天。\n现病史：发热，咳黄痰。查体：T 38.6℃。WBC 13.2×10^9/L。\n诊断依据："


async def test_an_empty_heading_is_filled_and_typing_on_keeps_it():
    async with stdio() as peer:
        await peer.initialize(CAPABLE)
        uri = await peer.open(CASE)
        typed = ""
        [item] = await ghosts(peer, uri, 2, 5, triggerKind=1)
        assert item["range"] == at(2, 5, (2, 5))
        assert item["insertText"].startswith("\n1. 发热")
        whole = item["insertText"][1:]
        await peer.change(uri, 2, {"range": at(2, 5), "text": "\n"})
        for number, letter in enumerate(whole[:6], start=3):
            await peer.change(uri, number, {"range": at(3, len(typed)), "text": letter})
            typed += letter
            [item] = await ghosts(peer, uri, 3, len(typed))
            assert typed + item["insertText"] == whole


async def test_a_slow_model_shows_nothing_and_holds_nobody_up():
    async with stdio("endless") as peer:
        await peer.initialize(CAPABLE)
        uri = await peer.open(CASE)
        assert await ghosts(peer, uri, 2, 5) == []


async def test_the_note_changed_meanwhile():
    async with stdio("brief") as peer:
        await peer.initialize(CAPABLE)
        uri = await peer.open(CASE)
        ask = document(uri, position={"line": 2, "character": 5}, context={"triggerKind": 1})
        asked = await peer.start("textDocument/inlineCompletion", ask)
        await peer.change(uri, 2, {"range": at(0, 0), "text": "x"})
        assert await peer.answer(asked) == {"items": []}


@pytest.mark.parametrize("ghost", [True, False])
async def test_the_setting_switches_it_off(ghost):
    async with stdio() as peer:
        await peer.initialize(CAPABLE, initializationOptions={"draft": {"ghost": ghost}})
        uri = await peer.open("既往史：服用氨氯地平片 5mg。\n诊疗计划：继续氨氯")
        assert bool(await ghosts(peer, uri, 1, 9)) is ghost


async def test_malformed_parameters_are_named():
    async with stdio() as peer:
        await peer.initialize(CAPABLE)
        uri = await peer.open(NOTE)
        with pytest.raises(RpcError, match=r"selectedCompletionInfo\.range") as caught:
            await ghosts(peer, uri, 0, 0, selectedCompletionInfo={"text": "x"})
        assert caught.value.code == -32602
