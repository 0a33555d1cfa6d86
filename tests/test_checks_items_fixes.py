"""Missing parts: where they are reported, how they can be put in, what need not be written."""

from __future__ import annotations

import pytest

from doctorflan_ls.checks.model import Finding, Fix
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.overlay import overlaid
from doctorflan_ls.checks.run import check
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.notes.context import NOTHING, Context, read_moment
from doctorflan_ls.notes.doctype import required_sections
from doctorflan_ls.notes.headings import section_kind
from doctorflan_ls.notes.note import parse_note

# Nothing but what names a guessed type: sections of an admission record.
EXCERPT = """主诉：咳嗽3天
现病史：3天前受凉后咳嗽，伴少量白痰，无发热、胸痛、气促，自服止咳药无好转，今为进一步诊治就诊。
既往史：{past}
个人史：无烟酒嗜好。
体格检查：{exam}
"""
NO_ALLERGY = "否认慢性病史、传染病史，接种史不详，无手术史，无输血史。"
FRONT = "入院时间：\n出院时间：\n入院情况：\n"
BEHIND = "出院诊断：\n出院情况：\n"
VITALS = (
    "T 36.8℃，P 80次/分，R 20次/分，BP 120/80mmHg。双肺呼吸音粗，未闻及干湿性啰音，心律齐，腹软。"
)
ALLERGY = "，否认药物过敏史"
PAST = (
    f"否认高血压、糖尿病病史，否认肝炎、结核病史，预防接种史不详，否认手术、外伤、输血史{ALLERGY}。"
)


def found(text: str, context: Context = NOTHING) -> list[Finding]:
    return list(check(parse_note(text), CheckOptions(context=context)))


def of(text: str, rule: str, context: Context = NOTHING) -> list[Finding]:
    return [each for each in found(text, context) if each.rule.id == rule]


def fixed(text: str, fix: Fix) -> str:
    for span, words in sorted(fix.edits, reverse=True):
        text = text[: span.start] + words + text[span.end :]
    return text


FIXED = [
    # (the note, the rule, what it becomes)
    (
        "出院记录\n入院诊断：肺炎\n出院医嘱：1周后复诊。\n",
        "ZX-02",
        f"出院记录\n{FRONT}入院诊断：肺炎\n诊疗经过：\n{BEHIND}出院医嘱：1周后复诊。\n",
    ),
    (
        "入院记录\n主诉：咳嗽3天\n辅助检查：正常\n",
        "ZA-13",
        "入院记录\n主诉：咳嗽3天\n体格检查：\n辅助检查：正常\n",
    ),
    (
        "入院记录\r\n主诉：咳嗽3天\r\n初步诊断：肺炎\r\n",
        "ZA-07",
        "入院记录\r\n主诉：咳嗽3天\r\n现病史：\r\n初步诊断：肺炎\r\n",
    ),
    (
        "入院记录\n主诉：咳嗽3天\n初步诊断：肺炎\n\n",
        "ZC-02",
        "入院记录\n主诉：咳嗽3天\n初步诊断：肺炎\n医师签名：\n\n",
    ),
    (
        "SOAP NOTE\n\nSUBJECTIVE: Cough.\n",
        "EN-SOAP-02",
        "SOAP NOTE\n\nSUBJECTIVE: Cough.\nObjective:\n",
    ),
    ("病程记录", "ZD-01", "病程记录\n记录时间："),
    (
        f"入院记录\n既往史：{NO_ALLERGY}\n家族史：无特殊\n",
        "ZA-09",
        f"入院记录\n既往史：{NO_ALLERGY}\n过敏史：\n家族史：无特殊\n",
    ),
]


@pytest.mark.parametrize(("text", "rule", "result"), FIXED)
def test_a_fix_puts_the_headings_where_they_belong(text: str, rule: str, result: str) -> None:
    (finding,) = of(text, rule)
    assert fixed(text, finding.fixes[0]) == result
    assert finding.fixes[0].title.en.isascii()


