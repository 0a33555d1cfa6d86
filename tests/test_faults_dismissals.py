"""The file of what was put aside, read-only, locked, full or taken away: nothing else stops."""

from __future__ import annotations

import sqlite3
import time

import pytest

from doctorflan_ls import dismissals
from doctorflan_ls.dismissals import Dismissals

URI = "file:///ward/one.txt"
WORDS = "反复咳嗽10余年"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "dismissals.sqlite3"


@pytest.fixture
def kept(path):
    """One place put aside; gives what stands for it."""
    store = Dismissals(path)
    place = store.place("ZA-04", WORDS)
    store.dismiss(URI, "ZA-04", place, "place", "checked")
    return place


@pytest.fixture
def no_wait(monkeypatch):
    monkeypatch.setattr(dismissals, "_BUSY_WRITING", 0.05)


def unwritable(path, monkeypatch):
    """As on a disk that is mounted read-only: the superuser would write to any other."""

    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(type(path), "touch", refuse)
    monkeypatch.setattr(type(path), "mkdir", refuse)
    monkeypatch.setattr(type(path), "chmod", refuse)


def test_what_was_put_aside_is_still_read_where_nothing_can_be_written(path, kept, monkeypatch):
    with monkeypatch.context() as change:
        unwritable(path, change)
        before = path.read_bytes()
        store = Dismissals(path)
        assert kept in store.of(URI).places
        assert store.place("ZA-04", WORDS) == kept
        with pytest.raises(OSError, match="Read-only"):
            store.dismiss(URI, "ZA-05", "", "document", "checked")
        assert path.read_bytes() == before
    store.dismiss(URI, "ZA-05", "", "document", "checked")
    assert store.of(URI).rules == {"ZA-05"}


def test_reading_needs_no_lock_and_writing_says_that_it_is_locked(path, kept, no_wait):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    store = Dismissals(path)
    assert kept in store.of(URI).places
    with pytest.raises(OSError, match="locked"):
        store.dismiss(URI, "ZA-05", "", "document", "checked")
    holder.execute("ROLLBACK")
    store.dismiss(URI, "ZA-05", "", "document", "checked")
    assert store.of(URI).rules == {"ZA-05"}


def test_a_file_that_another_process_keeps_is_asked_for_once_in_a_while(
    path, kept, no_wait, monkeypatch
):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    opened = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: opened.append(a) or connect(*a, **k))
    holder = connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    store = Dismissals(path)
    for _ in range(20):
        with pytest.raises(OSError):
            store.of(URI)
    assert len(opened) == 1
    holder.execute("ROLLBACK")
    now[0] += dismissals._REST_SECONDS
    assert kept in store.of(URI).places


def test_a_decision_that_went_through_ends_the_rest(path, kept, no_wait):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    store = Dismissals(path)
    with pytest.raises(OSError):
        store.of(URI)
    holder.execute("ROLLBACK")
    store.dismiss(URI, "ZA-05", "", "document", "checked")
    assert store.of(URI).rules == {"ZA-05"}


def test_a_full_disk_keeps_what_is_there(path, kept):
    resource = pytest.importorskip("resource")
    signals = pytest.importorskip("signal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signals.signal(signals.SIGXFSZ, signals.SIG_IGN)
    store = Dismissals(path)
    try:
        # No file may grow.
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        with pytest.raises(OSError):
            store.dismiss(URI, "ZA-05", "", "document", "checked")
        assert kept in Dismissals(path).of(URI).places
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signals.signal(signals.SIGXFSZ, old)
    store.dismiss(URI, "ZA-05", "", "document", "checked")
    found = Dismissals(path).of(URI)
    assert (kept in found.places, found.rules) == (True, {"ZA-05"})


def test_a_file_that_was_taken_away_is_begun_again_and_known_places_hold(path, kept):
    store = Dismissals(path)
    assert store.place("ZA-04", WORDS) == kept
    path.unlink()
    assert store.of(URI).places == frozenset()
    store.dismiss(URI, "ZA-04", kept, "place", "checked")
    fresh = Dismissals(path)
    assert fresh.place("ZA-04", WORDS) in fresh.of(URI).places


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"\xff" * 9000, b"\0" * 4096])
def test_a_damaged_file_is_an_error_and_is_left_alone(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    store = Dismissals(path)
    with pytest.raises(OSError):
        store.of(URI)
    assert path.read_bytes() == content
