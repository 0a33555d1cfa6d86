"""With every broken plugin of the zoo installed at once an editor has what it has without them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.plugins.calls import Caller
from doctorflan_ls.plugins.hooks import findings
from doctorflan_ls.plugins.loading import Plugin
from doctorflan_ls.plugins.scratch import Scratch
from doctorflan_ls.tasks.model import Bilingual
from tests.e2e.peer import ROOT, ProcessPeer, stdio
from tests.e2e.test_features import FULL, applied, document
from tests.e2e.test_traps import CANARY, at
from tests.plugin_packages import ZOO, install, project, zoo

pytestmark = pytest.mark.slow

# Each note, what is hovered over in it and a passage of two lines that is selected.
NOTES = {
    "zh-pneumonia": (
        ("15.2", "二甲双胍", "既往史", "青霉素", "阿莫西林"),
        "初步诊断",
        "2型糖尿病\n",
    ),
    "en-soap-uti": (
        ("112", "sertraline", "Chief complaint", "sulfa", "trimethoprim-sulf"),
        "ASSESSMENT",
        "right.",
    ),
}
# Tasks that the zoo may bring: they stand beside the built-in ones.
BROUGHT = ("zoo-clash/",)
_IDS = re.compile(r"(?<=#)[0-9a-f]{8}\b|^[0-9a-f]{8}$")
_RUNTIME_CALLS = 4


@dataclass
class Visit:
    """What one server said."""

    answers: dict[str, Any] = field(default_factory=dict)
    loaded: list[dict[str, Any]] = field(default_factory=list)
    used: list[dict[str, Any]] = field(default_factory=list)
    errors: str = ""
    early: bool = False
    code: int | None = None


def example(name: str) -> str:
    text = files("doctorflan_ls").joinpath("examples", f"{name}.txt").read_text(encoding="utf-8")
    # A heading that the zoo would bring, and words to search standard error for.
    return f"{text.rstrip()}\n\n动物园史：无。\n{CANARY}。\n"


def entries(table: str) -> dict[str, str]:
    """The codes of a table of ``tool.zoo``, by the name under which a plugin is listed."""
    found = {}
    for package in zoo():
        told = project(package)
        name, points = told["project"]["name"], told["project"]["entry-points"]["doctorflan_ls"]
        codes = told.get("tool", {}).get("zoo", {}).get(table, {})
        for entry in points:
            if entry in codes:
                found[name if len(points) == 1 else f"{name}:{entry}"] = codes[entry]
    return found


def place(text: str, words: str, plus: int = 0) -> dict[str, int]:
    offset = text.index(words) + plus
    before = text[:offset]
    return {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}


def end_of(text: str) -> dict[str, int]:
    return {"line": text.count("\n"), "character": len(text.rpartition("\n")[2])}


def is_brought(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    data = value.get("data") if isinstance(value.get("data"), dict) else {}
    return any(str(each).startswith(BROUGHT) for each in (value.get("id"), data.get("task")))


def plain(value: Any) -> Any:
    """``value`` without what differs from run to run and without the zoo's own tasks."""
    if isinstance(value, dict):
        if {"provenance", "statements"} <= value.keys():
            value = {**value, "id": "ID"}
        return {_IDS.sub("ID", key): plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value if not is_brought(each)]
    return _IDS.sub("ID", value) if isinstance(value, str) else value