@pytest.mark.parametrize(("text", "rule", "result"), FIXED)
def test_what_a_fix_put_in_is_still_to_be_filled_in(text: str, rule: str, result: str) -> None:
    assert text != result
    assert of(result, rule)


def test_one_finding_lists_all_that_a_rule_misses() -> None:
    text = "出院记录\n入院诊断：肺炎\n"
    (finding,) = of(text, "ZX-02")
    assert finding.message("zh") == (
        "建议补充“入院时间、出院时间、入院情况、诊疗经过、出院诊断、出院情况、出院医嘱”：未见此项"
    )
    assert finding.message("en").startswith(
        "please complete “Date of Admission, Date of Discharge, "
    )
    assert text[slice(*finding.span)] == "出院记录"


@pytest.mark.parametrize(
    ("discussion", "severity"),
    [
        ("诊断依据：咳嗽3天。", "warning"),
        ("考虑支气管炎。", "error"),
        ("诊断依据：咳嗽3天。诊断明确。", None),
    ],
)
def test_a_differential_may_be_left_out_where_the_diagnosis_is_clear(
    discussion: str, severity: str | None
) -> None:
    text = (
        f"首次病程记录\n病例特点：咳嗽3天。\n拟诊讨论：{discussion}\n诊疗计划：胸部CT。\n李某某\n"
    )
    reported = [each.rule.severity for each in of(text, "ZF-03")]
    assert reported == ([] if severity is None else [severity])


def test_a_draft_is_no_place_for_a_heading() -> None:
    draft = (
        "〔DoctorFLAN 草稿 待审核｜诊断｜initial-diagnosis｜skeleton 1｜#ab12〕\n"
        "现病史：咳嗽\n〔DoctorFLAN 草稿结束｜#ab12〕\n"
    )
    text = f"入院记录\n主诉：咳嗽3天\n{draft}初步诊断：肺炎\n"
    (finding,) = of(text, "ZA-07")
    assert draft in fixed(text, finding.fixes[0])


def test_front_matter_is_no_first_line() -> None:
    text = "---\ndoc_type: discharge_record\n---\n入院诊断：肺炎\n"
    (finding,) = of(text, "ZX-02")
    assert text[slice(*finding.span)] == "入院诊断：肺炎"


@pytest.mark.parametrize(
    ("past", "exam", "expected"),
    [
        (PAST, VITALS, []),
        # An excerpt may leave out one vital sign, and be short.
        (PAST, VITALS.replace("T 36.8℃，", ""), []),
        ("体健。", "双肺呼吸音粗。", []),
        (PAST.replace(ALLERGY, ""), VITALS, [("ZA-09", "warning")]),
        (PAST.replace("、输血", ""), VITALS, [("ZA-09", "information")]),
        (PAST, VITALS[-32:] + "四肢活动自如，双下肢无水肿。", [("ZA-13", "information")]),
    ],
)
def test_a_guessed_type_is_asked_for_little(
    past: str, exam: str, expected: list[tuple[str, str]]
) -> None:
    note = parse_note(EXCERPT.format(past=past, exam=exam))
    assert (note.stated_type, note.doc_type) == (None, "admission_record")
    absent = [("ZA-11", "information"), ("ZA-12", "information"), ("ZA-15", "information")]
    absent.append(("ZA-16", "warning"))
    reported = [(each.rule.id, each.rule.severity) for each in check(note)]
    assert sorted(reported) == sorted([*absent, *expected])


OUTPATIENT = """门诊病历
就诊时间：2024-03-05
主诉：咳嗽3天
现病史：咳嗽。
既往史：无。
体格检查：正常。
辅助检查：无。
诊断：感冒
治疗意见：休息。
李某某
"""


@pytest.mark.parametrize(
    ("text", "rule", "context"),
    [
        (
            "病程记录\n患者病情平稳。\n李某某\n",
            "ZD-01",
            Context(record_time=read_moment("2024-03-05")),
        ),
        (
            OUTPATIENT,
            "ZO-01",
            Context(department="呼吸科"),
        ),
    ],
)
def test_what_the_editor_told_need_not_be_written(text: str, rule: str, context: Context) -> None:
    assert of(text, rule)
    assert not of(text, rule, context)


