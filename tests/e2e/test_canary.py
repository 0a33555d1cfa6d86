"""A secret that goes in through every door comes out in no log, no event and no file."""

# ruff: noqa: E501  (a case is a line)
from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.peer import ROOT, ProcessPeer, RpcError, environment, stdio
from tests.e2e.test_drafts import asks
from tests.e2e.test_features import FULL, applied, document
from tests.e2e.test_review import JOURNAL, execute
from tests.plugin_sources import installed

CANARY = "Kanarienvogel金丝雀7731"
NOTE = f"姓名：{CANARY}\n主诉：发热3天，{CANARY}。\n现病史：3天前{CANARY}后发热，体温39℃，血钾{CANARY}。\n"
# What a client may write where something else belongs; ``{}`` is the note's address.
WRONG = [
    ("doctorflan/draft", {"task": CANARY}),
    ("doctorflan/draft", {"task": "triage", "model": CANARY}),
    ("doctorflan/draft", {"task": "triage", "previousDraft": CANARY, "question": CANARY}),
    ("doctorflan/review", {"block": CANARY, "outcome": CANARY, "reason": CANARY}),
    ("doctorflan/outgoing", {"task": "triage", "model": CANARY}),
    ("workspace/executeCommand", {"command": CANARY, "arguments": [CANARY]}),
    ("workspace/executeCommand", {"command": "doctorflan.reviewed", "arguments": [CANARY]}),
    ("textDocument/hover", {"position": {"line": CANARY, "character": 0}}),
    ("textDocument/codeAction", {"range": CANARY, "context": {"diagnostics": [CANARY]}}),
    (f"textDocument/{CANARY}", {"note": CANARY}),
]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A machine of its own: every folder that a program writes to is below ``tmp_path``."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME",
                 "XDG_RUNTIME_DIR", "TMPDIR", "APPDATA", "LOCALAPPDATA"):  # fmt: skip
        folder = tmp_path / "home" / name.lower()
        folder.mkdir(parents=True)
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    site = tmp_path / "site"
    site.mkdir()
    installed(site, "ward", JOURNAL)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("DOCTORFLAN_PLUGINS", "ward")
    monkeypatch.setenv("WARD_JOURNAL", str(tmp_path / "home" / "journal"))
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "pycache"))
    return tmp_path / "home"


def spellings():
    """The secret as files and logs may spell it."""
    escaped = json.dumps(CANARY)[1:-1]
    return [CANARY.encode(), CANARY.encode("utf-16-le"), CANARY.encode("gb18030"), escaped.encode()]


def holding(folder: Path) -> list[str]:
    """The files below a folder that hold the secret, in their name too."""
    return [
        str(path)
        for path in folder.rglob("*")
        if CANARY in path.name
        or (path.is_file() and any(each in path.read_bytes() for each in spellings()))
    ]


async def provoke(peer: ProcessPeer) -> None:
    """Every door: the note, questions, settings, what is malformed, what the client answers."""
    settings = {
        "draft": {"language": CANARY},
        "models": {"use": {"triage": CANARY}},
        CANARY: CANARY,
    }
    await peer.initialize(FULL, locale="zh", initializationOptions=settings)
    uri = await peer.open(NOTE)
    try:
        made = await peer.request("doctorflan/draft", asks(uri, question=CANARY))
    except RpcError:
        # The model that raises quotes the note.
        made = None
    if made is not None:
        text = applied(NOTE, made["edit"])
        await peer.change(uri, 2, {"text": text + CANARY})
        block = document(uri, block=made["draft"]["id"], outcome="discarded", reason="inaccurate")
        reviewed = await peer.request("doctorflan/review", block)
        await execute(peer, "reviewed", **reviewed["reviewed"])
    await peer.notify("workspace/didChangeConfiguration", {"settings": {"doctorflan": settings}})
    refused = 0
    for method, params in WRONG:
        try:
            await peer.request(method, {"textDocument": {"uri": uri}, **params})
        except RpcError:
            refused += 1
    # The tests' loader has a model of any name.
    assert refused >= len(WRONG) - 1
    await peer.notify("textDocument/didChange", {"textDocument": CANARY, "contentChanges": CANARY})
    await peer.notify(CANARY, CANARY)
    await peer.send_body(CANARY.encode())
    await peer.send_body(json.dumps({"jsonrpc": "2.0", "id": CANARY, "result": CANARY}).encode())
    await peer.request(
        "textDocument/hover", {**document(uri), "position": {"line": 1, "character": 4}}
    )
    await peer.notify("textDocument/didSave", {"textDocument": {"uri": uri}, "text": CANARY})
    await peer.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    await peer.request("shutdown")
    await peer.notify("exit")


@asynccontextmanager
async def installed_server(folder: Path):
    """The server as an editor starts it."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "doctorflan_ls", "--stdio"),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env=environment(),
        cwd=folder,
    )
    peer = ProcessPeer(process.stdout, process.stdin)
    peer.collect(process)
    try:
        yield peer
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_as_an_editor_starts_it(home):
    async with installed_server(home) as peer:
        await provoke(peer)
        said = await peer.stderr()
    assert CANARY not in said
    assert (home / "journal").read_text("utf-8").count("\n") >= 2
    assert holding(home) == []


@pytest.mark.parametrize("model", ["", "brief", "raising"])
async def test_whatever_the_logs_are_set_to(model, home):
    async with stdio(model, log_level="DEBUG") as peer:
        await provoke(peer)
        said = await peer.stderr()
    assert said
    assert CANARY not in said
    assert holding(home) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["inspect", "-"], 0),
        (["draft", "case-summary", "-"], 0),
        (["deidentify", "-"], 0),
        (["draft", "no-such-task", "-"], 2),
        (["deidentify", "-", "--output", "."], 2),
    ],
)
def test_a_command_says_it_on_standard_output_alone(arguments, code, home):
    (home / "stdin.txt").write_text("taken", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "doctorflan_ls", *arguments],
        input=NOTE.encode(),
        capture_output=True,
        check=False,
        cwd=home,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])},
    )
    assert done.returncode == code, done.stderr
    assert not any(each in done.stderr for each in spellings())
    assert holding(home) == []


def test_the_search_finds_what_it_looks_for(tmp_path):
    (tmp_path / "log").write_text(json.dumps({"note": CANARY}), encoding="utf-8")
    (tmp_path / "clean").write_text("nothing", encoding="utf-8")
    assert holding(tmp_path) == [str(tmp_path / "log")]
