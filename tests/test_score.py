"""A note's points by a table: what is lost, what is not judged, what a hospital's file may say."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.cli.app import app
from doctorflan_ls.features.analysis import analysis
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.score import Score, builtin_tables, score
from doctorflan_ls.score.book import score_tables
from doctorflan_ls.score.model import ScoreTable
from doctorflan_ls.score.reading import read_table
from doctorflan_ls.text import Span

SCHEMA = Path(__file__).parent.parent / "schemas" / "analysis.schema.json"
ADMISSION = {
    "主诉": "咳嗽3天",
    "现病史": "3天前受凉后咳嗽，伴少量白痰，无发热，未就诊。精神、睡眠、食欲、大小便、体重正常。",
    "既往史": "否认慢性病、传染病、手术外伤、输血史，预防接种随当地，否认药物过敏。",
    "个人史": "生于原籍，无烟酒嗜好，教师，无毒物接触，否认冶游史。",
    "婚育史": "已婚，育有1子。",
    "家族史": "父母、兄弟体健，否认遗传病史。",
    "体格检查": "T 36.8℃，P 80次/分，R 20次/分，BP 120/80mmHg。神清，双肺呼吸音粗，心律齐，腹软。",
    "辅助检查": "血常规正常。",
    "初步诊断": "急性支气管炎",
}
OUTPATIENT = {
    "主诉": "咳嗽3天",
    "现病史": "3天前受凉后咳嗽，无发热。",
    "既往史": "体健，否认药物过敏。",
    "体格检查": "T 36.8℃，双肺呼吸音粗。",
    "辅助检查": "血常规正常。",
    "诊断": "急性支气管炎",
    "处理": "对症治疗，3天后复诊。",
}


def written(title: str, parts: dict[str, str], without: tuple[str, ...], **changed: str) -> str:
    lines = {**parts, **changed}
    shown = [f"{name}：{words}" for name, words in lines.items() if name not in without]
    return "\n".join((title, "性别：男  年龄：45岁", *shown, ""))


def admission(*without: str, **changed: str) -> str:
    return written("入院记录", ADMISSION, without, **changed)


def outpatient(*without: str, **changed: str) -> str:
    return written("门诊病历", OUTPATIENT, without, **changed)


def table(name: str) -> ScoreTable:
    return next(each for each in builtin_tables() if each.id == name)


def scored(text: str, by: ScoreTable | str) -> Score:
    chosen = table(by) if isinstance(by, str) else by
    found = Snapshot(parse_note(text), score_tables=(chosen,))
    given = found.score(found.findings())
    assert given is not None
    return given


def lost(given: Score) -> list[tuple[str, float, bool]]:
    return [(each.rule, each.points, each.whole) for each in given.lost]


ZJ = "zhejiang_tcm_inpatient_2021"


@pytest.mark.parametrize(
    ("text", "points", "gone"),
    [
        (admission(), 100, []),
        (admission("主诉"), 98, [("ZA-03", 2, True)]),
        (admission(现病史=""), 94, [("ZA-07", 6, True)]),
        # Missing, and with it the allergies: no more than the item weighs.
        (admission("既往史"), 98, [("ZA-09", 2, True)]),
        (
            admission(既往史="否认慢性病、传染病、手术外伤、输血史，预防接种随当地。"),
            98,
            [("ZA-09", 2, False)],
        ),
        # One of several parts of an item: what it costs is not known.
        (admission("家族史"), 100, []),
        (admission("个人史", "婚育史", "家族史"), 97, [("ZA-10", 3, True)]),
        (admission("体格检查", "初步诊断"), 94, [("ZA-13", 2, True), ("ZA-16", 4, True)]),
    ],
)
def test_an_admission_record_by_the_zhejiang_table(
    text: str, points: float, gone: list[tuple[str, float, bool]]
) -> None:
    given = scored(text, ZJ)
    assert (given.points, lost(given)) == (points, gone)


def test_what_a_table_does_not_price_is_listed_and_costs_nothing() -> None:
    given = scored(
        admission("家族史", 主诉="反复咳嗽、咳痰、气喘伴双下肢水肿十余年，加重伴发热3天"), ZJ
    )
    assert given.points == 100
    assert {"ZA-04", "ZA-12"} <= {each.rule for each in given.unpriced}


def test_a_veto_costs_ten_points_once() -> None:
    text = """首次病程记录
