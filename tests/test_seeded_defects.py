"""Defects put into the clean notes: the rule that is meant speaks, there, and no other does.

``defects.toml`` says what is changed in which note, and which rules have no defect there.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from doctorflan_ls.checks.builtin import builtin_checks
from doctorflan_ls.checks.run import check
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.notes.note import parse_note

HERE = Path(__file__).parent
DATA = tomllib.loads((HERE / "defects.toml").read_text(encoding="utf-8"))
WITHOUT: dict[str, str] = DATA.pop("without")
DEFECTS = [(rule, defect) for rule, defects in DATA.items() for defect in defects]
NAMES = [f"{rule}-{defect['note']}-{at}" for at, (rule, defect) in enumerate(DEFECTS)]


def _clean(name: str) -> str:
    with (HERE / "clean" / f"{name}.txt").open(encoding="utf-8", newline="") as file:
        return file.read()


def _spoilt(defect: dict[str, Any]) -> str:
    text = _clean(defect["note"])
    record = text.rpartition("\n---\n")[2]
    body = "\n      ".join(record.splitlines())
    for old, new in defect.get("edits") or [(defect["replace"], defect["with"])]:
        assert text.count(old) == 1, f"{old!r} does not stand just once in {defect['note']}"
        text = text.replace(old, new.replace("{record}", body))
    return text


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["", "windows"])
@pytest.mark.parametrize(("rule", "defect"), DEFECTS, ids=NAMES)
def test_the_rule_speaks_and_no_other(rule: str, defect: dict[str, Any], ends: str):
    text = _spoilt(defect).replace("\r\n", "\n").replace("\n", ends)
    note = parse_note(text, "file:///note.txt")
    found = check(note)
    where = [note.slice(each.span) for each in found if each.rule.id == rule]
    assert where == [defect["at"]] * defect.get("times", 1)
    severe = {each.rule.id for each in found if each.rule.severity != "information"}
    assert severe - {rule} == set(defect.get("also", ()))


def test_every_rule_has_a_defect_or_a_reason_for_none():
    checked = {rule.id for each in builtin_checks() for rule in each.rules}
    assert checked <= set(rule_table().rules)
    assert checked - set(DATA) == set(WITHOUT) & checked
    assert not set(WITHOUT) & set(DATA), "these have a defect after all"


def test_no_defect_is_of_a_rule_that_is_not_there():
    assert set(DATA) | set(WITHOUT) <= set(rule_table().rules)
