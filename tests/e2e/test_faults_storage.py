"""Disks that are full, read-only or locked under a real server: no event is lost, all goes on."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys

import pytest

from doctorflan_ls.audit.reading import rows
from doctorflan_ls.audit.verify import set_back, verify
from doctorflan_ls.dismissals import Dismissals
from tests.e2e.peer import RpcError, stdio
from tests.e2e.test_audit import accept, once
from tests.e2e.test_display import PUSH, codes, pushes
from tests.e2e.test_drafts import NOTE, asks
from tests.e2e.test_faults_files import listed
from tests.e2e.test_features import FULL
from tests.e2e.test_findings import NOTE as FINDINGS
from tests.e2e.test_findings import pushed
from tests.e2e.test_review import execute, messages, with_draft

resource = pytest.importorskip("resource", reason="bounds as POSIX has them")
pytestmark = pytest.mark.slow


def told(peer):
    return [each for each in messages(peer.heard) if "审计" in each]


async def once_told(peer, count=1):
    return await peer.until(lambda _: len(found := told(peer)) >= count and found)


async def drafts(peer, uri, *tasks):
    for task in tasks:
        result = await peer.request("doctorflan/draft", asks(uri, task=task))
        assert "发热" in result["draft"]["text"]


@pytest.fixture
def state(tmp_path, monkeypatch):
    """The folder of the trail and of what is put aside."""
    folder = tmp_path / "state" / "doctorflan-ls"
    folder.mkdir(parents=True)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder.parent))
    return folder


class Disk:
    """A small disk of its own at ``folder``."""

    def __init__(self, folder):
        self.folder = folder
        self.mounted = False
        self.begin()

    def begin(self):
        command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(self.folder)]
        if os.geteuid() or not shutil.which("mount"):
            pytest.skip("only the superuser mounts disks")
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this system lets nobody mount disks")
        self.mounted = True

    def fill(self):
        with (self.folder / "filler").open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    continue
            except OSError:
                return

    def free(self):
        (self.folder / "filler").unlink()

    def remounted(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.folder)], check=True)

    def end(self):
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)


class Bound:
    """No file of the process may grow: what a full disk does, without a disk."""

    def fill(self, process):
        self.before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, self.before[1]))

    def free(self, process):
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, self.before)


DISMISSAL = {"rule": "ZA-04", "reach": "document", "reason": "checked"}


async def test_a_full_disk_loses_no_event_and_is_told_in_one_line(state):
    if not hasattr(resource, "prlimit"):
        pytest.skip("bounds of another process are Linux's")
    disk = Bound()
    path = state / "audit.sqlite3"
    async with stdio() as peer:
        uri, text, draft = await with_draft(peer)
        assert len(await once(path, 1)) == 1
        disk.fill(peer.process)
        await accept(peer, uri, draft)
        (line,) = await once_told(peer)
        assert str(path) in line
        assert "1 条事件暂存在内存中" in line
        assert "\n" not in line
        await drafts(peer, uri, "triage", "differential-diagnosis")
        with pytest.raises(RpcError) as caught:
            await execute(peer, "dismiss", uri=uri, **DISMISSAL)
        assert "状态文件夹是否可写" in caught.value.message
        assert await peer.request("test/text", {"textDocument": {"uri": uri}}) == text
        disk.free(peer.process)
        # The next event takes along what waited.
        await drafts(peer, uri, "case-summary")
        await execute(peer, "dismiss", uri=uri, **DISMISSAL)
        await once(path, 6)
        assert len(told(peer)) == 1
        # Told anew where it happens anew.
        disk.fill(peer.process)
        await drafts(peer, uri, "triage")
        assert len(await once_told(peer, 2)) == 2
        disk.free(peer.process)
        await drafts(peer, uri, "differential-diagnosis")
        await once(path, 8)
        # Full to the end: what is lost then is counted in the log.
        disk.fill(peer.process)
        await accept(peer, uri, draft)
        await drafts(peer, uri, "triage")
        await peer.request("shutdown")
        await peer.notify("exit")
        assert "2 audit events could not be written" in await peer.stderr()
    outcomes = ["ready", "accepted", *["ready"] * 3, "dismissed", *["ready"] * 2]
    assert [row.outcome for row in rows(path)] == outcomes
    assert verify(path).fault is None


async def test_a_disk_that_is_read_only_then_full_is_told_and_what_is_there_is_still_read(state):
    disk = Disk(state)
    path = state / "audit.sqlite3"
    try:
        Dismissals(state / "dismissals.sqlite3").dismiss(
            "file:///n.txt", "ZA-04", "", "user", "wrong"
        )
        disk.remounted("ro")
        async with stdio() as peer:
            await peer.initialize(PUSH, locale="zh")
            uri = await peer.open(FINDINGS)
            found = codes(await pushed(peer, 1))
            assert "ZA-04" not in found
            assert "ZY-01" in found
            result = await peer.request("doctorflan/draft", asks(uri, task="triage"))
            assert result["draft"]["text"]
            (line,) = await once_told(peer)
            assert str(path) in line
            with pytest.raises(RpcError) as caught:
                await execute(peer, "dismiss", uri=uri, **{**DISMISSAL, "rule": "ZY-01"})
            assert "状态文件夹是否可写" in caught.value.message
            disk.remounted("rw")
            await execute(peer, "dismiss", uri=uri, **{**DISMISSAL, "rule": "ZY-01"})
            assert not {"ZA-04", "ZY-01"} & set(codes(await pushed(peer, 2)))
            await once(path, 2)
            disk.fill()
            await peer.request("doctorflan/draft", asks(uri, task="case-summary"))
            assert len(await once_told(peer, 2)) == 2
            disk.free()
            await peer.request("doctorflan/draft", asks(uri, task="triage"))
            found = await once(path, 4)
        assert [row.outcome for row in found] == ["ready", "dismissed", "ready", "ready"]
        assert verify(path).fault is None
    finally:
        disk.end()


# The database itself

HOLDER = """
import sqlite3, sys
holders = [sqlite3.connect(path, isolation_level=None) for path in sys.argv[1:]]
for holder in holders:
    holder.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


