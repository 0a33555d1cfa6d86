"""The end of the process in the middle of the work: nothing lost, doubled or left behind.

``tests/endurance/killing.py`` does the first of these over hundreds of seeds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys

import pytest

from doctorflan_ls.audit import Event
from doctorflan_ls.audit.places import heads_path
from doctorflan_ls.audit.reading import rows
from doctorflan_ls.audit.rows import FIRST
from doctorflan_ls.audit.store import Store
from doctorflan_ls.audit.verify import Verdict, verify
from tests.e2e.peer import environment, listening, port_of, stdio, ws
from tests.e2e.test_drafts import asks, begun, open_note
from tests.e2e.test_features import document
from tests.e2e.test_review import execute, with_draft
from tests.endurance.killing import Plan, run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
TOKEN = "correct-horse"
EVENT = Event("draft", "ready", 1.0, {"task": "triage"})


@pytest.fixture
def trail(tmp_path, monkeypatch):
    path = tmp_path / "trail" / "audit.sqlite3"
    monkeypatch.setenv("DOCTORFLAN_AUDIT_PATH", str(path))
    return path


async def review(peer, uri, draft):
    params = document(uri, block=draft["id"], outcome="accepted")
    return (await peer.request("doctorflan/review", params))["reviewed"]


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(2, 5), (8, 3), (12, 38), (15, 46)])
async def test_a_server_that_is_killed_loses_and_doubles_nothing(seeds):
    outcomes = await asyncio.gather(*(run(Plan(seed, 40)) for seed in seeds))
    assert not [str(each) for each in outcomes if each.faults]
    assert all(each.counts["checks"] for each in outcomes)


def test_the_seeds_of_the_test_above_end_in_every_way():
    plans = [Plan(seed, 40) for seed in (2, 5, 8, 3, 12, 38, 15, 46)]
    ways = {(each.transport, each.how) for each in plans}
    assert ways >= {("stdio", how) for how in ("TERM", "KILL", "EOF", "HUP")}
    assert ways >= {("ws", how) for how in ("TERM", "KILL", "EOF")}
    assert any(each.half for each in plans)
    assert any(each.on_answer for each in plans)


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 1), ("SIGHUP", 1), ("SIGINT", 130)])
async def test_what_a_locked_trail_holds_up_is_written_before_a_signal_ends_the_process(
    trail, name, code
):
    async with stdio() as peer:
        uri, _, draft = await with_draft(peer)
        said = await review(peer, uri, draft)
        holder = sqlite3.connect(trail, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        # Half a second is all that an answer waits for its row.
        await execute(peer, "reviewed", **said)
        peer.process.send_signal(signal.Signals[name])
        await asyncio.sleep(0.2)
        holder.execute("ROLLBACK")
        holder.close()
        assert await asyncio.wait_for(peer.process.wait(), 30) == code
    assert [row.outcome for row in rows(trail)] == ["ready", "accepted"]
    assert verify(trail).fault is None


@pytest.mark.parametrize("model", ["endless", "deaf"])
async def test_a_signal_ends_the_process_whatever_its_model_does(model):
    async with stdio(model) as peer:
        uri = await open_note(peer)
        await peer.start("doctorflan/draft", asks(uri, partialResultToken="p"))
        await begun(peer)
        peer.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(peer.process.wait(), 30) == 1
        assert await peer.stderr() == ""


async def test_a_server_started_to_outlive_its_terminal_does():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        async with (
            listening("ws", TOKEN) as (process, lines),
            ws(port_of(lines), f"/?token={TOKEN}") as peer,
        ):
            process.send_signal(signal.SIGHUP)
            await peer.initialize()
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 30) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


async def test_what_a_client_has_the_answer_to_is_in_the_trail(trail):
    async with stdio() as peer:
        uri, _, draft = await with_draft(peer)
        said = await review(peer, uri, draft)
        await execute(peer, "reviewed", **said)
        assert [row.outcome for row in rows(trail)] == ["ready", "accepted"]
        rule = {"uri": uri, "rule": "ZC-01", "reach": "document"}
        await execute(peer, "dismiss", **rule)
        assert [row.outcome for row in rows(trail)] == ["ready", "accepted", "dismissed"]


LATE = """
import asyncio, sys
from doctorflan_ls.audit import Event
from doctorflan_ls.server.host import ServerOptions
from doctorflan_ls.server.network import serve

async def talk(host):
    print("ready", flush=True)
    try:
        await asyncio.sleep(600)
    finally:
        host.audited(Event("draft", "ready", 1.0, {"task": "late"}), sys.argv[1], "")

serve(talk, ("127.0.0.1", 0), ServerOptions())
"""


async def test_what_a_client_leads_to_while_it_is_sent_away_is_written(trail):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LATE, str(trail), stdout=asyncio.subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert [row.kind for row in rows(trail)] == ["draft"]


# Killed while the first row was on its way


def test_a_trail_that_was_made_and_not_written_is_no_wrong_one(trail):
    trail.parent.mkdir()
    trail.touch()
    assert verify(trail) == Verdict(0, FIRST)
    assert verify(trail, "a" * 64).fault == "noted"
    assert list(rows(trail)) == []
    Store(trail).append([(EVENT, "")])
    assert verify(trail)[::2] == (1, None)


def test_a_first_row_without_its_head_is_no_wrong_one(trail, monkeypatch):
    def killed(*_):
        raise OSError

    monkeypatch.setattr("doctorflan_ls.audit.store.append_head", killed)
    Store(trail).append([(EVENT, "")])
    assert heads_path(trail).read_bytes() == b""
    assert verify(trail)[::2] == (1, None)