2024-03-05 10:00
拟诊讨论：诊断依据：咳嗽3天。鉴别诊断：肺炎。
诊疗计划：查胸部CT，头孢呋辛抗感染。
"""
    given = scored(text, ZJ)
    assert [each.rule for each in given.vetoes] == ["ZF-02"]
    assert (given.points, given.grade) == (90, "A")


def test_what_was_not_judged_says_why() -> None:
    given = scored(admission(), ZJ)
    reasons = {each.item.zh: each.reason for each in given.not_judged}
    assert reasons["病案首页"] == "text"
    assert reasons["首次病程记录"] == "document"
    assert reasons["书写基本要求"] == "points"
    assert given.judged == 21


def test_a_table_that_knows_no_points_gives_none() -> None:
    given = scored(admission("主诉"), "general_inpatient")
    assert (given.points, given.grade, given.lost) == (None, None, ())


@pytest.mark.parametrize(
    ("text", "points", "grade", "gone"),
    [
        (admission(), 100, None, []),
        (admission("主诉"), 95, None, ["ZA-03"]),
        (admission("家族史"), 98, None, ["ZA-12"]),
        (admission(主诉="反复咳嗽、咳痰、气喘伴双下肢水肿十余年，加重3天"), 98, None, ["ZA-04"]),
        (admission("现病史"), 100, "C", []),
        (admission("体格检查"), 100, "C", []),
    ],
)
def test_an_admission_record_by_the_tcm_hospital_table(
    text: str, points: float, grade: str | None, gone: list[str]
) -> None:
    given = scored(text, "tcm_hospital")
    assert (given.points, given.grade, [each.rule for each in given.lost]) == (points, grade, gone)


def test_a_veto_whose_effect_is_not_known_is_only_listed() -> None:
    given = scored(admission(辅助检查="____"), "tcm_hospital")
    assert [(each.rule, each.counts) for each in given.vetoes] == [("ZC-05", False)]
    assert (given.points, given.grade) == (100, None)


@pytest.mark.parametrize(
    ("without", "grade"), [((), None), (("主诉",), "B"), (("主诉", "体格检查"), "C")]
)
def test_vetoes_of_an_outpatient_record(without: tuple[str, ...], grade: str | None) -> None:
    assert scored(outpatient(*without), "outpatient_s12").grade == grade


@pytest.mark.parametrize(("without", "passed"), [((), True), (("现病史",), False)])
def test_a_table_that_passes_or_not(without: tuple[str, ...], passed: bool) -> None:
    given = scored(outpatient(*without), "zhejiang_tcm_outpatient_2023")
    assert (given.is_passed, given.grade) == (passed, None)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        (admission(), ZJ),
        (outpatient(), "zhejiang_tcm_outpatient_2023"),
        ("HPI: cough for 3 days.\n\nASSESSMENT AND PLAN: bronchitis.\n", None),
        ("随便写几个字。\n", None),
    ],
)
def test_the_table_follows_the_document(text: str, chosen: str | None) -> None:
    given = Snapshot(parse_note(text)).score(())
    assert (None if given is None else given.table.id) == chosen


def test_what_was_put_aside_costs_nothing() -> None:
    snapshot = Snapshot(parse_note(admission("主诉")), dismissed=lambda rule, _: rule == "ZA-03")
    given = snapshot.score(snapshot.findings())
    assert given is not None
    assert given.points == 100


OWN = """
id = "our-hospital"
title = { zh = "本院评分表", en = "our table" }
source = { zh = "医务科", en = "medical office" }
documents = ["admission_record"]
start = 100
grades = { A = 90, B = 75 }
[[item]]
title = { zh = "书写", en = "writing" }
points = 3
documents = ["*"]
[[item.cost]]
rule = "ZC-05"
points = 2
each = true
why = { zh = "留空", en = "a blank" }
[[veto]]
title = { zh = "性别", en = "sex" }
kind = "B"
rules = ["ZC-07"]
[[veto]]
title = { zh = "体征", en = "vitals" }
kind = "B"
rules = ["ZC-09"]
[[veto]]
title = { zh = "过敏", en = "allergy" }
kind = "B"
rules = ["ZY-01"]
[[effect]]
kind = "B"
at_least = 1
points = 90
grade = "B"
[[effect]]
kind = "B"
at_least = 3
points = 75
grade = "C"
"""


@pytest.mark.parametrize(
    ("rules", "points", "grade"),
    [
        ((), 100, "A"),
        (("ZC-05",), 98, "A"),
        # No more than the item weighs.
        (("ZC-05", "ZC-05", "ZC-05"), 97, "A"),
        (("ZC-07",), 90, "B"),
        (("ZC-07", "ZC-07"), 90, "B"),
        (("ZC-07", "ZC-09", "ZY-01"), 75, "C"),
    ],
)
def test_a_hospital_s_own_table(rules: tuple[str, ...], points: float, grade: str) -> None:
    own = read_table("own.toml", OWN, rule_table().rules)
    assert own.problems == ()
    assert own.table is not None
    fields = dict.fromkeys(("text", "sex", "name", "limits", "drug", "allergen", "relation"), "x")
    found = [
        Finding(rule_table().rules[each], Span(at, at + 1), fields) for at, each in enumerate(rules)
    ]
    given = score(found, parse_note(admission()), own.table)
    assert (given.points, given.grade) == (points, grade)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[[item]]", "[[item", "TOML"),
        ('rule = "ZC-05"', 'rule = "ZC-5"', "there is no ZC-5 (nearest: ZC-05)"),
        ("points = 3", 'points = "3"', "item 1: the value of points"),
        ("points = 3", "points = nan", "item 1: the value of points"),
        ("points = 3", "pionts = 3\npoints = 3", "there is no pionts (nearest: points)"),
        ('"admission_record"', '"admision_record"', "nearest: admission_record"),
        ("B = 75", "B = 95", "grades"),
        ("B = 75", "D = 75", "grades"),
        ("at_least = 3", "", "effect 2: the value of at_least"),
        ('grade = "C"', 'grade = "丁"', "effect 2: the value of grade"),
        (', en = "a blank" }', "}", "cost 1: the value of why"),
        ('id = "our-hospital"', "", "the value of id"),
        ('rules = ["ZC-07"]', 'rules = "ZC-07"', "veto 1: the value of rules"),
        ("each = true", "says = '('", "cost 1: the value of says"),
    ],
)
def test_a_mistake_is_said_in_one_line_and_the_table_is_not_used(
    old: str, new: str, words: str
) -> None:
    assert old in OWN
    read = read_table("own.toml", OWN.replace(old, new, 1), rule_table().rules)
    assert read.table is None
    assert len(read.problems) == 1
    for locale in ("zh", "en"):
        assert "\n" not in read.problems[0].user_message(locale)
    assert words in read.problems[0].user_message("en")


def test_what_the_setting_names(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN, encoding="utf-8")
    assert [each.id for each in score_tables(str(file)).tables] == ["our-hospital"]
    file.write_text(OWN.replace("our-hospital", "changed-since"), encoding="utf-8")
    assert [each.id for each in score_tables(str(file)).tables] == ["changed-since"]
    assert [each.id for each in score_tables("outpatient_s12").tables] == ["outpatient_s12"]
    assert score_tables("off") == ((), ())
    assert {each.default for each in score_tables("").tables} == {True}


@pytest.mark.parametrize("name", ["none.toml", "no-such-table", "."])
def test_a_table_that_is_not_there_gives_no_score(name: str, tmp_path: Path) -> None:
    chosen = score_tables(str(tmp_path / name) if name.endswith("toml") else name)
    assert chosen.tables == ()
    assert len(chosen.problems) == 1


def test_the_tables_that_come_with_the_server() -> None:
    assert {each.id for each in builtin_tables()} == {
        "general_inpatient",
        "outpatient_s12",
        "tcm_hospital",
        "zhejiang_tcm_inpatient_2021",
        "zhejiang_tcm_outpatient_2023",
    }
    weights = {each.id: sum(item.points for item in each.items) for each in builtin_tables()}
    assert weights[ZJ] == weights["zhejiang_tcm_outpatient_2023"] == 100
    for each in builtin_tables():
        priced = {cost.rule for item in each.items for cost in item.costs}
        priced.update(rule for item in each.items for rule in item.missing)
        assert priced <= rule_table().rules.keys()
        assert each.limits.zh


@pytest.mark.parametrize("text", [admission("主诉"), outpatient("现病史"), "HPI: cough.\n"])
def test_the_analysis_keeps_its_contract(text: str) -> None:
    told = analysis(Snapshot(parse_note(text), "zh"))
    jsonschema.validate(json.loads(json.dumps(told)), json.loads(SCHEMA.read_text("utf-8")))


def test_the_command_line_shows_it(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text(admission("主诉"), encoding="utf-8")
    told = CliRunner().invoke(app, ["--lang", "zh", "inspect", str(note)]).output
    assert "至多98分" in told
    assert "不是医院的评定" in told
    wrong = ["--lang", "en", "--set", "checks.score_table=nowhere", "inspect", str(note)]
    assert "there is no table of points nowhere" in CliRunner().invoke(app, wrong).output