async def test_files_that_another_process_locks_hold_nobody_up(state):
    path = state / "audit.sqlite3"
    async with stdio() as peer:
        uri, _, draft = await with_draft(peer)
        await execute(peer, "dismiss", uri=uri, **DISMISSAL)
        await once(path, 2)
        holder = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", HOLDER, str(path), str(state / "dismissals.sqlite3")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert await holder.stdout.readline() == b"held\n"
        await accept(peer, uri, draft)
        await drafts(peer, uri, "triage")
        for version in range(10, 20):
            await peer.change(uri, version, {"text": f"{NOTE}{version}\n"})
            await peer.request("doctorflan/analysis", {"textDocument": {"uri": uri}})
        (line,) = await once_told(peer)
        assert "database is locked" in line
        await holder.communicate(b"")
        await drafts(peer, uri, "differential-diagnosis")
        found = await once(path, 5)
    assert [row.outcome for row in found] == ["ready", "dismissed", "accepted", "ready", "ready"]
    assert verify(path).fault is None


async def test_a_trail_that_is_taken_away_or_spoilt_while_the_server_runs(state, tmp_path):
    path = state / "audit.sqlite3"
    old = tmp_path / "old"
    old.mkdir()
    async with stdio() as peer:
        uri, _, draft = await with_draft(peer)
        await once(path, 1)
        for each in state.glob("audit.sqlite3*"):
            each.rename(old / each.name)
        await accept(peer, uri, draft)
        assert [row.outcome for row in await once(path, 1)] == ["accepted"]
        # The file alone: its heads, which stayed, tell that it was another one.
        path.unlink()
        await drafts(peer, uri, "triage")
        await once(path, 1)
        assert verify(path).fault == "replaced"
        assert not told(peer)
        # What sqlite has not folded in yet is taken away: it is folded in before the next row.
        path.with_name(f"{path.name}-wal").unlink()
        await drafts(peer, uri, "differential-diagnosis")
        assert [row.outcome for row in await once(path, 2)] == ["ready", "ready"]
        assert not told(peer)
        # Somebody else's file in its place is left alone, and the event waits.
        spoilt = b"somebody else's" * 500
        (state / "other").write_bytes(spoilt)
        (state / "other").replace(path)
        path.with_name(f"{path.name}-wal").unlink()
        await drafts(peer, uri, "triage")
        (line,) = await once_told(peer)
        assert str(path) in line
        assert path.read_bytes() == spoilt
        for each in state.glob("audit.sqlite3*"):
            each.unlink()
        await drafts(peer, uri, "case-summary")
        found = await once(path, 2)
    assert [row.outcome for row in found] == ["ready", "ready"]
    assert verify(path).fault is None
    assert verify(old / path.name)[::2] == (1, None)


