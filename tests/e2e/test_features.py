"""Each editor feature over the protocol, for clients that can much and that can little."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from tests.e2e.peer import ROOT, RpcError, stdio
from tests.e2e.test_drafts import NOTE, asks, progress_of
from tests.e2e.test_traps import at

FULL = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {
            "documentChanges": True,
            "changeAnnotationSupport": {"groupsOnLabel": True},
        },
    },
    "window": {"workDoneProgress": True},
    "textDocument": {
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "foldingRange": {"rangeLimit": 1},
        "completion": {
            "completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}
        },
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}},
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        },
    },
}
LITTLE = {
    "workspace": {"applyEdit": True},
    "textDocument": {
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}}}
    },
}


def applied(text, edit):
    """The text after a workspace edit (UTF-16 positions, no astral characters here)."""
    [edits] = [change["edits"] for change in edit.get("documentChanges", [])] or edit[
        "changes"
    ].values()
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def offset(position):
        return min(starts[position["line"]] + position["character"], len(text))

    for each in sorted(edits, key=lambda e: -offset(e["range"]["start"])):
        start, end = offset(each["range"]["start"]), offset(each["range"]["end"])
        text = text[:start] + each["newText"] + text[end:]
    return text


def document(uri, **more):
    return {"textDocument": {"uri": uri}, **more}


async def actions(peer, uri, where=None, **context):
    params = document(uri, range=where or at(1, 5), context={"diagnostics": [], **context})
    return await peer.request("textDocument/codeAction", params)


def named(found, part):
    [one] = [each for each in found if each["kind"].endswith(part)]
    return one


def answers_schema(name, value):
    schema = json.loads((ROOT / "schemas" / "protocol" / f"{name}.json").read_text("utf-8"))
    jsonschema.validate(value, {"$ref": "#/$defs/result", "$defs": schema["$defs"]})


async def test_an_action_is_resolved_accepted_and_discarded():
    async with stdio() as peer:
        await peer.initialize(FULL, locale="zh-cn")
        uri = await peer.open(NOTE)
        action = named(await actions(peer, uri, only=["source"]), ".case-summary")
        assert "edit" not in action
        resolved = await peer.request("codeAction/resolve", action)
        edit = resolved["edit"]
        assert edit["documentChanges"][0]["textDocument"] == {"uri": uri, "version": 1}
        [annotation] = edit["changeAnnotations"].values()
        assert annotation["needsConfirmation"] is True
        assert "待审核" in annotation["description"]
        text = applied(NOTE, edit)
        assert text.startswith(NOTE)
        assert "待审核" in text[len(NOTE) :]
        await peer.change(uri, 2, {"text": text})
        inside = at(NOTE.count("\n") + 1, 0)
        found = await actions(peer, uri, inside)
        assert applied(text, named(found, ".discard")["edit"]) == NOTE
        accepted = applied(text, named(found, ".accept")["edit"])
        assert accepted.startswith(NOTE)
        assert "待审核" not in accepted
        assert len(accepted) > len(NOTE)
        again = named(found, ".case-summary")
        edit = (await peer.request("codeAction/resolve", again))["edit"]
        assert applied(text, edit).count("待审核") == 1


async def test_an_action_for_an_older_version_is_refused():
    async with stdio() as peer:
        await peer.initialize(FULL)
        uri = await peer.open(NOTE)
        action = named(await actions(peer, uri, only=["source"]), ".case-summary")
        await peer.change(uri, 2, {"range": at(0, 0), "text": "x"})
        with pytest.raises(RpcError, match="the note changed") as caught:
            await peer.request("codeAction/resolve", action)
        assert caught.value.code == -32801


@pytest.mark.parametrize(
    "data",
    [
        {"op": "draft"},
        {
            "op": "draft",
            "uri": "file:///n.txt",
            "version": 1,
            "task": "case-summary",
            "span": [9, 1],
        },
        {"op": "format", "uri": "file:///n.txt", "version": 1},
        {"op": "draft", "uri": "file:///n.txt", "version": 1, "task": "no-such-task"},
    ],
)
async def test_forged_action_data_is_refused(data):
    async with stdio() as peer:
        await peer.initialize(FULL)
        await peer.open(NOTE)
        with pytest.raises(RpcError) as caught:
            await peer.request("codeAction/resolve", {"title": "x", "data": data})
        assert caught.value.code == -32602


async def test_resolving_without_data_is_no_error():
    async with stdio() as peer:
        await peer.initialize(FULL)
        for method in ("codeAction/resolve", "completionItem/resolve"):
            item = {"title": "x", "label": "x"}
            assert await peer.request(method, item) == item


async def test_a_resolve_can_be_cancelled():
    async with stdio("endless") as peer:
        await peer.initialize(FULL)
        uri = await peer.open(NOTE)
        action = named(await actions(peer, uri, only=["source"]), ".case-summary")
        asked = await peer.start("codeAction/resolve", action)
        await peer.notify("$/cancelRequest", {"id": asked})
        with pytest.raises(RpcError) as caught:
            await peer.answer(asked)
        assert caught.value.code == -32800


async def test_without_resolve_an_asked_for_action_has_its_edit():
    async with stdio() as peer:
        await peer.initialize(LITTLE)
        uri = await peer.open(NOTE)
        found = await actions(peer, uri, only=["source"], triggerKind=1)
        edit = named(found, ".case-summary")["edit"]
        assert list(edit) == ["changes"]
        assert applied(NOTE, edit).startswith(NOTE)


async def test_m8_without_resolve_a_command_answers_at_once_and_the_edit_follows():
    async with stdio("brief") as peer:
        await peer.initialize(LITTLE)
        uri = await peer.open(NOTE)
        action = named(await actions(peer, uri, only=["source"]), ".case-summary")
        assert action["command"]["command"] == "doctorflan.draft"
        assert "edit" not in action
        assert await peer.request("workspace/executeCommand", action["command"]) is None
        heard = len(peer.heard)
        [ask] = await peer.until(
            lambda heard: [m for m in heard if m.get("method") == "workspace/applyEdit"]
        )
        assert peer.heard.index(ask) >= heard
        assert "word29" in applied(NOTE, ask["params"]["edit"])
        await peer.send({"id": ask["id"], "result": {"applied": True}})


async def test_m8_a_command_is_stopped_through_its_progress():
    async with stdio("endless") as peer:
        await peer.initialize({**FULL, "textDocument": LITTLE["textDocument"]})
        uri = await peer.open(NOTE)
        action = named(await actions(peer, uri, only=["source"]), ".case-summary")
        await peer.request("workspace/executeCommand", action["command"])
        [ask] = await peer.until(
            lambda heard: [m for m in heard if m.get("method") == "window/workDoneProgress/create"]
        )
        await peer.send({"id": ask["id"], "result": None})
        token = ask["params"]["token"]
        await peer.until(lambda heard: progress_of(heard, token))
        await peer.notify("window/workDoneProgress/cancel", {"token": token})
        await peer.until(lambda heard: progress_of(heard, token)[-1] == {"kind": "end"})
        assert not [m for m in peer.heard if m.get("method") == "workspace/applyEdit"]


@pytest.mark.parametrize("params", [{"command": "rm"}, {"command": "doctorflan.draft"}, {}])
async def test_bad_commands(params):
    async with stdio() as peer:
        await peer.initialize(FULL)
        with pytest.raises(RpcError) as caught:
            await peer.request("workspace/executeCommand", params)
        assert caught.value.code == -32602


async def test_a_completion_the_doctor_typed_past_is_empty():
    async with stdio("brief") as peer:
        await peer.initialize(FULL, locale="zh")
        uri = await peer.open(NOTE + "/blzj")
        asked = await peer.start("textDocument/completion", document(uri, position=at(2, 5)["end"]))
        await peer.change(uri, 2, {"range": at(0, 0), "text": "x"})
        assert await peer.answer(asked) == {"isIncomplete": True, "items": []}


def expanded(snippet):
    """What an editor puts into the text for ``snippet``."""
    text = re.sub(r"\$\{\d+:((?:\\.|[^}\\])*)\}", r"\1", snippet).replace("$0", "")
    return re.sub(r"\\([\\$}])", r"\1", text)


async def test_completion_of_a_task_and_its_command():
    async with stdio() as peer:
        await peer.initialize(FULL, locale="zh")
        text = NOTE + "/blzj"
        uri = await peer.open(text)
        result = await peer.request(
            "textDocument/completion", document(uri, position=at(2, 5)["end"])
        )
        assert result["isIncomplete"] is True
        item = result["items"][0]
        assert item["data"]["task"] == "case-summary"
        assert "command" not in item
        assert item["textEdit"]["range"] == at(2, 0, (2, 5))
        assert item["insertTextFormat"] == 2
        assert "${1:［待补充：" in item["textEdit"]["newText"]
        draft = expanded(item["textEdit"]["newText"])
        assert draft.startswith("〔DoctorFLAN 草稿 待审核｜病例总结｜")
        assert "blzj" not in draft
        assert "$" not in draft
        resolved = await peer.request("completionItem/resolve", item)
        assert resolved["documentation"]["kind"] == "markdown"
        assert resolved["textEdit"] == item["textEdit"]
        await peer.change(uri, 2, {"range": at(2, 0, (2, 5)), "text": draft})
        line = next(n for n, said in enumerate(draft.split("\n"), 2) if "发热" in said)
        column = draft.split("\n")[line - 2].index("发热")
        over = document(uri, position=at(line, column)["start"])
        told = await peer.request("textDocument/hover", over)
        assert "第 1 行：发热3天" in told["contents"]["value"]
        # It is still known once completion has offered others.
        end = str(NOTE + draft).count("\n")
        await peer.change(uri, 3, {"range": at(end, 10**6), "text": "\n/fz"})
        await peer.request("textDocument/completion", document(uri, position=at(end + 1, 3)["end"]))
        assert await peer.request("textDocument/hover", over) == told


async def test_a_task_from_a_long_list_keeps_its_name_until_its_command_replaces_it():
    async with stdio() as peer:
        await peer.initialize(FULL, locale="zh")
        uri = await peer.open(NOTE + "/")
        result = await peer.request(
            "textDocument/completion", document(uri, position=at(2, 1)["end"])
        )
        item = next(each for each in result["items"] if each["data"]["task"] == "case-summary")
        assert item["textEdit"] == {"range": at(2, 0, (2, 1)), "newText": "/病例总结"}
        await peer.change(uri, 2, {"range": at(2, 0, (2, 1)), "text": "/病例总结"})
        await peer.request("workspace/executeCommand", item["command"])
        [ask] = await peer.until(
            lambda heard: [m for m in heard if m.get("method") == "window/workDoneProgress/create"]
        )
        await peer.send({"id": ask["id"], "result": None})
        [ask] = await peer.until(
            lambda heard: [m for m in heard if m.get("method") == "workspace/applyEdit"]
        )
        made = applied(NOTE + "/病例总结", ask["params"]["edit"])
        assert made.startswith(NOTE + "〔DoctorFLAN")
        assert "/病例总结" not in made


@pytest.mark.parametrize(
    "answer", [{"error": {"code": -32803, "message": "no"}}, {"result": {"applied": False}}]
)
async def test_a_refused_edit_is_said_once_and_is_no_internal_error(answer):
    async with stdio() as peer:
        await peer.initialize(LITTLE, locale="zh")
        uri = await peer.open(NOTE)
        action = named(await actions(peer, uri, only=["source"]), ".case-summary")
        await peer.request("workspace/executeCommand", action["command"])
        [ask] = await peer.until(
            lambda heard: [m for m in heard if m.get("method") == "workspace/applyEdit"]
        )
        await peer.send({"id": ask["id"], **answer})
        shown = await peer.until(
            lambda heard: [m for m in heard if m.get("method") == "window/showMessage"]
        )
        await peer.request("doctorflan/status")
        assert [each["params"]["message"] for each in shown] == [
            "病历已修改，草稿未插入；请重新请求"
        ]


@pytest.mark.parametrize(("capabilities", "kind"), [(FULL, 2), ({}, 1)])
async def test_completion_of_headings_honours_snippets(capabilities, kind):
    async with stdio() as peer:
        await peer.initialize(capabilities, locale="zh")
        uri = await peer.open(NOTE)
        result = await peer.request(
            "textDocument/completion", document(uri, position=at(2, 0)["end"])
        )
        formats = {item["insertTextFormat"] for item in result["items"]}
        assert formats == {kind}
        assert ("$0" in result["items"][0]["textEdit"]["newText"]) is (kind == 2)
        resolved = await peer.request("completionItem/resolve", result["items"][0])
        if kind == 2:
            assert resolved["documentation"]["kind"] == "markdown"
        else:
            assert isinstance(resolved["documentation"], str)


KATE = {
    "textDocument": {
        "codeAction": {
            "codeActionLiteralSupport": {
                "codeActionKind": {"valueSet": ["quickfix", "refactor", "source"]}
            }
        }
    }
}


@pytest.mark.parametrize(
    ("capabilities", "source", "empty"),
    [(KATE, "doctorflan", True), (KATE, None, False), (FULL, "doctorflan", False)],
)
async def test_a_client_that_applies_all_it_gets_gets_nothing_for_a_finding(
    capabilities, source, empty
):
    finding = {"range": at(1, 0), "message": "m"} | ({"source": source} if source else {})
    async with stdio() as peer:
        await peer.initialize(capabilities)
        uri = await peer.open(NOTE)
        assert (not await actions(peer, uri, diagnostics=[finding])) is empty
        assert await actions(peer, uri)


async def test_a_client_that_takes_no_edits_gets_accept_and_discard_as_edits_alone():
    async with stdio() as peer:
        await peer.initialize(KATE)
        uri = await peer.open(
            "主诉：咳嗽\n〔DoctorFLAN 草稿 待审核｜分诊｜triage｜skeleton 1｜#1a〕\n甲\n"
            "〔DoctorFLAN 草稿结束｜#1a〕\n"
        )
        found = [each for each in await actions(peer, uri, at(2, 0)) if "edit" in each]
        assert [each["kind"] for each in found] == [
            "quickfix.doctorflan.accept",
            "quickfix.doctorflan.discard",
        ]
        assert not any("command" in each for each in found)


@pytest.mark.parametrize(("modes", "sent"), [([1, 2], 1), ([2], None), (None, None)])
async def test_completions_ask_not_to_be_indented_where_the_client_would(modes, sent):
    item = {} if modes is None else {"insertTextModeSupport": {"valueSet": modes}}
    async with stdio() as peer:
        await peer.initialize({"textDocument": {"completion": {"completionItem": item}}})
        uri = await peer.open("主诉：发热3天。\n/fz")
        result = await peer.request(
            "textDocument/completion", document(uri, position=at(1, 3)["end"])
        )
        assert [each.get("insertTextMode") for each in result["items"]] == [sent]


async def test_without_edits_from_the_server_a_long_list_names_tasks_without_commands():
    async with stdio() as peer:
        await peer.initialize()
        uri = await peer.open("/")
        result = await peer.request(
            "textDocument/completion", document(uri, position=at(0, 1)["end"])
        )
        assert len(result["items"]) == 22
        for item in result["items"]:
            assert "command" not in item
            assert item["textEdit"]["newText"] == item["label"]


async def test_a_slow_model_does_not_hold_the_list_back():
    async with stdio("endless") as peer:
        await peer.initialize(FULL, locale="zh")
        uri = await peer.open(NOTE + "/fz")
        result = await peer.request(
            "textDocument/completion", document(uri, position=at(2, 3)["end"])
        )
        item = result["items"][0]
        assert item["textEdit"]["newText"] == "/分诊"
        assert item["command"]["command"] == "doctorflan.draft"


async def test_symbols_and_folds():
    async with stdio() as peer:
        await peer.initialize(FULL)
        uri = await peer.open("现病史：发热。\n咳嗽。\n既往史：体健。\n无殊。\n")
        nested = await peer.request("textDocument/documentSymbol", document(uri))
        assert [symbol["name"] for symbol in nested] == ["现病史", "既往史"]
        assert nested[0]["selectionRange"] == at(0, 0, (0, 3))
        folds = await peer.request("textDocument/foldingRange", document(uri))
        assert folds == [{"startLine": 0, "endLine": 1, "kind": "region"}]


async def test_flat_symbols():
    async with stdio() as peer:
        await peer.initialize()
        uri = await peer.open(NOTE)
        symbols = await peer.request("textDocument/documentSymbol", document(uri))
        assert [symbol["name"] for symbol in symbols] == ["主诉", "现病史"]
        assert symbols[0]["location"]["uri"] == uri


@pytest.mark.parametrize(("capabilities", "kind"), [(FULL, "markdown"), ({}, "plaintext")])
async def test_hover_over_a_heading(capabilities, kind):
    async with stdio() as peer:
        await peer.initialize(capabilities, locale="zh")
        uri = await peer.open(NOTE)
        over = await peer.request("textDocument/hover", document(uri, position=at(1, 1)["start"]))
        assert over["contents"]["kind"] == kind
        assert over["contents"]["value"].strip("*").startswith("现病史")
        assert over["range"] == at(1, 0, (1, 3))
        nothing = document(uri, position=at(9, 9)["start"])
        assert await peer.request("textDocument/hover", nothing) is None


async def test_custom_requests_answer_their_schemas():
    async with stdio() as peer:
        await peer.initialize(FULL, locale="zh")
        uri = await peer.open(NOTE)
        answers_schema("draft", await peer.request("doctorflan/draft", asks(uri)))
        answers_schema("status", await peer.request("doctorflan/status"))
        everything = await peer.request("doctorflan/tasks")
        answers_schema("tasks", everything)
        assert len(everything["tasks"]) == 22
        fitting = await peer.request("doctorflan/tasks", document(uri, range=at(0, 0, (0, 3))))
        assert 0 < len(fitting["tasks"]) <= 22
        whole = await peer.request("doctorflan/analysis", document(uri))
        answers_schema("analysis", whole)
        assert whole["version"] == 1
        assert "triage" in whole["analysis"]
        part = await peer.request("doctorflan/analysis", document(uri, range=at(0, 0, (0, 3))))
        answers_schema("analysis", part)
        assert len(part["analysis"]["sections"]) == 1


async def test_positions_outside_the_text():
    async with stdio() as peer:
        await peer.initialize(FULL)
        uri = await peer.open(NOTE)
        far = at(10**6, 10**6)
        assert (
            await peer.request("textDocument/hover", document(uri, position=far["start"])) is None
        )
        assert await actions(peer, uri, far, only=["source"])
        await peer.request("textDocument/completion", document(uri, position=far["start"]))
        await peer.request("doctorflan/draft", asks(uri, range=far))


async def test_an_empty_document():
    async with stdio() as peer:
        await peer.initialize(FULL)
        uri = await peer.open("")
        assert await peer.request("textDocument/documentSymbol", document(uri)) == []
        draft = await peer.request("doctorflan/draft", asks(uri))
        assert applied("", draft["edit"])
