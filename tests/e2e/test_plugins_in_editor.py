"""What a doctor sees of a plugin: a real package of plugins/ in a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.peer import stdio
from tests.plugin_packages import install
from tests.plugin_sources import HEAD, ROOT, TASK, installed

TCM = ROOT / "plugins" / "doctorflan-tcm"
NOTE = (TCM / "tests" / "example-note.txt").read_text(encoding="utf-8")


@pytest.fixture
def tcm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", TCM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.setenv("DOCTORFLAN_PLUGINS", "doctorflan-tcm")


def flat(symbols: list[dict]) -> list[str]:
    return [name for each in symbols for name in (each["name"], *flat(each.get("children", [])))]


def at(text: str, words: str) -> dict[str, int]:
    before = text[: text.index(words)]
    return {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}


@pytest.mark.usefixtures("tcm")
async def test_an_open_note_is_read_again_once_the_plugins_are_loaded():
    async with stdio() as peer:
        capabilities = {
            "textDocument": {"documentSymbol": {"hierarchicalDocumentSymbolSupport": True}}
        }
        await peer.initialize(capabilities, locale="zh")
        text = "主诉：乏力2周。\n舌脉象：舌淡胖。\n发病节气：立冬。\n"
        uri = await peer.open(text)
        asked = {"textDocument": {"uri": uri}}
        before = flat(await peer.request("textDocument/documentSymbol", asked))
        analysed = await peer.request("doctorflan/analysis", asked)
        assert "doctorflan-tcm/solar_term" not in str(analysed)
        status = await peer.request("doctorflan/status")
        # Others may be installed beside it.
        states = {row["name"]: row["state"] for row in status["plugins"]}
        assert states["doctorflan-tcm"] == "loaded"
        analysed = await peer.request("doctorflan/analysis", asked)
        ids = [section["id"] for section in analysed["analysis"]["sections"]]
        assert "doctorflan-tcm/solar_term" in ids
        after = flat(await peer.request("textDocument/documentSymbol", asked))
        assert ("发病节气" in before, "发病节气" in after) == (False, True)
        # And edits go on from there.
        await peer.change(uri, 2, {"text": text + "辨证：气虚证。\n"})
        analysed = await peer.request("doctorflan/analysis", asked)
        assert "气虚" in str(analysed)


@pytest.mark.usefixtures("tcm")
async def test_its_task_from_the_slash_to_the_note():
    async with stdio() as peer:
        await peer.initialize(locale="zh")
        await peer.request("doctorflan/status")
        text = f"{NOTE.rstrip()}\n/方药"
        uri = await peer.open(text)
        where = {"textDocument": {"uri": uri}, "position": at(text + "$", "$")}
        items = (await peer.request("textDocument/completion", where))["items"]
        draft = items[0]["textEdit"]["newText"]
        assert items[0]["label"] == "/方药建议"
        assert "doctorflan-tcm/formula-plan" in draft.splitlines()[0]
        here = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
        asked = {"textDocument": {"uri": uri}, "range": here, "context": {"diagnostics": []}}
        titles = [each["title"] for each in await peer.request("textDocument/codeAction", asked)]
        assert any("方药建议" in title for title in titles)
        made = await peer.request(
            "doctorflan/draft", {"textDocument": {"uri": uri}, "task": "formula-plan"}
        )
        assert made["draft"]["task"] == "doctorflan-tcm/formula-plan"


@pytest.mark.usefixtures("tcm")
async def test_its_findings_are_seen_by_hover_and_in_the_analysis():
    async with stdio() as peer:
        await peer.initialize(locale="zh")
        await peer.request("doctorflan/status")
        text = "主诉：胸痛1月。\n处方：制川乌6g、法半夏9g、甘草6g。\n"
        uri = await peer.open(text)
        found = (await peer.request("doctorflan/analysis", {"textDocument": {"uri": uri}}))[
            "analysis"
        ]["findings"]
        pair = next(each for each in found if each["rule"].startswith("doctorflan-tcm/"))
        start = text[: pair["span"][0]]
        place = {"line": start.count("\n"), "character": len(start) - start.rfind("\n") - 1}
        hover = await peer.request(
            "textDocument/hover", {"textDocument": {"uri": uri}, "position": place}
        )
        assert pair["message"] in hover["contents"]["value"]
        assert "核对" in pair["message"]


@pytest.mark.usefixtures("tcm")
async def test_its_terms_are_completed_and_resolved():
    async with stdio() as peer:
        await peer.initialize(locale="zh")
        await peer.request("doctorflan/status")
        text = "主诉：乏力2周。\n中医诊断：肺气虚"
        uri = await peer.open(text)
        where = {"textDocument": {"uri": uri}, "position": at(text + "$", "$")}
        items = (await peer.request("textDocument/completion", where))["items"]
        syndrome = next(each for each in items if each["label"].startswith("肺气虚"))
        assert syndrome["textEdit"]["newText"] == syndrome["label"]
        assert await peer.request("completionItem/resolve", syndrome) == syndrome


SLOW = (
    HEAD
    + """
