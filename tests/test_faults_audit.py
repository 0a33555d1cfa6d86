"""The trail's file under faults that no process has to be started for."""

from __future__ import annotations

import builtins
import json
import sqlite3
import threading
import time

import pytest
from click.testing import CliRunner

from doctorflan_ls.audit import Event
from doctorflan_ls.audit.places import AuditFailed
from doctorflan_ls.audit.reading import Wanted, rows
from doctorflan_ls.audit.store import Store
from doctorflan_ls.audit.trail import Trail
from doctorflan_ls.audit.verify import set_back, verify
from doctorflan_ls.cli.app import app
from doctorflan_ls.server.auditing import Recorder

PATIENCE = 10


def event(number: int = 0, at: float = 1_700_000_000.0) -> Event:
    return Event("draft", "ready", at, {"task": "triage"}, {}, {"number": number})


def numbers(path):
    return [json.loads(row.counts)["number"] for row in rows(path)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept" / "audit.sqlite3"


def beside(path, ending):
    return path.with_name(path.name + ending)


# sqlite's own files


def test_a_log_that_is_taken_away_takes_no_row_with_it(path):
    store = Store(path)
    store.append([(event(0), "")])
    beside(path, "-wal").unlink()
    store.append([(event(1), "")])
    # As another process sees it, without an end of this one.
    assert numbers(path) == [0, 1]
    assert verify(path)[::2] == (2, None)


def test_a_stale_log_of_another_time_is_no_part_of_the_trail(path):
    store = Store(path)
    store.append([(event(0), "")])
    store.close()
    beside(path, "-wal").write_bytes(b"\x37\x7f\x06\x82" + bytes(9000))
    beside(path, "-shm").write_bytes(b"\xff" * 32768)
    assert numbers(path) == [0]
    Store(path).append([(event(1), "")])
    assert numbers(path) == [0, 1]
    assert verify(path).fault is None


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
def test_a_folder_in_the_place_of_a_file_is_told_and_then_written(path, ending):
    path.parent.mkdir()
    beside(path, ending).mkdir()
    trail = Trail(path)
    trail.add(event(0))
    failure = trail.write()
    assert failure is not None
    assert failure.key == "audit.unwritable"
    assert "\n" not in failure.user_message("zh")
    beside(path, ending).rmdir()
    trail.add(event(1))
    assert trail.write() is None
    assert numbers(path) == [0, 1]
    assert verify(path).fault is None


@pytest.mark.parametrize("kind", ["folder", "full"])
def test_heads_that_cannot_be_noted_cost_no_row(path, kind):
    path.parent.mkdir()
    if kind == "folder":
        beside(path, ".heads").mkdir()
    else:
        beside(path, ".heads").symlink_to("/dev/full")
    store = Store(path)
    store.append([(event(0), "")])
    store.append([(event(1), "")])
    assert numbers(path) == [0, 1]


# Memory


@pytest.mark.parametrize("where", ["connect", "insert"])
def test_no_memory_is_told_and_the_event_waits(path, monkeypatch, where):
    trail = Trail(path)
    trail.add(event(0))
    assert trail.write() is None
    trail.add(event(1))
    with monkeypatch.context() as change:
        if where == "connect":
            trail.close()
            change.setattr(sqlite3, "connect", _no_memory)
        else:
            change.setattr("doctorflan_ls.audit.store.next_row", _no_memory)
        failure = trail.write()
    assert failure is not None
    assert failure.fields["reason"] == "MemoryError"
    assert failure.fields["count"] == 1
    assert trail.write() is None
    assert numbers(path) == [0, 1]


def _no_memory(*_, **__):
    raise MemoryError


def test_a_python_without_sqlite_is_told(path, monkeypatch):
    imported = builtins.__import__

    def refuse(name, *rest):
        if name == "sqlite3":
            raise ImportError("libsqlite3.so.0: failed to map segment from shared object")
        return imported(name, *rest)

    trail = Trail(path)
    trail.add(event(0))
    with monkeypatch.context() as change:
        change.setattr(builtins, "__import__", refuse)
        failure = trail.write()
    assert isinstance(failure, AuditFailed)
    assert "libsqlite3" in failure.user_message("zh")
    assert trail.write() is None
    assert numbers(path) == [0]


# The recorder's thread


class Heard(list):
    def __call__(self, failure, unwritten):
        self.append((None if failure is None else failure.key, unwritten))


def no_threads(monkeypatch):
    def refuse(_self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)


def test_where_no_thread_can_be_started_events_wait_and_are_written_later(path, monkeypatch):
    heard = Heard()
    recorder = Recorder(heard)
    with monkeypatch.context() as change:
        no_threads(change)
        first = recorder.record(event(0), str(path))
        recorder.record(event(1), str(path))
        assert heard == [("audit.no-thread", 1), ("audit.no-thread", 2)]
        assert not first.done()
    recorder.record(event(2), str(path)).result(PATIENCE)
    assert first.result(PATIENCE) is None
    assert heard[-1] == (None, 0)
    recorder.close()
    assert numbers(path) == [0, 1, 2]


def test_what_waits_for_a_thread_at_the_end_is_written_or_counted(path, monkeypatch, caplog):
    recorder = Recorder(Heard())
    with monkeypatch.context() as change:
        no_threads(change)
        recorder.record(event(0), str(path))
    recorder.close()
    assert numbers(path) == [0]
    recorder = Recorder(Heard())
    no_threads(monkeypatch)
    recorder.record(event(1), str(path))
    recorder.close()
    assert "1 audit events could not be written" in caplog.text
    assert numbers(path) == [0]


# A clock that was set back


def test_rows_after_a_clock_that_was_set_back_are_honest_and_in_order(path, monkeypatch):
    hours = iter([9, 10, 3, 4, 11])
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.0 + 3600 * next(hours))
    store = Store(path)
    for number in range(5):
        store.append([(event(number, time.time()), "")])
    assert numbers(path) == [0, 1, 2, 3, 4]
    found = list(rows(path))
    assert [row.at for row in found] != sorted(row.at for row in found)
    verdict = verify(path)
    assert (verdict.total, verdict.fault) == (5, None)
    # Said, and no fault.
    assert set_back(path) == (1, 3)
    result = CliRunner().invoke(app, ["--set", f"audit.path={path}", "audit", "verify"])
    assert result.exit_code == 0
    assert "the first is row 3" in " ".join(result.stdout.split())
    # What is asked for by time is found by time, in the order of the trail.
    since = found[3].at
    assert [row.seq for row in rows(path, Wanted(since))] == [1, 2, 4, 5]


def test_rows_that_come_a_little_late_are_not_remarked_on(path):
    store = Store(path)
    for number, second in enumerate((0, 59, 0, 0)):
        store.append([(event(number, 1_700_000_000.0 + second), "")])
    assert set_back(path) == (0, 0)
