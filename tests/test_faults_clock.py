"""A clock that goes backwards: what is measured is measured by one that does not."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

import doctorflan_ls
from doctorflan_ls.engine import Patience
from doctorflan_ls.models.base import ModelOptions, Stop
from doctorflan_ls.models.folders import intake, store

ROOT = Path(doctorflan_ls.__file__).parent

# Who asks what time it is, by the file and the function: all of them write it down, none counts
# by it. What a file was last changed is asked by those who see whether it is another one.
TOLD = {
    ("audit/event.py", "draft_event"): "when an event happened",
    ("audit/event.py", "review_event"): "when an event happened",
    ("audit/event.py", "dismissal_event"): "when an event happened",
    ("dismissals.py", "dismiss"): "when a finding was put aside",
    ("models/local/chat_template.py", "_strftime_now"): "the date that a chat template writes",
    ("models/folders/intake.py", "_sweep"): "how old a half-made folder of another process is",
}
WALL = {
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime", "clock_gettime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}


def asked(path):
    """The functions of a file that ask the wall clock."""
    source = path.read_text(encoding="utf-8")
    # Most files name no clock at all, and reading them takes seconds.
    if not re.search(r"^\s*(import|from) (time|datetime)\b", source, re.MULTILINE):
        return []
    tree = ast.parse(source)
    found = []

    def visit(node, function):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if node.attr in WALL.get(name, ()):
                found.append(function)
        # `from time import time` would hide it.
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found.extend(function for each in node.names if each.name in WALL["time"])
        for child in ast.iter_child_nodes(node):
            visit(child, function)

    visit(tree, "")
    return found


def test_nothing_but_what_writes_the_time_down_asks_the_wall_clock():
    found = {
        (path.relative_to(ROOT).as_posix(), function)
        for path in ROOT.rglob("*.py")
        for function in asked(path)
    }
    assert found == set(TOLD)


@pytest.mark.parametrize(
    ("source", "functions"),
    [
        ("import time\ndef f():\n    return time.time()\n", ["f"]),
        ("import datetime\ndef f():\n    return datetime.datetime.now()\n", ["f"]),
        ("from time import time\n", [""]),
        ("from datetime import date\nasync def g(): date.today()\n", ["g"]),
        ("import time\ndef f():\n    return time.monotonic()\n", []),
    ],
)
def test_the_search_finds_them(tmp_path, source, functions):
    path = tmp_path / "a.py"
    path.write_text(source, encoding="utf-8")
    assert asked(path) == functions


def test_a_deadline_is_not_moved_by_the_clock(monkeypatch):
    monkeypatch.setattr("time.time", lambda: -1e9)
    stop = Stop(deadline=0.0)
    assert stop.left() == 0.0
    assert Patience().retry > 0


@pytest.mark.parametrize("hours", [-1000, 0, 23, 25])
def test_only_what_is_a_day_old_by_the_clock_is_swept(tmp_path, monkeypatch, hours):
    """Set back, it sweeps later; set forward, it takes what a process was still making."""
    half = tmp_path / ".adding-tiny-0000"
    half.mkdir()
    made = half.stat().st_mtime
    monkeypatch.setattr("time.time", lambda: made + 3600 * hours)
    intake._sweep(tmp_path)
    assert half.exists() is (hours <= 24)


def test_a_file_that_was_changed_under_a_clock_set_back_is_another_one(tmp_path):
    """Same size, same inode, an older time."""
    folder = tmp_path / "models" / "m"
    folder.mkdir(parents=True)
    path = folder / "model.toml"
    path.write_bytes(b"a = 1")
    options = ModelOptions(folder=str(folder.parent))
    before, stamp = store.mark(options), store._stamp(path)
    path.write_bytes(b"a = 2")
    os.utime(path, ns=(0, 10**9))
    assert store.mark(options) != before
    assert store._stamp(path) != stamp
