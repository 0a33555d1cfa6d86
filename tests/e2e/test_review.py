"""Accepting, discarding and making again over the protocol, and what a plugin is told of it."""

from __future__ import annotations

import asyncio
import json

import jsonschema
import pytest

from doctorflan_ls.drafts import digest
from tests.e2e.peer import ROOT, RpcError, listening, port_of, stdio, ws
from tests.e2e.test_drafts import NOTE, asks, progress_of
from tests.e2e.test_features import FULL, LITTLE, actions, answers_schema, applied, document, named
from tests.e2e.test_traps import at
from tests.plugin_sources import HEAD, installed

JOURNAL = (
    HEAD
    + """\
import json, os

@hookimpl
def record_event(event):
    with open(os.environ["WARD_JOURNAL"], "a", encoding="utf-8") as file:
        file.write(json.dumps(event.to_json()) + "\\n")
"""
)


class Journal:
    def __init__(self, path):
        self.path = path

    async def reviews(self, count):
        """The reviews once there are ``count``: plugins are told beside the answer."""
        async with asyncio.timeout(10):
            # Another process writes it.
            while len(found := self.found("review")) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        schema = json.loads((ROOT / "schemas" / "event.schema.json").read_text("utf-8"))
        for event in found:
            jsonschema.validate(event, schema)
        return found

    def found(self, kind):
        lines = self.path.read_text("utf-8").splitlines() if self.path.exists() else []
        events = [json.loads(line) for line in lines]
        return [each for each in events if each["kind"] == kind]


@pytest.fixture
def journal(tmp_path, monkeypatch):
    installed(tmp_path, "ward", JOURNAL)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("DOCTORFLAN_PLUGINS", "ward")
    monkeypatch.setenv("WARD_JOURNAL", str(tmp_path / "journal"))
    return Journal(tmp_path / "journal")


async def with_draft(peer, capabilities=FULL, task="case-summary", **more):
    """A note with a draft in it: its uri, its text, and the draft."""
    await peer.initialize(capabilities, locale="zh")
    uri = await peer.open(NOTE)
    made = await peer.request("doctorflan/draft", asks(uri, task=task, **more))
    text = applied(NOTE, made["edit"])
    await peer.change(uri, 2, {"text": text})
    return uri, text, made["draft"]


async def asked_to_apply(peer, count=1):
    """The server's edits so far, once there are ``count``."""
    method = "workspace/applyEdit"

    def sent(heard):
        found = [m for m in heard if m.get("method") == method]
        return found if len(found) >= count else None

    return (await peer.until(sent))[count - 1]


async def execute(peer, command, **argument):
    params = {"command": f"doctorflan.{command}", "arguments": [argument]}
    return await peer.request("workspace/executeCommand", params)


@pytest.mark.parametrize(
    ("words", "outcome", "expected"),
    [("", "accepted", "accepted"), ("补充", "accepted", "edited"), ("", "discarded", "discarded")],
)
async def test_a_review_gives_its_edit_and_is_recorded_when_told(journal, words, outcome, expected):
    async with stdio() as peer:
        uri, text, draft = await with_draft(peer)
        text = text.replace("待补充", words) if words else text
        await peer.change(uri, 3, {"text": text})
        params = document(uri, block=draft["id"], outcome=outcome, reason="incomplete")
        result = await peer.request("doctorflan/review", params)
        answers_schema("review", result)
        assert result["outcome"] == expected
        after = applied(text, result["edit"])
        assert (after == NOTE) is (outcome == "discarded")
        assert "待审核" not in after
        assert ("补充" in after) is (outcome == "accepted")
        await peer.change(uri, 4, {"text": after})
        assert journal.found("review") == []
        assert await execute(peer, "reviewed", **result["reviewed"]) is None
        [event] = await journal.reviews(1)
        assert event["outcome"] == expected
        assert event["identifiers"] == {
            "draft": draft["id"],
            "task": "case-summary",
            "model": "skeleton",
            "model_version": draft["version"],
            "language": "zh",
            "reason": "incomplete",
        }
        assert event["digests"]["draft"] == digest(draft["text"])
        same = event["digests"]["reviewed"] == event["digests"]["draft"]
        assert same is (expected != "edited")
        assert "发热" not in json.dumps(event, ensure_ascii=False)