def differences(found: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Where ``found`` is not as it should be."""
    if isinstance(found, dict) and isinstance(expected, dict) and list(found) == list(expected):
        for key in expected:
            yield from differences(found[key], expected[key], f"{path}.{key}")
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for index, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif found != expected:
        yield f"{path}: {str(found)[:200]} instead of {str(expected)[:200]}"


class Editor:
    """A doctor's editor with one note open; it does what the server asks for."""

    def __init__(self, peer: ProcessPeer, name: str) -> None:
        self.peer = peer
        self.uri = f"file:///{name}.txt"
        self.text = example(name)
        self.version = 1
        self.spots, self.section, self.selected = NOTES[name]

    async def ask(self, method: str, **more: Any) -> Any:
        return await self.peer.request(method, document(self.uri, **more))

    async def change(self, start: dict[str, int], end: dict[str, int], words: str) -> None:
        self.version += 1
        edit = {"range": {"start": start, "end": end}, "newText": words}
        self.text = applied(self.text, {"changes": {self.uri: [edit]}})
        await self.peer.change(
            self.uri, self.version, {"range": edit["range"], "text": edit["newText"]}
        )

    async def type(self, words: str) -> None:
        """Type at the end, character by character."""
        for character in words:
            await self.change(end_of(self.text), end_of(self.text), character)

    async def look(self) -> dict[str, Any]:
        """What is shown without a word typed."""
        part = {"start": place(self.text, self.section), "end": place(self.text, self.selected)}
        cursor = at(part["start"]["line"], 0)
        shown = {
            "symbols": await self.ask("textDocument/documentSymbol"),
            "folds": await self.ask("textDocument/foldingRange"),
            "analysis": await self.ask("doctorflan/analysis"),
            "analysis here": await self.ask("doctorflan/analysis", range=part),
        }
        for words in self.spots:
            over = place(self.text, words, 1)
            shown[f"hover {words}"] = await self.ask("textDocument/hover", position=over)
        for name, span in {"cursor": cursor, "selection": part}.items():
            context = {"diagnostics": []}
            shown[f"actions {name}"] = await self.ask(
                "textDocument/codeAction", range=span, context=context
            )
        return shown

    async def list(self) -> dict[str, Any]:
        """The tasks, in all and in the first line."""
        return {
            "tasks": await self.peer.request("doctorflan/tasks"),
            "tasks here": await self.ask("doctorflan/tasks", range=at(0, 0)),
        }

    async def complete(self) -> dict[str, Any]:
        """What is offered while a line is typed."""
        shown = {}
        for query in ("", "/", "/fz"):
            start = end_of(self.text)
            await self.type(query)
            here = end_of(self.text)
            offered = await self.ask("textDocument/completion", position=here)
            shown[f"completion {query}"] = offered
            if offered["items"]:
                item = offered["items"][0]
                shown[f"resolved {query}"] = await self.peer.request("completionItem/resolve", item)
            await self.change(start, here, "")
        return shown

    async def draft(self, task: str) -> Any:
        return await self.ask("doctorflan/draft", task=task)

    async def act(self) -> dict[str, Any]:
        """Draft by an action, by a command; then accept what was inserted."""
        whole = {"start": at(0, 0)["start"], "end": end_of(self.text)}
        context = {"diagnostics": [], "only": ["source"]}
        found = await self.ask("textDocument/codeAction", range=whole, context=context)
        shown = {"resolved action": await self.peer.request("codeAction/resolve", found[0])}
        order = {"command": "doctorflan.draft", "arguments": [found[1]["data"]]}
        heard = len(self.peer.heard)
        shown["command"] = await self.peer.request("workspace/executeCommand", order)
        asked = await self._asked(heard)
        shown["applied"] = asked["params"]
        self.text = applied(self.text, asked["params"]["edit"])
        self.version += 1
        await self.peer.change(self.uri, self.version, {"text": self.text})
        await self.peer.send({"id": asked["id"], "result": {"applied": True}})
        inside = place(self.text, "〔DoctorFLAN", 3)
        over = {"line": inside["line"] + 1, "character": 3}
        shown["hover draft"] = await self.ask("textDocument/hover", position=over)
        block = {"start": inside, "end": inside}
        shown["actions draft"] = await self.ask(
            "textDocument/codeAction", range=block, context={"diagnostics": []}
        )
        shown["symbols at the end"] = await self.ask("textDocument/documentSymbol")
        return shown

    async def _asked(self, heard: int) -> dict[str, Any]:
        """The next edit to apply; progress that the server wants to show is allowed meanwhile."""
        method = "window/workDoneProgress/create"
        [create] = await self.peer.until(
            lambda all_heard: [m for m in all_heard[heard:] if m.get("method") == method]
        )
        await self.peer.send({"id": create["id"], "result": None})
        [asked] = await self.peer.until(
            lambda all_heard: [
                m for m in all_heard[heard:] if m.get("method") == "workspace/applyEdit"
            ]
        )
        return asked


async def visit() -> Visit:
    """Use every feature of a server, first while it loads what is installed."""
    seen = Visit()
    async with stdio() as peer:
        await peer.initialize(FULL, locale="zh")
        editors = {name: Editor(peer, name) for name in NOTES}
        for each in editors.values():
            await peer.open(each.text, each.uri)
        status = await peer.start("doctorflan/status")
        for name, each in editors.items():
            early = await each.look() | {"draft": await each.draft("case-summary")}
            seen.answers |= {f"{name}, early: {key}": value for key, value in early.items()}
        seen.early = status not in peer.answers
        seen.loaded = (await peer.answer(status))["plugins"]
        tasks = [task["id"] for task in (await peer.request("doctorflan/tasks"))["tasks"]]
        for name, each in editors.items():
            made = {
                f"draft {task}": await each.draft(task)
                for task in tasks
                if not task.startswith(BROUGHT)
            }
            for _ in range(_RUNTIME_CALLS):
                # Each version of the note is checked once.
                await each.change(at(0, 0)["start"], at(0, 0)["start"], " ")
                await each.ask("textDocument/hover", position=at(0, 0)["start"])
            found = made | await each.look() | await each.list() | await each.complete()
            found |= await each.act()
            seen.answers |= {f"{name}: {key}": value for key, value in found.items()}
        seen.used = (await peer.request("doctorflan/status"))["plugins"]
        await peer.request("shutdown")
        await peer.notify("exit")
        async with asyncio.timeout(10):
            seen.code = await peer.process.wait()
            seen.errors = await peer.stderr()
    return seen


@dataclass(frozen=True)
class Machine:
    """Environments without and with the zoo."""

    site: Path
    folder: Path

    @property
    def names(self) -> str:
        # What else is installed where the tests run is no animal of this zoo.
        return ",".join(project(package)["project"]["name"] for package in zoo())

    def environment(self, plugins: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("DOCTORFLAN_")}
        path = os.pathsep.join([str(ROOT), str(self.site)])
        home = {"XDG_CONFIG_HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}
        return {**kept, **home, "PYTHONPATH": path, "DOCTORFLAN_PLUGINS": plugins}

    def visit(self, plugins: str) -> Visit:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "environ", self.environment(plugins))
            return asyncio.run(visit())

    def run(self, plugins: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "doctorflan_ls", *arguments]
        environment = self.environment(plugins)
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=40
        )


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    folder = tmp_path_factory.mktemp("zoo")
    install(folder / "site", *zoo())
    return Machine(folder / "site", folder)


