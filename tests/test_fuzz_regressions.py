"""Every input that a fuzzer ever broke something with, and a few hundred more of each kind.

Long runs are made by `python -m tests.endurance.fuzzing`. An input that it saves is put into
``tests/endurance/fuzz_found/TARGET/`` once what it broke is mended.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from doctorflan_ls.errors import BadRequest, DoctorFlanError
from doctorflan_ls.i18n import message
from tests.endurance.fuzz_targets import Target, targets
from tests.endurance.fuzz_trial import tried
from tests.endurance.fuzz_turn import inputs

FOUND = Path(__file__).parent / "endurance" / "fuzz_found"
TARGETS = targets()


@pytest.mark.parametrize(
    "path", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_an_input_that_broke_something_breaks_nothing_now(path):
    made = tried(TARGETS[path.parent.name], path.read_bytes())
    assert not made.fault, made.fault


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_changed_inputs_end_in_an_answer(name, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    target = TARGETS[name]
    seen = set()
    for data in inputs(target, 1, target.quick):
        made = tried(target, data)
        assert not made.fault, (made.fault, data)
        seen |= made.seen
    assert len(seen) > 1, "all inputs led to the same"


def _raises(error: BaseException) -> Target:
    def run(*_: object) -> list[object]:
        raise error

    return Target("x", run, lambda: [b"x"], "text")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BadRequest("tasks.unreadable", name="a"), ""),
        (ValueError("x"), "ValueError"),
        (RecursionError(), "RecursionError"),
        (MemoryError(), "MemoryError"),
        (DoctorFlanError("no.such.key"), "KeyError"),
        (BadRequest("tasks.unreadable"), "KeyError"),
    ],
)
def test_what_is_no_answer_is_found(error, kind):
    assert tried(_raises(error), b"x").kind.partition(" ")[0] == kind


def test_an_input_that_never_ends_is_found(monkeypatch):
    monkeypatch.setattr("tests.endurance.fuzz_trial.SECONDS", 0.05)

    def run(*_: object) -> list[object]:
        while True:
            pass

    assert tried(Target("x", run, lambda: [b"x"], "text"), b"x").kind.startswith("Overtime")


@pytest.mark.parametrize("form", ["bytes", "text", "json", "toml"])
def test_changes_are_the_same_for_the_same_seed_and_of_some_variety(form):
    target = Target("x", lambda *_: [], lambda: [b'{"a": [1, "x"]}\nb = 1'], form, longest=500)
    made = list(inputs(target, 7, 200))
    assert made == list(inputs(target, 7, 200))
    assert len(set(made)) > 120
    assert max(map(len, made)) <= 500


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\u2028\u202eb", "a\\u2028\\u202eb"),
        ("\ud800", "\\ud800"),
        ("主诉\u3000 é", "主诉\u3000 é"),
        (Path("x\ny"), "x\\ny"),
        ("x" * 5000, "x" * 1000 + "…"),
    ],
)
def test_a_name_of_unknown_origin_stands_in_one_line_of_a_message(value, shown, locale):
    said = BadRequest("tasks.unreadable", name=value).user_message(locale)
    assert said == message("tasks.unreadable", locale, name=shown)