async def test_a_review_of_what_does_not_stand_there_is_refused():
    async with stdio() as peer:
        uri, _, draft = await with_draft(peer)
        for params, code in (
            ({"block": "nosuch", "outcome": "accepted"}, -32801),
            ({"block": draft["id"], "outcome": "edited"}, -32602),
            ({"block": draft["id"], "outcome": "accepted", "reason": "because"}, -32602),
            ({"block": draft["id"]}, -32602),
        ):
            with pytest.raises(RpcError) as caught:
                await peer.request("doctorflan/review", document(uri, **params))
            assert caught.value.code == code
        assert "incomplete" in await refusal(peer, uri, draft["id"])


@pytest.mark.parametrize(
    ("locale", "first"), [("zh", "已核对，无误"), ("en", "Checked, it is right as written")]
)
async def test_the_reasons_to_put_a_finding_aside_are_listed_and_taken(
    monkeypatch, tmp_path, locale, first
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    async with stdio() as peer:
        await peer.initialize(FULL, locale=locale)
        uri = await peer.open(NOTE)
        listed = await peer.request("doctorflan/drafts", {})
        answers_schema("drafts", listed)
        reasons = listed["dismissReasons"]
        assert reasons[0] == {"id": "checked", "title": first}
        assert not {each["id"] for each in reasons} & {each["id"] for each in listed["reasons"]}
        for each in reasons:
            said = {"uri": uri, "rule": "ZA-04", "reach": "document", "reason": each["id"]}
            assert await execute(peer, "dismiss", **said) is None


async def refusal(peer, uri, block):
    params = document(uri, block=block, outcome="accepted", reason="because")
    with pytest.raises(RpcError) as caught:
        await peer.request("doctorflan/review", params)
    return caught.value.message


async def test_a_draft_of_another_connection_is_accepted_as_it_stands(journal):
    async with stdio() as peer:
        _, text, draft = await with_draft(peer)
    async with stdio() as peer:
        await peer.initialize(FULL, locale="zh")
        uri = await peer.open(text.replace("待补充", "补充"))
        params = document(uri, block=draft["id"], outcome="accepted")
        result = await peer.request("doctorflan/review", params)
        assert result["outcome"] == "accepted"
        await execute(peer, "reviewed", **result["reviewed"])
        [event] = await journal.reviews(1)
        assert event["identifiers"]["task"] == "case-summary"
        assert set(event["digests"]) == {"reviewed"}


@pytest.mark.parametrize("kind", ["accept", "discard"])
async def test_an_action_carries_the_command_that_records_it(journal, kind):
    async with stdio() as peer:
        uri, text, draft = await with_draft(peer)
        found = await actions(peer, uri, at(NOTE.count("\n") + 1, 0))
        action = named(found, f".{kind}")
        assert "待审核" not in applied(text, action["edit"])
        assert action["command"]["command"] == "doctorflan.reviewed"
        [said] = action["command"]["arguments"]
        assert said["block"] == draft["id"]
        await peer.request("workspace/executeCommand", action["command"])
        [event] = await journal.reviews(1)
        assert event["outcome"] == f"{kind}ed"


@pytest.mark.parametrize("command", ["accept", "discard"])
@pytest.mark.parametrize("done", [True, False])
async def test_a_command_answers_at_once_and_its_edit_follows(journal, command, done):
    async with stdio() as peer:
        uri, text, draft = await with_draft(peer, LITTLE)
        argument = {"uri": uri, "block": draft["id"], "reason": "style"}
        assert await execute(peer, command, **argument) is None
        ask = await asked_to_apply(peer)
        after = applied(text, ask["params"]["edit"])
        assert (after == NOTE) is (command == "discard")
        assert "待审核" not in after
        assert journal.found("review") == []
        await peer.send({"id": ask["id"], "result": {"applied": done}})
        if done:
            [event] = await journal.reviews(1)
            assert event["outcome"] == f"{command}ed"
            assert event["identifiers"]["reason"] == "style"
            return
        [shown] = await peer.until(messages)
        assert "编辑器没有执行修改" in shown
        await peer.request("doctorflan/status")
        assert journal.found("review") == []


def messages(heard):
    return [m["params"]["message"] for m in heard if m.get("method") == "window/showMessage"]


@pytest.mark.parametrize("command", ["accept", "discard", "regenerate"])
async def test_a_command_for_a_draft_that_is_gone_is_a_message(command):
    async with stdio() as peer:
        uri, _, draft = await with_draft(peer)
        await peer.change(uri, 3, {"text": NOTE})
        assert await execute(peer, command, uri=uri, block=draft["id"]) is None
        [shown] = await peer.until(messages)
        assert "病历已修改" in shown
        assert not [m for m in peer.heard if m.get("method") == "workspace/applyEdit"]


@pytest.mark.parametrize(
    ("command", "argument"),
    [
        ("accept", {"uri": "file:///n.txt"}),
        ("accept", {"uri": "file:///other.txt", "block": "ab"}),
        ("discard", {"uri": "file:///n.txt", "block": "ab", "reason": "because"}),
        ("reviewed", {}),
        ("reviewed", {"outcome": "praised"}),
        ("reviewed", {"block": "a b"}),
        ("reviewed", {"digest": "abc"}),
        ("reviewed", {"length": -1}),
        ("reviewed", {"reason": "咳嗽"}),
    ],
)
async def test_what_a_command_is_given_is_checked(journal, command, argument):
    said = {"uri": "file:///n.txt", "block": "ab", "task": "t", "model": "m", "outcome": "accepted"}
    if command == "reviewed":
        argument = said | argument if argument else {}
    async with stdio() as peer:
        await peer.initialize(FULL)
        await peer.open(NOTE)
        with pytest.raises(RpcError) as caught:
            await execute(peer, command, **argument)
        assert caught.value.code == -32602
        assert journal.found("review") == []


async def test_regenerate_streams_under_progress_and_records_what_it_replaced(journal):
    async with stdio("brief") as peer:
        uri, text, draft = await with_draft(peer)
        await execute(peer, "regenerate", uri=uri, block=draft["id"], reason="style")
        [create] = await peer.until(
            lambda heard: [m for m in heard if m.get("method") == "window/workDoneProgress/create"]
        )
        await peer.send({"id": create["id"], "result": None})
        ask = await asked_to_apply(peer)
        kinds = [each["kind"] for each in progress_of(peer.heard, create["params"]["token"])]
        assert kinds[0] == "begin"
        assert kinds[-1] == "end"
        assert "report" in kinds
        after = applied(text, ask["params"]["edit"])
        assert after.count("待审核") == 1
        assert draft["id"] not in after
        await peer.send({"id": ask["id"], "result": {"applied": True}})
        [event] = await journal.reviews(1)
        assert event["outcome"] == "regenerated"
        assert event["identifiers"]["draft"] == draft["id"]


async def test_a_draft_in_the_place_of_another_for_clients_that_show_it_first(journal):
    async with stdio() as peer:
        uri, text, draft = await with_draft(peer)
        made = await peer.request("doctorflan/draft", asks(uri, block=draft["id"]))
        answers_schema("draft", made)
        after = applied(text, made["edit"])
        assert after.count("待审核") == 1
        assert draft["id"] not in after
        assert f"#{made['draft']['id']}〕" in after
        assert made["reviewed"]["outcome"] == "regenerated"
        await execute(peer, "reviewed", **made["reviewed"])
        [event] = await journal.reviews(1)
        assert event["identifiers"]["draft"] == draft["id"]
        with pytest.raises(RpcError) as caught:
            await peer.request("doctorflan/draft", asks(uri, block="gone"))
        assert caught.value.code == -32801


async def test_an_action_to_regenerate_brings_the_command_where_the_client_resolves_it(journal):
    action = {**FULL["textDocument"]["codeAction"]}
    action["resolveSupport"] = {"properties": ["edit", "command"]}
    able = {**FULL, "textDocument": {**FULL["textDocument"], "codeAction": action}}
    for capabilities, has in ((FULL, False), (able, True)):
        async with stdio() as peer:
            uri, _, draft = await with_draft(peer, capabilities)
            found = await actions(peer, uri, at(NOTE.count("\n") + 1, 0))
            again = named(found, ".case-summary")
            resolved = await peer.request("codeAction/resolve", again)
            assert ("command" in resolved) is has
            if has:
                await peer.request("workspace/executeCommand", resolved["command"])
                # Before the process ends.
                [event] = await journal.reviews(1)
    assert (event["outcome"], event["identifiers"]["draft"]) == ("regenerated", draft["id"])


async def test_over_websocket_too():
    token = "correct-horse"
    async with (
        listening("ws", token) as (_, lines),
        ws(port_of(lines), f"/?token={token}") as peer,
    ):
        uri, text, draft = await with_draft(peer)
        params = document(uri, block=draft["id"], outcome="discarded")
        result = await peer.request("doctorflan/review", params)
        assert applied(text, result["edit"]) == NOTE
        assert await execute(peer, "reviewed", **result["reviewed"]) is None
