"""The audit trail: what it holds, what a change of it leaves behind, what a broken disk costs."""

import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from doctorflan_ls.audit import Dismissed, Event, dismissal_event, draft_event
from doctorflan_ls.audit.heads import append_head
from doctorflan_ls.audit.places import AuditFailed, heads_path, trail_path
from doctorflan_ls.audit.reading import Wanted, rows
from doctorflan_ls.audit.rows import FIRST, Row, next_row
from doctorflan_ls.audit.store import Store
from doctorflan_ls.audit.trail import Trail
from doctorflan_ls.audit.verify import Verdict, verify
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.plugins import no_plugins
from doctorflan_ls.server.auditing import Recorder
from doctorflan_ls.settings import Settings, load
from doctorflan_ls.testing import draft

ROOT = Path(__file__).parent.parent
WRITER = Path(__file__).with_name("audit_writer.py")
NOTE = "主诉：咳嗽5天。\n现病史：5天前受凉后咳嗽，无发热。\n"


def event(number: int = 0, kind="draft", outcome="ready", at: float | None = None) -> Event:
    digests = {"source": f"{number:064x}"}
    at = 1_700_000_000.25 + number if at is None else at
    return Event(kind, outcome, at, {"task": "triage", "model": "m"}, digests, {"length": number})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept" / "audit.sqlite3"


@pytest.fixture
def five(path):
    store = Store(path)
    for number in range(5):
        store.append([(event(number), "dr.li")])
    store.close()
    assert verify(path).fault is None
    return path


def tampered(path: Path, *statements: str) -> None:
    """As somebody would who can write the file and knows of its triggers."""
    connection = sqlite3.connect(path, isolation_level=None)
    guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    kept = guards.fetchall()
    for name, _ in kept:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for _, sql in kept:
        connection.execute(sql)
    connection.close()


# The chain


def test_rows_are_chained_and_say_who_and_when(five):
    found = list(rows(five))
    assert [row.seq for row in found] == [1, 2, 3, 4, 5]
    assert [row.previous for row in found] == [FIRST, *(row.hash for row in found[:-1])]
    assert {row.user for row in found} == {"dr.li"}
    assert found[2].at == "2023-11-14T22:13:22.250000Z"
    assert verify(five) == Verdict(5, found[-1].hash)