# A clock that goes backwards

BACKWARDS = """
import datetime, time
# Each look at the clock is an hour before the one before.
began, looks = time.time(), iter(range(10**9))
time.time = lambda: began - 3600 * next(looks)
time.time_ns = lambda: int(time.time() * 1e9)
"""


async def test_under_a_clock_that_goes_backwards_all_is_recorded_and_nothing_waits(
    state, tmp_path, monkeypatch
):
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(BACKWARDS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(site))
    path = state / "audit.sqlite3"
    async with stdio() as peer:
        uri, _, draft = await with_draft(peer, PUSH)
        await accept(peer, uri, draft)
        await drafts(peer, uri, "triage", "differential-diagnosis")
        # Findings are pushed when the typing rests.
        await peer.change(uri, 3, {"text": FINDINGS})
        await peer.until(lambda heard: any("ZY-01" in codes(push) for push in pushes(heard)))
        found = await once(path, 4)
    assert [row.outcome for row in found] == ["ready", "accepted", "ready", "ready"]
    times = [row.at for row in found]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == 4
    assert verify(path).fault is None
    assert set_back(path) == (3, 2)


# Settings and models


def is_folder(path):
    path.mkdir()


def is_pipe(path):
    os.mkfifo(path)


def is_loop(path):
    path.symlink_to(path)


def is_huge(path):
    path.write_bytes(b"#" * (2 * 2**20))


def is_endless(path):
    path.symlink_to("/dev/zero")


def is_no_text(path):
    path.write_bytes(b"\xff\xfe\0\0")


async def test_a_settings_file_that_cannot_be_read_is_named_and_read_once_it_can(
    tmp_path, monkeypatch
):
    path = tmp_path / "config" / "doctorflan-ls" / "settings.toml"
    path.parent.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    kinds = (is_folder, is_pipe, is_loop, is_huge, is_endless, is_no_text)
    async with stdio() as peer:
        is_folder(path)
        await peer.initialize(FULL, locale="zh")
        uri = await peer.open(NOTE)
        for number, kind in enumerate(kinds):
            if number:
                kind(path)
            await peer.notify("workspace/didChangeConfiguration", {"settings": {}})
            await drafts(peer, uri, "triage")
            shown = [each for each in messages(peer.heard) if str(path) in each]
            assert len(shown) == number + 1, (kind, shown)
            assert "\n" not in shown[-1]
            path.rmdir() if path.is_dir() else path.unlink()
            path.write_text('draft.language = "en"\n', encoding="utf-8")
            await peer.notify("workspace/didChangeConfiguration", {"settings": {}})
            made = await peer.request("doctorflan/draft", asks(uri))
            assert made["draft"]["language"] == "en", made["draft"]
            path.unlink()


def command(tmp_path, *arguments, bound=None):
    """The command line, where no file may grow beyond ``bound`` bytes."""

    def before():
        resource.setrlimit(resource.RLIMIT_FSIZE, (bound, resource.RLIM_INFINITY))

    return subprocess.run(
        [sys.executable, "-m", "doctorflan_ls", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "XDG_DATA_HOME": str(tmp_path / "data")},
        preexec_fn=None if bound is None else before,
    )


def test_a_model_that_finds_no_room_leaves_nothing_and_is_added_later(tmp_path):
    graphs = pytest.importorskip("onnx_graphs")
    source = tmp_path / "tiny"
    graphs.save(graphs.graph(graphs.weights()), source)
    listed(source, graphs.manifest())
    refused = command(tmp_path, "models", "add", str(source), bound=100_000)
    assert refused.returncode != 0
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "Traceback" not in refused.stderr
    models = tmp_path / "data" / "doctorflan-ls" / "models"
    assert not models.exists() or list(models.iterdir()) == []
    assert command(tmp_path, "models", "add", str(source)).returncode == 0
    assert [each.name for each in models.iterdir()] == ["tiny"]
