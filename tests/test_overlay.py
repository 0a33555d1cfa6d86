"""A hospital's own file over the rules: what it changes, and one line for each mistake in it."""

from __future__ import annotations

import pytest

from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.overlay import overlaid
from doctorflan_ls.checks.run import check
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.rulebook import rules

NOTE = """门诊病历
就诊时间：2024年3月5日 10:00
科别：内科
主诉：反复咳嗽、咳痰、气喘伴双下肢水肿10余年，加重3天
"""


def found(source: str, text: str = NOTE) -> dict[str, tuple[str, str]]:
    """The severity and message of each rule that speaks, with the file ``source``."""
    made = overlaid({"ours.toml": source})
    assert made.problems == ()
    findings = check(parse_note(text), CheckOptions(table=made.table))
    return {each.rule.id: (each.rule.severity, each.message("zh")) for each in findings}


def test_without_a_file_the_rules_are_those_of_the_server():
    made = overlaid({})
    assert made.problems == ()
    assert made.table.rules == rule_table().rules


def test_severity_and_words_of_a_rule_are_the_hospitals():
    source = '[rule.ZA-04]\nseverity = "error"\nzh = "主诉{count}字，本院要求{limit}字以内"\n'
    severity, words = found(source)["ZA-04"]
    assert severity == "error"
    assert words.endswith("本院要求20字以内")


def test_a_rule_that_is_off_is_silent():
    assert "ZA-04" in found("")
    assert "ZA-04" not in found('[rule.ZA-04]\nseverity = "off"\n')


def test_the_required_parts_are_the_hospitals():
    assert "ZO-01" in found("")
    source = '[doc_type.outpatient_initial]\nrequired = ["chief_complaint"]\n'
    assert "ZO-01" not in found(source)


def test_a_limit_is_the_hospitals():
    text = "体格检查：T 34.5℃，P 80次/分。\n"
    assert "ZC-09" not in found("", text)
    assert "ZC-09" in found("[data.basic.vitals.temperature]\nlow = 35\n", text)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("[rule.ZI-1]\n", "ours.toml：没有 rule.ZI-1（相近的：rule.ZI-01）"),
        (
            '[rule.ZA-04]\nseverity = "grave"\n',
            "severity 的值不可用，应为 error | warning | information | off",
        ),
        ('[rule.ZA-04]\nzh = "主诉{characters}字"\n', 'zh 的值不可用，应为 "... {count} {limit}"'),
        ('[rule.ZA-04]\nwords = "x"\n', "没有 words"),
        ("[rules.ZA-04]\n", "没有 rules（相近的：rule）"),
        (
            "[doc_type.admission]\nrequired = []\n",
            "没有 doc_type.admission（相近的：doc_type.admission_record）",
        ),
        ('[doc_type.transfer]\nrequired = ["hpj"]\n', "没有 hpj"),
        ('[data.basic.vitals.temperature]\nlow = "x"\n', "low 的值不可用，应为 number"),
        ('[data.basic.placeholders]\npattern = "("\n', "pattern 的值不可用"),
        ("rule = \n", "ours.toml"),
    ],
)
def test_a_mistake_is_named_and_the_rest_stands(source, words):
    good = '[rule.ZA-05]\nseverity = "error"\n'
    made = overlaid({"good.toml": good, "ours.toml": source})
    assert [words in each.user_message("zh") for each in made.problems] == [True]
    assert made.table.rules["ZA-05"].severity == "error"
    assert made.table.rules["ZA-04"] == rule_table().rules["ZA-04"]


def test_a_file_is_read_again_when_it_changes(tmp_path):
    file = tmp_path / "ours.toml"
    file.write_text('[rule.ZA-04]\nseverity = "error"\n', encoding="utf-8")
    assert rules((str(file),)).table.rules["ZA-04"].severity == "error"
    file.write_text('[rule.ZA-04]\nseverity = "information"\n', encoding="utf-8")
    assert rules((str(file),)).table.rules["ZA-04"].severity == "information"


@pytest.mark.parametrize("path", ["absent.toml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, path):
    (problem,) = rules((str(tmp_path / path),)).problems
    assert path in problem.user_message("en")


@pytest.mark.parametrize(
    "source",
    [
        '[rule.ZA-09]\nzh = "{part:d}缺"\n',
        '[rule.ZA-09]\nzh = "{part!q}"\n',
        "[data.context.text_times]\nrecord_time = [1]\n",
        "[data.context.limits]\ndischarge_hours = inf\n",
    ],
)
def test_no_file_makes_a_check_fail(source):
    made = overlaid({"ours.toml": source})
    assert made.problems
    check(parse_note(NOTE), CheckOptions(table=made.table))