@pytest.fixture(scope="module")
def bare(machine: Machine) -> Visit:
    return machine.visit("")


@pytest.fixture(scope="module")
def crowded(machine: Machine) -> Visit:
    return machine.visit(machine.names)


def test_every_feature_answers_as_without_the_zoo(bare: Visit, crowded: Visit):
    expected, found = plain(bare.answers), plain(crowded.answers)
    assert len(expected) > 100
    assert list(found) == list(expected)
    assert list(differences(found, expected)) == []


def test_nobody_waits_for_what_is_being_loaded(crowded: Visit):
    assert crowded.early


def test_both_servers_end_well_and_say_no_word_of_the_note(bare: Visit, crowded: Visit):
    for seen in (bare, crowded):
        assert seen.code == 0
        assert CANARY not in seen.errors
        assert not [line for line in seen.errors.splitlines() if "Traceback" in line]


def rows(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in found if row["name"].startswith("zoo-")}


def keeps_the_schema(found: list[dict[str, Any]]) -> None:
    schema = json.loads((ROOT / "schemas" / "plugin.schema.json").read_text("utf-8"))
    for row in found:
        jsonschema.validate(row, schema)


def names_it(row: dict[str, Any]) -> bool:
    """The reason is one line and names the package."""
    return row["name"].partition(":")[0] in row["reason"] and "\n" not in row["reason"]


def test_a_plugin_that_cannot_be_loaded_says_why(crowded: Visit):
    keeps_the_schema(crowded.loaded)
    listed, expected = rows(crowded.loaded), entries("load")
    refused = {name: row["code"] for name, row in listed.items() if row["state"] == "refused"}
    assert refused == expected
    assert all(names_it(listed[name]) for name in expected)
    for name in expected:
        row = listed[name]
        assert not any(row[each] for each in ("hooks", "tasks", "models", "sections", "checks"))
        assert row["terms"] == 0