@pytest.mark.parametrize(
    ("text", "missed"),
    [
        ("会诊申请单\n病史摘要：心悸1天。\n会诊目的：协助诊治。\n李某某\n", []),
        ("会诊记录\n会诊意见：考虑房颤。\n李某某\n", ["会诊科室、会诊时间"]),
        ("会诊申请单\n病史摘要：心悸1天。\n李某某\n", ["会诊理由"]),
    ],
)
def test_each_half_of_a_consultation_is_looked_at_for_itself(text: str, missed: list[str]) -> None:
    said = [each.message("zh") for each in of(text, "ZK-02")]
    assert said == [f"建议补充“{each}”：未见此项" for each in missed]


@pytest.mark.parametrize(
    ("age", "asked"), [("3岁", False), ("11岁", False), ("40岁", True), ("70岁", True)]
)
def test_a_child_is_not_asked_for_marriage_and_periods(age: str, asked: bool) -> None:
    text = f"入院记录\n性别：女  年龄：{age}\n主诉：咳嗽3天\n"
    said = "".join(each.message("zh") for each in of(text, "ZA-11"))
    assert ("婚育史" in said, "月经史" in said) == (asked, asked)


@pytest.mark.parametrize("age", [11, 56])
def test_women_of_other_ages_are_not_asked_for_every_item(age: int) -> None:
    text = f"入院记录\n性别：女  年龄：{age}岁\n月经史：平素规律。\n"
    assert not [each for each in of(text, "ZA-11") if "初潮" in each.message("zh")]
    assert [
        each for each in of(text.replace(str(age), "30"), "ZA-11") if "初潮" in each.message("zh")
    ]


@pytest.mark.parametrize("words", ["无特殊。", "同前", "无", "不详。"])
def test_a_word_that_speaks_for_all(words: str) -> None:
    text = f"入院记录\n性别：男  年龄：40岁\n主诉：咳嗽3天\n家族史：{words}\n个人史：{words}\n"
    assert not [each for each in found(text) if each.rule.id in ("ZA-10", "ZA-12")]


def test_a_hospital_changes_words_and_severities() -> None:
    file = """
    [rule.ZA-09]
    severity = "information"
    [data.items.item.past_transfusions]
    words = "用血"
    """
    laid = overlaid({"hospital.toml": file})
    assert laid.problems == ()
    text = f"入院记录\n主诉：咳嗽3天\n既往史：{NO_ALLERGY}\n"
    options = CheckOptions(table=laid.table)
    (finding,) = [each for each in check(parse_note(text), options) if each.rule.id == "ZA-09"]
    assert finding.rule.severity == "information"
    assert "输血史、过敏史" in finding.message("zh")


def test_a_text_of_many_records_is_not_asked_for_small_items() -> None:
    text = "出院记录\n诊疗经过：止咳。\n" * 4000
    said = "".join(each.message("zh") for each in of(text, "ZX-02"))
    assert "出院时间" not in said
    assert not of(text, "ZC-02")


def test_every_name_in_the_data_is_known() -> None:
    table = rule_table()
    data = table.data["items"]
    rules = {row["rule"] for row in data["group"].values()}
    parts = {key for row in data["document"].values() for key in row.get("parts", {}).values()}
    assert rules | parts <= set(table.rules)
    named = {each for row in data["group"].values() for each in row["items"]}
    general = {each for row in data["document"].values() for each in row.get("general", ())}
    assert named | general <= set(data["item"])
    sections = {each for row in data["group"].values() for each in row["sections"]}
    instead = {
        each
        for row in data["document"].values()
        for ids in row.get("instead", {}).values()
        for each in ids
    }
    assert all(section_kind(each) is not None for each in sections | instead)


def test_every_document_with_rules_of_its_own_is_a_type_that_asks_for_them() -> None:
    for type_id, row in rule_table().data["items"]["document"].items():
        asked = {*required_sections(type_id, female=True), *row.get("more", ()), "general"}
        assert set(row.get("parts", {})) <= asked, type_id