def test_a_row_has_the_hash_that_an_auditor_can_compute(five):
    """As docs/audit.md says it, with nothing of this program."""
    connection = sqlite3.connect(five)
    for found in connection.execute("SELECT * FROM events"):
        text = json.dumps(["doctorflan-audit-1", *found[:-1]], separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == found[-1]


def test_only_its_owner_reads_it(five):
    if os.name != "posix":
        pytest.skip("modes of POSIX")
    assert five.parent.stat().st_mode & 0o777 == 0o700
    for each in five.parent.iterdir():
        assert each.stat().st_mode & 0o777 == 0o600, each.name


@pytest.mark.parametrize(
    ("since", "kind", "limit", "seqs"),
    [
        ("", "", 0, [1, 2, 3, 4, 5]),
        ("", "", 2, [4, 5]),
        ("2023-11-14T22:13:22.250000Z", "", 0, [3, 4, 5]),
        ("", "review", 0, []),
        ("", "draft", 1, [5]),
    ],
)
def test_rows_are_chosen(five, since, kind, limit, seqs):
    assert [row.seq for row in rows(five, Wanted(since, kind, limit))] == seqs


# What was tampered with

COLUMNS = {
    "at": "'2023-11-14T22:13:22.250001Z'",
    "user": "'dr.wu'",
    "kind": "'review'",
    "outcome": "'failed'",
    "identifiers": "'{}'",
    "digests": "'{}'",
    "counts": "'{\"length\":7}'",
    "previous": f"'{FIRST}'",
    "hash": f"'{FIRST}'",
}


def test_every_column_is_tampered_with():
    assert {"seq", *COLUMNS} == set(Row._fields)


@pytest.mark.parametrize("seq", [1, 3, 5])
@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_is_found(five, column, seq):
    value = f"'{'1' * 64}'" if column == "previous" else COLUMNS[column]
    tampered(five, f'UPDATE events SET "{column}" = {value} WHERE seq = {seq}')
    assert verify(five)[2:] == ("changed", seq)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_value_of_another_type_is_found(five, column):
    tampered(five, f'UPDATE events SET "{column}" = CAST("{column}" AS BLOB) WHERE seq = 2')
    assert verify(five)[2:] == ("changed", 2)


@pytest.mark.parametrize(
    ("statements", "fault", "seq"),
    [
        (["DELETE FROM events WHERE seq = 1"], "missing", 1),
        (["DELETE FROM events WHERE seq = 3"], "missing", 3),
        (["DELETE FROM events WHERE seq = 5"], "shortened", 5),
        (["DELETE FROM events WHERE seq > 3"], "shortened", 4),
        (["DELETE FROM events"], "shortened", 1),
        (["DELETE FROM events WHERE seq = 3", "UPDATE events SET seq = seq - 1 WHERE seq > 3"],
         "changed", 3),
        (["UPDATE events SET seq = 9 WHERE seq = 2", "UPDATE events SET seq = 2 WHERE seq = 3",
          "UPDATE events SET seq = 3 WHERE seq = 9"], "changed", 2),
        (["UPDATE events SET seq = 0 WHERE seq = 5"], "missing", 1),
        (["DELETE FROM head"], "head", 0),
        (["UPDATE head SET count = 4"], "head", 0),
        (["UPDATE head SET hash = ''"], "head", 0),
        (["UPDATE head SET count = 9"], "shortened", 6),
        (["ALTER TABLE events RENAME COLUMN counts TO other"], "unreadable", 1),
        # The head in the file is shortened with the rows: the file of heads knows better.
        (["DELETE FROM events WHERE seq > 3",
          "UPDATE head SET count = 3, hash = (SELECT hash FROM events WHERE seq = 3)"],
         "shortened", 4),
    ],
)  # fmt: skip
def test_a_removed_or_moved_row_is_found(five, statements, fault, seq):
    tampered(five, *statements)
    assert verify(five)[2:] == (fault, seq)


def test_a_row_changed_with_all_behind_it_is_found_by_the_heads(five):
    found = list(rows(five))
    previous = found[1].hash
    statements = []
    for row in found[2:]:
        made = next_row(event(row.seq + 100), row.user, row.seq, previous)
        pairs = zip(Row._fields, made, strict=True)
        values = ", ".join(f"\"{name}\" = '{value}'" for name, value in pairs if name != "seq")
        statements.append(f"UPDATE events SET {values} WHERE seq = {row.seq}")
        previous = made.hash
    tampered(five, *statements, f"UPDATE head SET hash = '{previous}'")
    assert verify(five)[2:] == ("replaced", 3)
    heads_path(five).write_text("")
    append_head(heads_path(five), 5, previous)
    # Who writes both files is found only by what was noted elsewhere.
    assert verify(five).fault is None
    assert verify(five, found[4].hash).fault == "noted"


def test_a_head_that_was_noted_is_found_in_any_row(five):
    for row in list(rows(five)):
        assert verify(five, row.hash).fault is None
    assert verify(five, "0" * 64).fault == "noted"


def test_triggers_keep_honest_programs_off(five):
    connection = sqlite3.connect(five, isolation_level=None)
    for statement in (
        "UPDATE events SET outcome = 'x' WHERE seq = 1",
        "DELETE FROM events WHERE seq = 5",
        "INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 2",
        "UPDATE head SET count = 1",
        "DELETE FROM head",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
    assert verify(five).fault is None
    connection.execute("DROP TRIGGER events_no_removal")
    assert verify(five).fault == "unguarded"


def test_a_shortened_file_is_found(five):
    Store(five).close()
    whole = five.read_bytes()
    for size in (len(whole) - 4096, 5000, 100):
        five.write_bytes(whole[:size])
        assert verify(five).fault is not None, size
    five.write_bytes(b"")
    assert verify(five).fault == "unreadable"
    five.unlink()
    assert verify(five)[2:] == ("shortened", 1)


def test_another_trail_in_its_place_is_found(five, tmp_path):
    other = tmp_path / "other.sqlite3"
    Store(other).append([(event(50 + n), "") for n in range(9)])
    for name in ("-wal", "-shm"):
        five.with_name(five.name + name).unlink(missing_ok=True)
    connection = sqlite3.connect(other)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copy(other, five)
    assert verify(five)[2:] == ("replaced", 1)


def test_a_trail_begun_again_beside_old_heads_is_found(five):
    for each in five.parent.glob("audit.sqlite3*"):
        if each != heads_path(five):
            each.unlink()
    store = Store(five)
    for number in range(9):
        store.append([(event(number + 30), "")])
    assert verify(five)[2:] == ("replaced", 1)


def test_without_its_file_of_heads_it_says_so(five):
    heads_path(five).unlink()
    assert verify(five).fault == "heads-missing"


def test_a_gap_stays_a_gap_when_more_is_written(five):
    tampered(five, "DELETE FROM events WHERE seq > 3")
    Store(five).append([(event(9), "")])
    assert [row.seq for row in rows(five)] == [1, 2, 3, 6]
    assert verify(five)[2:] == ("missing", 4)


def test_heads_may_lack_lines_and_hold_half_of_one(five):
    lines = heads_path(five).read_text().split("\n")
    heads_path(five).write_text("\n".join([*lines[:4], "5 abc"]))
    assert verify(five).fault is None
    Store(five).append([(event(9), "")])
    assert verify(five).fault is None
    assert verify(five).total == 6


def test_no_trail_is_no_wrong_one(path):
    assert verify(path) == Verdict(0, FIRST)
    assert verify(path, "a" * 64).fault == "noted"
    assert list(rows(path)) == []
    assert not path.parent.exists()


# Several writers, and their end


def begin(path, name, count):
    command = [sys.executable, str(WRITER), str(path), name, str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.mark.slow
def test_two_processes_write_one_chain(path):
    writers = [begin(path, name, 500) for name in ("a", "b")]
    said = [int(line) for writer in writers for line in writer.communicate(timeout=120)[0].split()]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sorted(said) == list(range(1, 1001))
    assert verify(path)[::2] == (1000, None)
    for name in ("a", "b"):
        mine = [json.loads(row.counts)["number"] for row in rows(path) if row.user == name]
        assert mine == list(range(500))


@pytest.mark.slow
def test_a_killed_writer_loses_nothing_that_it_said_was_written(path):
    chance = random.Random(7)
    said = []
    for _ in range(8):
        writer = begin(path, "a", 100_000)
        said.append(int(writer.stdout.readline()))
        time.sleep(chance.uniform(0.0, 0.15))
        writer.kill()
        said += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
        writer.wait()
        assert verify(path).fault is None
    assert set(said) <= {row.seq for row in rows(path)}
    assert verify(path).total - len(said) <= 8


# Disks that fail


def full(store: Store) -> None:
    """No further page: what sqlite says then is what it says of a full disk."""
    connection = store._connect()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_loses_nothing(path):
    trail = Trail(path)
    full(trail.store)
    failures = []
    for number in range(60):
        trail.add(event(number))
        failures.append(trail.write())
    assert failures[0] is None
    # The failure closed the file: opened again it has room.
    (failure,) = filter(None, failures)
    assert (failure.key, failure.fields["count"]) == ("audit.unwritable", 1)
    assert "full" in failure.fields["reason"]
    assert trail.unwritten == 0
    assert [json.loads(row.counts)["length"] for row in rows(path)] == list(range(60))
    assert verify(path).fault is None


def test_a_folder_that_takes_no_file(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditFailed) as caught:
        Store(tmp_path / "file" / "audit.sqlite3").append([(event(), "")])
    assert caught.value.key == "audit.unwritable"
    assert "audit.path" in str(caught.value)


def test_a_read_only_folder(tmp_path):
    if os.name != "posix" or os.geteuid() == 0:
        pytest.skip("the superuser writes everywhere")
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o500)
    with pytest.raises(AuditFailed):
        Store(folder / "audit.sqlite3").append([(event(), "")])


def test_a_locked_file_is_waited_for_and_then_kept_for_later(five):
    holder = sqlite3.connect(five, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    trail = Trail(five)
    trail.store = Store(five, busy_seconds=0.1)
    trail.add(event(5))
    failure = trail.write()
    assert "locked" in failure.fields["reason"]
    assert (trail.unwritten, failure.fields["count"]) == (1, 1)
    trail.add(event(6))
    holder.execute("ROLLBACK")
    assert trail.write() is None
    assert trail.unwritten == 0
    assert [json.loads(row.counts)["length"] for row in rows(five)] == list(range(7))


def test_what_finds_no_room_in_memory_is_counted(tmp_path):
    (tmp_path / "file").write_text("")
    trail = Trail(tmp_path / "file" / "audit.sqlite3", most_kept=3)
    for number in range(5):
        trail.add(event(number))
    assert trail.write().fields["count"] == 5
    assert (trail.unwritten, trail.lost) == (5, 2)


def test_what_is_no_database_is_left_as_it_is(path):
    path.parent.mkdir()
    path.write_text("somebody's own words" * 400)
    with pytest.raises(AuditFailed):
        Store(path).append([(event(), "")])
    assert path.read_text() == "somebody's own words" * 400
    assert verify(path)[2:] == ("unreadable", 1)
    with pytest.raises(AuditFailed):
        list(rows(path))


def test_a_file_that_is_moved_away_is_begun_again(five):
    store = Store(five)
    store.append([(event(5), "")])
    moved = five.parent / "old"
    moved.mkdir()
    for each in list(five.parent.glob("audit.sqlite3*")):
        each.rename(moved / each.name)
    store.append([(event(6), "")])
    assert verify(five)[::2] == (1, None)
    assert verify(moved / five.name)[::2] == (6, None)


# The server's thread


class Heard:
    """What a recorder says of trouble."""

    def __init__(self):
        self.said = []

    def __call__(self, failure, unwritten):
        self.said.append((None if failure is None else failure.key, unwritten))


def test_the_recorder_writes_in_order_and_is_done_when_it_is_on_the_disk(path):
    heard = Heard()
    recorder = Recorder(heard)
    waited = [recorder.record(event(n), str(path), "dr.li") for n in range(300)]
    waited[99].result(10)
    assert sum(1 for _ in rows(path)) >= 100
    recorder.close()
    assert [json.loads(row.counts)["length"] for row in rows(path)] == list(range(300))
    assert verify(path).fault is None
    assert heard.said == []


def test_a_disk_that_fails_is_told_and_tried_again(tmp_path, caplog):
    (tmp_path / "kept").write_text("")
    path = tmp_path / "kept" / "audit.sqlite3"
    heard = Heard()
    recorder = Recorder(heard)
    recorder.record(event(0), str(path)).result(10)
    assert heard.said == [("audit.unwritable", 1)]
    (tmp_path / "kept").unlink()
    recorder.record(event(1), str(path)).result(10)
    assert heard.said[1:] == [(None, 0)]
    recorder.record(event(2), "nowhere").result(10)
    assert heard.said[2:] == [("audit.no-place", 1)]
    recorder.close()
    assert [json.loads(row.counts)["length"] for row in rows(path)] == [0, 1]
    assert "1 audit events could not be written" in caplog.text


def test_a_slow_disk_does_not_hold_the_caller(path, monkeypatch):
    gate = threading.Event()
    append = Store.append
    monkeypatch.setattr(Store, "append", lambda *a: gate.wait(10) and append(*a))
    recorder = Recorder(Heard())
    waited = recorder.record(event(), str(path))
    # The disk has not answered, and the caller goes on.
    assert not waited.done()
    gate.set()
    waited.result(10)
    recorder.close()


def test_no_database_is_imported_before_the_first_event():
    code = (
        "import sys, doctorflan_ls.cli.serve, doctorflan_ls.server.stdio;"
        "import doctorflan_ls.audit.trail, doctorflan_ls.server.auditing;"
        "print('sqlite3' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout == "False\n"


# Settings


def test_settings_of_the_trail(tmp_path, monkeypatch):
    nowhere = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert Settings().audit.enabled is True
    named = load(None, {"audit": {"user": "hospital:12/dr.li"}}, environment=nowhere, shared=True)
    assert (named.settings.audit.user, named.problems) == ("hospital:12/dr.li", ())
    for wrong in ("李医生", "two words", "a" * 121, 7):
        found = load(None, {"audit": {"user": wrong}}, environment=nowhere)
        assert found.settings.audit.user == ""
        assert [each.key for each in found.problems] == ["settings.bad-value"]
    refused = load(
        None, {"audit": {"path": "/x", "enabled": False}}, environment=nowhere, shared=True
    )
    assert refused.settings.audit == Settings().audit


@pytest.mark.parametrize("chosen", ["audit.sqlite3", "./x"])
def test_a_relative_place_is_refused(chosen):
    with pytest.raises(AuditFailed, match=r"audit\.path"):
        trail_path(chosen)


# Events


def test_a_draft_is_named_by_digests_alone():
    made = draft(no_plugins(), "triage", parse_note(NOTE, uri="file:///ward/zhang-san.txt"))
    found = draft_event(made)
    assert set(found.digests) == {"document", "source", "draft"}
    assert found.counts["version"] == made.provenance.version
    assert "zhang-san" not in json.dumps(found.to_json())


def test_a_dismissed_finding_is_its_rule_and_a_reason():
    found = dismissal_event(Dismissed("record/chief-complaint", "not-relevant", "a" * 64))
    assert (found.kind, found.outcome) == ("feedback", "dismissed")
    assert dict(found.identifiers) == {"rule": "record/chief-complaint", "reason": "not-relevant"}
    assert dict(found.digests) == {"source": "a" * 64}
    worded = dismissal_event(Dismissed("a rule", "病人说不用"))
    assert set(worded.identifiers.values()) == {"unlisted"}
