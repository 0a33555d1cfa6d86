"""Findings, colours, marks, lenses and the way to the evidence, over the protocol."""

from __future__ import annotations

import asyncio
import json

import jsonschema
import pytest

from tests.e2e.peer import ROOT, RpcError, stdio

NOTE = "门诊病历\n主诉：咳嗽\n体格检查：T 50℃，血钾 2.9mmol/L\n诊断：肺炎\n"
PUSH = {"textDocument": {"publishDiagnostics": {"versionSupport": True}}}
PULL = {
    "workspace": {
        "diagnostics": {"refreshSupport": True},
        "semanticTokens": {"refreshSupport": True},
        "inlayHint": {"refreshSupport": True},
    },
    "textDocument": {"publishDiagnostics": {}, "diagnostic": {}},
}
APPLIES = {"workspace": {"applyEdit": True}}


def schema(name, part):
    path = ROOT / "schemas" / "protocol" / f"{name}.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    return {"$ref": f"#/$defs/{part}", "$defs": whole["$defs"]}


def pushes(heard):
    method = "textDocument/publishDiagnostics"
    return [each["params"] for each in heard if each.get("method") == method]


def at(uri, line, character):
    return {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
    }


def codes(params):
    return {each["code"] for each in params["diagnostics"]}


def insert(line, character, text):
    place = {"line": line, "character": character}
    return {"range": {"start": place, "end": place}, "text": text}


async def test_findings_are_pushed_at_once_and_after_the_typing():
    async with stdio() as peer:
        await peer.initialize(PUSH, locale="zh")
        uri = await peer.open(NOTE)
        (first,) = await peer.until(pushes)
        assert (first["uri"], first["version"]) == (uri, 1)
        assert {"ZA-05", "ZC-09"} <= codes(first)
        (impossible,) = [each for each in first["diagnostics"] if each["code"] == "ZC-09"]
        assert impossible["range"] == {
            "start": {"line": 2, "character": 5},
            "end": {"line": 2, "character": 10},
        }
        assert (impossible["severity"], impossible["source"]) == (1, "doctorflan")
        for version, key in enumerate("3天，", start=2):
            await peer.change(uri, version, insert(1, 3 + version, key))
        await peer.until(lambda heard: pushes(heard)[-1]["version"] == 4)
        assert "ZA-05" not in codes(pushes(peer.heard)[-1])
        versions = [each["version"] for each in pushes(peer.heard)]
        assert versions == sorted(versions)
        await peer.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        await peer.until(lambda heard: pushes(heard)[-1]["diagnostics"] == [])


async def test_a_client_that_asks_is_not_told_and_is_asked_to_ask_again():
    async with stdio() as peer:
        result = await peer.initialize(PULL, locale="zh")
        assert result["capabilities"]["diagnosticProvider"] == {
            "interFileDependencies": False,
            "workspaceDiagnostics": False,
        }
        uri = await peer.open(NOTE)
        asked = {"textDocument": {"uri": uri}}
        report = await peer.request("textDocument/diagnostic", asked)
        assert report["kind"] == "full"
        assert "ZC-09" in {each["code"] for each in report["items"]}
        again = asked | {"previousResultId": report["resultId"]}
        same = await peer.request("textDocument/diagnostic", again)
        assert same == {"kind": "unchanged", "resultId": report["resultId"]}
        settings = {"doctorflan": {"checks": {"disabled": ["ZC-09"]}}}
        await peer.notify("workspace/didChangeConfiguration", {"settings": settings})
        await peer.until(
            lambda heard: (
                {
                    "workspace/diagnostic/refresh",
                    "workspace/semanticTokens/refresh",
                    "workspace/inlayHint/refresh",
                }
                <= {each.get("method") for each in heard}
            )
        )
        changed = await peer.request("textDocument/diagnostic", again)
        assert changed["kind"] == "full"
        assert "ZC-09" not in {each["code"] for each in changed["items"]}
        assert pushes(peer.heard) == []


async def test_a_client_that_says_it_asks_and_does_not_is_told_until_it_does():
    async with stdio() as peer:
        await peer.initialize(PULL, locale="zh")
        uri = await peer.open(NOTE)
        (first,) = await peer.until(pushes)
        assert "ZC-09" in codes(first)
        await peer.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        assert pushes(peer.heard)[-1] == {"uri": uri, "diagnostics": []}


async def test_findings_can_be_switched_off():
    async with stdio() as peer:
        options = {"checks": {"show": False}}
        await peer.initialize(PUSH, locale="zh", initializationOptions=options)
        uri = await peer.open(NOTE)
        (first,) = await peer.until(pushes)
        assert first["diagnostics"] == []
        hover = await peer.request("textDocument/hover", at(uri, 2, 6))
        assert "50" in hover["contents"]["value"]


async def test_a_client_that_knows_no_findings_gets_none():
    async with stdio() as peer:
        result = await peer.initialize({}, locale="zh")
        assert "diagnosticProvider" not in result["capabilities"]
        uri = await peer.open(NOTE)
        await peer.request("textDocument/hover", at(uri, 2, 6))
        await asyncio.sleep(0.3)
        assert pushes(peer.heard) == []