def test_a_plugin_that_fails_while_a_doctor_works_is_switched_off(crowded: Visit):
    keeps_the_schema(crowded.used)
    listed, expected = rows(crowded.used), entries("use")
    tripped = {name: row["code"] for name, row in listed.items() if row["state"] == "tripped"}
    assert tripped == expected
    for name in expected:
        row = listed[name]
        assert names_it(row), row
        # One that has not come back is called no more, and so fails no more.
        most = range(1, 4) if row["code"] == "plugins.late" else (3,)
        assert row["failures"] in most, row
        assert row["tripped"] == [hook for hook in row["tripped"] if hook], row


def test_a_plugin_that_does_nothing_wrong_is_not_blamed(crowded: Visit):
    faulty = entries("load").keys() | entries("use").keys()
    blamed = {
        name: (row["state"], row["code"])
        for name, row in rows(crowded.used).items()
        if name not in faulty and (row["state"], row["code"]) != ("loaded", "")
    }
    assert blamed == {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_plugins_list_names_each_fault(machine: Machine, language: str):
    done = machine.run(machine.names, "--lang", language, "plugins", "list", "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)["plugins"]
    keeps_the_schema(found)
    listed, expected = rows(found), entries("load") | entries("command")
    codes = {name: row["code"] for name, row in listed.items() if row["code"]}
    assert codes == expected
    assert [row for row in listed.values() if row["code"] and not names_it(row)] == []
    wanted = "插件" if language == "zh" else "plugin"
    assert all(wanted in listed[name]["reason"] for name in expected)


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text(example("zh-pneumonia"), encoding="utf-8")
    return path


def test_a_draft_on_the_command_line_is_the_same(machine: Machine, note: Path):
    command = ("draft", "case-summary", str(note), "--json")
    without, done = machine.run("", *command), machine.run(machine.names, *command)
    assert without.returncode == 0, without.stderr
    assert done.returncode == 0, done.stderr
    assert plain(json.loads(done.stdout)) == plain(json.loads(without.stdout))
    assert CANARY not in done.stderr


_POINTS = b"[doctorflan_ls]\nzoo = zoo_gone\n"
_METADATA = b"Metadata-Version: 2.1\nName: zoo-removed\nVersion: 1.0\n"
HALF_REMOVED = {
    "no metadata": {"entry_points.txt": _POINTS},
    "no version": {"entry_points.txt": _POINTS, "METADATA": b"Name: zoo-removed\n"},
    "metadata in no encoding": {"entry_points.txt": _POINTS, "METADATA": b"Name: \xff\xfe\n"},
    "no value": {"entry_points.txt": b"[doctorflan_ls]\nzoo zoo_gone\n", "METADATA": _METADATA},
    "points in no encoding": {"entry_points.txt": b"\xff\xfe[", "METADATA": _METADATA},
}


@pytest.mark.parametrize("kind", HALF_REMOVED)
def test_a_package_that_is_half_removed_takes_no_other_with_it(kind: str, tmp_path: Path):
    machine = Machine(tmp_path / "site", tmp_path)
    install(machine.site, ZOO / "zoo-clash")
    info = machine.site / "zoo_removed-1.0.dist-info"
    info.mkdir()
    for name, content in HALF_REMOVED[kind].items():
        (info / name).write_bytes(content)
    done = machine.run("*", "plugins", "list", "--json")
    found = json.loads(done.stdout)["plugins"]
    keeps_the_schema(found)
    assert rows(found)["zoo-clash:a_first"]["state"] == "loaded"


def test_an_endless_check_is_not_followed_to_its_end():
    taken = 0

    def find(scope: Scope) -> Iterator[Finding]:
        nonlocal taken
        # Not quite endless, so that a failure of this test eats no more than this.
        while taken < 100_000:
            taken += 1
            yield Finding(rule, scope.span)

    both = Bilingual("动物园", "zoo")
    rule = Rule("endless", "error", both, both)
    scratch = Scratch("zoo-endless")
    scratch.register_check(Check("endless", (rule,), find))
    plugin = Plugin("zoo-endless", "1.0", "zoo", Caller("zoo-endless"), "loaded")
    plugin.contribution = scratch.commit()
    assert findings(SimpleNamespace(plugins=(plugin,)), parse_note("主诉：发热3天。")) == ()
    assert plugin.caller.failures == 1
    assert taken < 1000