import time
from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check
from doctorflan_ls.tasks.model import Bilingual

RULE = Rule("slow", "warning", Bilingual("甲", "A"), Bilingual("乙", "B"))

def find(scope):
    time.sleep(60)
    yield Finding(RULE, scope.sections[0].span)

@hookimpl
def register_checks(register):
    register(Check("slow", (RULE,), find))

@hookimpl
def draft_context():
    time.sleep(60)
"""
)


async def test_a_plugin_that_sleeps_costs_its_budget_and_then_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(installed(tmp_path, "slow", SLOW)))
    monkeypatch.setenv("DOCTORFLAN_PLUGINS", "slow")
    async with stdio() as peer:
        await peer.initialize(locale="en")
        await peer.request("doctorflan/status")
        uri = await peer.open(NOTE)
        asked = {"textDocument": {"uri": uri}}
        hover = {**asked, "position": at(NOTE, "主诉")}
        for version in range(2, 8):
            await peer.change(uri, version, {"text": f"{NOTE}{version}"})
            await peer.request("textDocument/hover", hover)
            await peer.request("doctorflan/draft", {**asked, "task": "triage"})
        rows = (await peer.request("doctorflan/status"))["plugins"]
        row = next(each for each in rows if each["name"] == "slow")
        assert row["state"] == "tripped"
        assert row["tripped"]
        # From here on it is not called, so nobody waits for it.
        for version in range(8, 12):
            await peer.change(uri, version, {"text": f"{NOTE}{version}"})
            await peer.request("textDocument/hover", hover)
            await peer.request("doctorflan/draft", {**asked, "task": "triage"})
        rows = (await peer.request("doctorflan/status"))["plugins"]
        after = next(each for each in rows if each["name"] == "slow")
        assert after["calls"] == row["calls"]


async def test_a_folder_of_task_files_and_a_later_choice(tmp_path, monkeypatch):
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "handover.toml").write_text(TASK, encoding="utf-8")
    options = {"plugins": {"folder": str(folder)}}
    async with stdio() as peer:
        await peer.initialize(locale="en", initializationOptions=options)
        tasks = (await peer.request("doctorflan/tasks"))["tasks"]
        assert tasks[-1]["id"] == "local/handover"
        changed = {"settings": {"doctorflan": {"plugins": {"folder": ""}}}}
        await peer.notify("workspace/didChangeConfiguration", changed)
        said = await peer.until(
            lambda heard: [
                each["params"]["message"]
                for each in heard
                if each.get("method") == "window/showMessage"
            ]
        )
        assert "started again" in said[0]
        tasks = (await peer.request("doctorflan/tasks"))["tasks"]
        assert tasks[-1]["id"] == "local/handover"
