"""The audit trail of a real server: what was made and accepted is in it, and not a word of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from doctorflan_ls.audit.reading import rows
from doctorflan_ls.audit.verify import verify
from tests.e2e.peer import ROOT, listening, port_of, stdio, tcp
from tests.e2e.test_drafts import NOTE, asks
from tests.e2e.test_features import FULL, document
from tests.e2e.test_review import execute, messages, with_draft


@pytest.fixture
def trail(tmp_path, monkeypatch):
    path = tmp_path / "trail" / "audit.sqlite3"
    monkeypatch.setenv("DOCTORFLAN_AUDIT_PATH", str(path))
    return path


def command_line(*arguments):
    command = [sys.executable, "-m", "doctorflan_ls", "audit", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=environment
    )


async def accept(peer, uri, draft):
    params = document(uri, block=draft["id"], outcome="accepted", reason="style")
    result = await peer.request("doctorflan/review", params)
    await execute(peer, "reviewed", **result["reviewed"])


async def once(path, count):
    """The rows once there are ``count``: a review is written beside the answer."""
    async with asyncio.timeout(10):
        # Another process writes them.
        while len(found := list(rows(path))) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


async def test_a_draft_and_its_review_are_in_the_trail(trail):
    async with stdio() as peer:
        options = {"audit": {"user": "his:4711"}}
        await peer.initialize(FULL, locale="zh", initializationOptions=options)
        uri = await peer.open(NOTE)
        made = await peer.request("doctorflan/draft", asks(uri, task="case-summary"))
        # The answer waits for its event.
        assert [row.outcome for row in rows(trail)] == ["ready"]
        await peer.change(uri, 2, {"text": NOTE + "\n"})
        draft = made["draft"]
        said = {"task": "case-summary", "model": "skeleton 1", "block": draft["id"]}
        await execute(peer, "reviewed", uri=uri, outcome="discarded", **said)
        await once(trail, 2)
    listed = command_line("list", "--json")
    first, second = json.loads(listed.stdout)
    assert (first["kind"], first["outcome"]) == ("draft", "ready")
    assert (second["kind"], second["outcome"]) == ("review", "discarded")
    assert {each["user"] for each in (first, second)} == {"his:4711"}
    assert {each["identifiers"]["draft"] for each in (first, second)} == {draft["id"]}
    assert command_line("verify", "--head", first["hash"]).returncode == 0
    kept = b"".join(each.read_bytes() for each in trail.parent.iterdir())
    for word in ("发热", "青霉素", uri, *NOTE.split()):
        assert word.encode() not in kept


async def test_an_accepted_draft_is_in_the_trail_after_a_kill(trail):
    async with stdio() as peer:
        uri, _, draft = await with_draft(peer)
        await accept(peer, uri, draft)
        await once(trail, 2)
        os.kill(peer.process.pid, signal.SIGKILL)
        await peer.closed.wait()
    assert [row.outcome for row in rows(trail)] == ["ready", "accepted"]
    assert verify(trail).fault is None


async def test_what_is_recorded_last_is_written_before_the_end(trail):
    async with stdio() as peer:
        uri, _, draft = await with_draft(peer)
        await accept(peer, uri, draft)
        await peer.request("shutdown")
        await peer.notify("exit")
        await asyncio.wait_for(peer.closed.wait(), 10)
    assert [row.outcome for row in rows(trail)] == ["ready", "accepted"]


async def test_a_trail_that_cannot_be_written_is_told_once_and_the_rest_goes_on(
    tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "audit.sqlite3"
    monkeypatch.setenv("DOCTORFLAN_AUDIT_PATH", str(path))
    async with stdio() as peer:
        uri, _, draft = await with_draft(peer)
        await accept(peer, uri, draft)
        (said,) = await peer.until(lambda heard: [m for m in messages(heard) if "审计" in m])
        assert str(path) in said
        assert "audit.path" in said
        (tmp_path / "file").unlink()
        await peer.request("doctorflan/draft", asks(uri, task="triage"))
    assert [row.outcome for row in rows(path)] == ["ready", "accepted", "ready"]
    assert verify(path).fault is None


async def test_a_workspace_file_moves_no_trail(trail, tmp_path):
    folder = tmp_path / "ward"
    folder.mkdir()
    (folder / ".doctorflan.toml").write_text("[audit]\nenabled = false\n")
    async with stdio() as peer:
        await peer.initialize(FULL, rootUri=folder.as_uri())
        uri = await peer.open(NOTE)
        await peer.request("doctorflan/draft", asks(uri, task="triage"))
    assert [row.kind for row in rows(trail)] == ["draft"]


async def test_clients_of_a_shared_server_say_who_they_are_and_nothing_else(trail):
    async with listening("tcp") as (_, lines):
        for user in ("his:1", "his:2"):
            async with tcp(port_of(lines)) as peer:
                audit = {"user": user, "enabled": False, "path": "/nowhere"}
                await peer.initialize(FULL, initializationOptions={"audit": audit})
                uri = await peer.open(NOTE)
                await peer.request("doctorflan/draft", asks(uri, task="triage"))
    assert [row.user for row in rows(trail)] == ["his:1", "his:2"]


async def test_where_it_is_off_there_is_no_file(trail, monkeypatch):
    monkeypatch.setenv("DOCTORFLAN_AUDIT_ENABLED", "false")
    async with stdio() as peer:
        await with_draft(peer)
    assert not Path(trail).parent.exists()
