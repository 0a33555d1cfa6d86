"""Findings in an editor: mends, putting aside, where they rest, how many are shown and when."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.peer import RpcError, stdio
from tests.e2e.test_audit import once
from tests.e2e.test_display import PULL, PUSH, codes, insert, pushes

NOTE = (
    "门诊病历\n主诉：反复咳嗽、咳痰、气喘伴双下肢水肿10余年，加重3天\n"
    "既往史：青霉素过敏。\n体格检查：T 50℃。\n诊疗计划：阿莫西林0.5g 口服 每日3次。\n"
)
RELATED = {
    "textDocument": {
        "publishDiagnostics": {"relatedInformation": True, "codeDescriptionSupport": True},
        "codeAction": {"codeActionLiteralSupport": {}},
    }
}


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def line_of(href):
    """The line of a file that an address leads to."""
    page = urlsplit(href)
    lines = Path(page.path).read_text(encoding="utf-8").splitlines()
    return lines[int(page.fragment.removeprefix("L")) - 1]


async def mends(peer, uri, line, diagnostics=()):
    place = {"line": line, "character": 6}
    asked = {
        "textDocument": {"uri": uri},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": list(diagnostics), "only": ["quickfix"]},
    }
    return await peer.request("textDocument/codeAction", asked)


async def pushed(peer, count):
    """The pushes so far, once there are ``count``."""
    return (await peer.until(lambda heard: (p := pushes(heard)) and len(p) >= count and p))[-1]


async def dismiss(peer, uri, line, ending):
    (action,) = [each for each in await mends(peer, uri, line) if each["title"].endswith(ending)]
    await peer.request("workspace/executeCommand", action["command"])


async def test_a_finding_says_where_it_rests_and_where_its_rule_is_explained():
    async with stdio() as peer:
        await peer.initialize(RELATED, locale="zh")
        uri = await peer.open(NOTE)
        found = {each["code"]: each for each in (await pushed(peer, 1))["diagnostics"]}
        (related,) = found["ZY-01"]["relatedInformation"]
        assert related["location"]["uri"] == uri
        assert related["location"]["range"]["start"] == {"line": 2, "character": 4}
        assert line_of(found["ZA-04"]["codeDescription"]["href"]).startswith("## ZA-04")


async def test_what_is_put_aside_here_stays_away_and_comes_back_with_other_words(state):
    async with stdio() as peer:
        await peer.initialize(PUSH, locale="zh")
        uri = await peer.open(NOTE)
        assert "ZA-04" in codes(await pushed(peer, 1))
        await dismiss(peer, uri, 1, "已核对无误，此处不再提示")
        assert "ZA-04" not in codes(await pushed(peer, 2))
        await peer.change(uri, 2, insert(1, 5, "，"))
        assert "ZA-04" in codes(await pushed(peer, 3))
    kept = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    assert kept
    assert "咳嗽".encode() not in kept
    assert uri.encode() not in kept


async def test_what_is_put_aside_is_remembered_by_the_next_server_and_taken_back():
    async with stdio() as peer:
        await peer.initialize(PUSH, locale="zh")
        uri = await peer.open(NOTE, "file:///ward/a.txt")
        await pushed(peer, 1)
        await dismiss(peer, uri, 1, "本文档不再提示")
        await pushed(peer, 2)
    async with stdio() as peer:
        await peer.initialize(PUSH, locale="zh")
        uri = await peer.open(NOTE, "file:///ward/a.txt")
        assert "ZA-04" not in codes(await pushed(peer, 1))
        await peer.open(NOTE, "file:///ward/b.txt")
        assert "ZA-04" in codes(await pushed(peer, 2))
        told = {"command": "doctorflan.restore", "arguments": [{"uri": uri}]}
        await peer.request("workspace/executeCommand", told)

        def back(heard):
            return [p for p in pushes(heard) if p["uri"] == uri and "ZA-04" in codes(p)]

        assert await peer.until(back)


async def test_an_audit_event_says_that_it_was_put_aside(tmp_path, monkeypatch):
    trail = tmp_path / "audit.sqlite3"
    monkeypatch.setenv("DOCTORFLAN_AUDIT_PATH", str(trail))
    async with stdio() as peer:
        await peer.initialize(PUSH, locale="zh")
        uri = await peer.open(NOTE)
        await pushed(peer, 1)
        await dismiss(peer, uri, 1, "提示有误，此处不再提示")
        await pushed(peer, 2)
        (row,) = await once(trail, 1)
    assert (row.kind, row.outcome) == ("feedback", "dismissed")
    said = json.loads(row.identifiers)
    assert (said["rule"], said["reason"]) == ("ZA-04", "wrong")


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ({"rule": "ZA-04", "reach": "ever"}, "reach must be one of"),
        ({"rule": "患者", "reach": "user"}, "rule must match"),
        ({"rule": "ZA-04", "reach": "place", "place": "咳嗽"}, "place must match"),
        ({"rule": "ZA-04", "reach": "user", "reason": "because"}, "checked"),
    ],
)
async def test_a_dismissal_that_makes_no_sense_is_refused(argument, words):
    async with stdio() as peer:
        await peer.initialize(PUSH, locale="en")
        uri = await peer.open(NOTE)
        told = {"command": "doctorflan.dismiss", "arguments": [{"uri": uri, **argument}]}
        with pytest.raises(RpcError, match=words):
            await peer.request("workspace/executeCommand", told)


async def test_an_action_names_the_finding_that_it_is_about():
    async with stdio() as peer:
        await peer.initialize(PUSH, locale="zh")
        uri = await peer.open(NOTE)
        sent = [each for each in (await pushed(peer, 1))["diagnostics"] if each["code"] == "ZA-04"]
        offered = await mends(peer, uri, 1, sent)
        assert offered
        assert all(each["diagnostics"] == sent for each in offered if "ZA-04" in each["title"])


async def test_the_worst_are_shown_and_the_rest_is_counted():
    async with stdio() as peer:
        options = {"doctorflan": {"checks": {"limit": 2}}}
        await peer.initialize(PUSH, locale="zh", initializationOptions=options)
        await peer.open(NOTE)
        found = (await pushed(peer, 1))["diagnostics"]
        ours = [each for each in found if each["code"] != "more-findings"]
        assert [each["severity"] for each in ours] == [1, 1]
        (more,) = [each for each in found if each["code"] == "more-findings"]
        assert "未显示" in more["message"]


async def test_the_quiet_mode_shows_errors_alone():
    async with stdio() as peer:
        options = {"doctorflan": {"checks": {"quiet": True}}}
        await peer.initialize(PUSH, locale="zh", initializationOptions=options)
        await peer.open(NOTE)
        found = await pushed(peer, 1)
        assert {each["severity"] for each in found["diagnostics"]} == {1}


async def test_nothing_is_said_of_a_word_that_is_being_typed_until_it_rests():
    async with stdio() as peer:
        await peer.initialize(PULL, locale="zh")
        uri = await peer.open(NOTE.replace("T 50℃", "T 36.5℃"))
        asked = {"textDocument": {"uri": uri}}
        await peer.request("textDocument/diagnostic", asked)
        await peer.change(uri, 2, insert(1, 27, "咳"))
        first = await peer.request("textDocument/diagnostic", asked)
        assert "ZA-04" not in {each["code"] for each in first["items"]}
        assert "ZY-01" in {each["code"] for each in first["items"]}

        def refreshed(heard):
            return [m for m in heard if m.get("method") == "workspace/diagnostic/refresh"]

        await peer.until(refreshed)
        await asyncio.sleep(0.1)
        later = await peer.request("textDocument/diagnostic", asked)
        assert "ZA-04" in {each["code"] for each in later["items"]}


async def test_a_hospitals_rule_file_is_followed_and_what_is_wrong_in_it_is_said(tmp_path):
    file = tmp_path / "ours.toml"
    file.write_text('[rule.ZA-04]\nseverity = "error"\n[rule.ZA-O5]\n', encoding="utf-8")
    async with stdio() as peer:
        options = {"doctorflan": {"checks": {"rules": [str(file)]}}}
        await peer.initialize(PUSH, locale="zh", initializationOptions=options)
        await peer.open(NOTE)
        found = {each["code"]: each for each in (await pushed(peer, 1))["diagnostics"]}
        assert found["ZA-04"]["severity"] == 1

        def said(heard):
            return [m for m in heard if m.get("method") == "window/showMessage"]

        (told,) = await peer.until(said)
        assert "rule.ZA-O5" in told["params"]["message"]