@pytest.mark.parametrize(("encoding", "length"), [("utf-8", 6), ("utf-16", 2), ("utf-32", 2)])
async def test_semantic_tokens_count_as_the_client_does(encoding, length):
    async with stdio() as peer:
        capabilities = {"general": {"positionEncodings": [encoding]}}
        result = await peer.initialize(capabilities, locale="zh")
        legend = result["capabilities"]["semanticTokensProvider"]["legend"]
        uri = await peer.open(f"𠮷{NOTE}")
        asked = {"textDocument": {"uri": uri}}
        data = (await peer.request("textDocument/semanticTokens/full", asked))["data"]
        rows = [data[start : start + 5] for start in range(0, len(data), 5)]
        assert rows[0][:3] == [1, 0, length]
        assert legend["tokenTypes"][rows[0][3]] == "namespace"
        place = {"start": {"line": 2, "character": 0}, "end": {"line": 3, "character": 0}}
        part = await peer.request("textDocument/semanticTokens/range", asked | {"range": place})
        assert part["data"][:3] == [2, 0, 2 * length]


async def test_marks_stand_behind_values_out_of_range():
    async with stdio() as peer:
        await peer.initialize({}, locale="en")
        uri = await peer.open(NOTE)
        whole = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
        asked = {"textDocument": {"uri": uri}, "range": whole}
        hints = await peer.request("textDocument/inlayHint", asked)
        (low,) = [each for each in hints if each["label"] == "↓"]
        assert low["position"] == {"line": 2, "character": 23}
        assert "low" in low["tooltip"]
        assert "Reference range" in low["tooltip"]


async def test_a_draft_has_lenses_a_finding_a_place_in_the_list_and_its_evidence():
    async with stdio() as peer:
        await peer.initialize(APPLIES, locale="zh")
        uri = await peer.open("主诉：咳嗽3天\n既往史：糖尿病5年。\n")
        made = await peer.request(
            "doctorflan/draft", {"textDocument": {"uri": uri}, "task": "case-summary"}
        )
        ((edit,),) = made["edit"]["changes"].values()
        change = {"range": edit["range"], "text": edit["newText"]}
        await peer.change(uri, 2, change)
        block = made["draft"]["id"]

        lenses = await peer.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
        assert [each["command"]["command"] for each in lenses] == [
            "doctorflan.accept",
            "doctorflan.discard",
            "doctorflan.regenerate",
        ]
        assert lenses[0]["command"]["arguments"] == [{"uri": uri, "block": block}]

        listed = await peer.request("doctorflan/drafts", {})
        jsonschema.validate(listed, schema("drafts", "result"))
        (row,) = listed["documents"][0]["drafts"]
        assert (row["id"], row["task"], row["title"]) == (block, "case-summary", "病例总结")
        assert row["modified"] is False
        assert {"id": "inaccurate", "title": "内容与病情不符"} in listed["reasons"]

        lines = edit["newText"].split("\n")
        line = next(at for at, words in enumerate(lines) if "糖尿病" in words)
        place = at(uri, edit["range"]["start"]["line"] + line, lines[line].index("糖尿病") + 1)
        (evidence, *_) = await peer.request("textDocument/definition", place)
        assert evidence["range"]["start"]["line"] == 1
        assert await peer.request("textDocument/definition", at(uri, 0, 1)) == []


async def test_a_note_that_is_not_open_is_checked_and_not_kept():
    async with stdio() as peer:
        await peer.initialize(PUSH, locale="zh")
        found = await peer.request("doctorflan/check", {"uri": "file:///closed.note", "text": NOTE})
        jsonschema.validate(found, schema("check", "result"))
        assert "ZC-09" in {each["code"] for each in found["diagnostics"]}
        assert found["docType"] == "outpatient_initial"
        assert found["drafts"] == []
        with pytest.raises(RpcError) as caught:
            await peer.request("textDocument/hover", at("file:///closed.note", 0, 0))
        assert caught.value.code == -32602
        with pytest.raises(RpcError) as caught:
            await peer.request("doctorflan/check", {"uri": "file:///closed.note"})
        assert (caught.value.code, "text" in caught.value.message) == (-32602, True)
        assert pushes(peer.heard) == []


async def test_typing_goes_on_while_a_long_note_is_looked_at():
    long = NOTE + "现病史：咳嗽3天，伴发热，T 38.6℃。\n" * 8000
    async with stdio() as peer:
        await peer.initialize(PULL, locale="zh")
        uri = await peer.open(long)
        asked = await peer.start("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        await peer.change(uri, 2, insert(1, 5, "3天"))
        # Answered while the other is looked for.
        done = await peer.request("textDocument/hover", at(uri, 2, 6))
        assert done is not None
        report = await peer.answer(asked)
        found = {each["code"] for each in report["items"]}
        assert "ZC-09" in found
        assert "ZA-05" not in found, "the findings are those of the latest text"
