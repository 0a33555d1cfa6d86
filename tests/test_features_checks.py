"""The record rules: a note in which «the words a rule points at» are marked."""

from __future__ import annotations

import pytest

from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.run import check
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.testing.notes import marked
from doctorflan_ls.text import Span

ADMISSION = """入院记录
姓名：张某某  性别：{sex}  年龄：45岁  民族：汉族  婚姻：已婚  出生地：某省  职业：教师
入院时间：2024-03-05 10:20  记录时间：2024-03-05 14:00  病史陈述者：患者本人
主诉：{complaint}
现病史：3天前受凉后咳嗽，无发热，未治疗。精神、睡眠可，大小便正常。{hpi}
既往史：否认慢性病史、传染病史，预防接种史不详，无手术、外伤、输血史，{past}
个人史：生于原籍，无烟酒嗜好，教师，无毒物、粉尘接触史，否认冶游史。
婚育史：已婚，育有1子。
月经史：{menses}
家族史：父母、兄弟体健，否认家族遗传病史。
体格检查：T {t}，P 80次/分，R 20次/分，BP {bp}。双肺呼吸音粗。
辅助检查：{aux}
初步诊断：{diagnosis}
医师签名：李某某
"""
SOUND = {
    "sex": "女",
    "complaint": "咳嗽3天",
    "hpi": "",
    "past": "否认药物过敏。",
    "menses": "13岁初潮，行经4天，周期28天，末次月经2024-02-20。",
    "t": "36.8℃",
    "bp": "120/80mmHg",
    "aux": "血常规：WBC 6.5×10^9/L。",
    "diagnosis": "1. 急性支气管炎",
}


def rules_at(source: str, options: CheckOptions | None = None) -> list[tuple[str, str]]:
    text = marked(source).text
    return [(each.rule.id, text[slice(*each.span)]) for each in check(parse_note(text), options)]


def admission(**changes: str) -> str:
    return ADMISSION.format(**{**SOUND, **changes})


def test_a_sound_record_has_no_findings() -> None:
    assert rules_at(admission()) == []


@pytest.mark.parametrize(
    "source",
    [
        admission(complaint="头晕伴意识障碍14+小时"),
        "CHIEF COMPLAINT: Cough.\n\nPHYSICAL EXAMINATION: T 98.7, HR 80.\n",
        "VITAL SIGNS: Temperature 104, pulse 120.\n",
        "HPI: 2-day-old male born by spontaneous vaginal delivery.\n",
    ],
)
def test_what_is_written_so_is_no_mistake(source: str) -> None:
    assert not {"ZA-05", "ZC-07", "ZC-09"} & {rule for rule, _ in rules_at(source)}


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        ({"complaint": "反复咳嗽、咳痰伴发热"}, "ZA-05", "反复咳嗽、咳痰伴发热"),
        (
            {
                "complaint": "反复咳嗽、咳痰、气喘伴双下肢水肿10余年，加重3天",
                "hpi": "10余年前反复咳痰、气喘伴双下肢水肿。",
            },
            "ZA-04",
            "反复咳嗽、咳痰、气喘伴双下肢水肿10余年，加重3天",
        ),
        ({"t": "48℃"}, "ZC-09", "T 48℃"),
        ({"t": "33.2℃"}, "ZC-09", "T 33.2℃"),
        ({"bp": "80/120mmHg"}, "ZC-09", "BP 80/120mmHg"),
        ({"aux": "血常规：____。"}, "ZC-05", "____"),
        ({"aux": "[待补充：胸部CT]"}, "ZC-05", "[待补充：胸部CT]"),
        ({"aux": ""}, "ZA-15", "辅助检查"),
        ({"diagnosis": ""}, "ZA-16", "初步诊断"),
        (
            {"past": "青霉素过敏。", "hpi": "现服阿莫西林0.5g 每日3次。"},
            "ZY-01",
            "阿莫西林0.5g 每日3次",
        ),
        ({"sex": "男"}, "ZC-07", "月经史"),
    ],
)
def test_one_defect_one_finding(changes: dict[str, str], rule: str, words: str) -> None:
    assert rules_at(admission(**changes)) == [(rule, words)]


@pytest.mark.parametrize(
    "changes",
    [
        {"complaint": "体检发现血压升高", "hpi": "体检发现血压升高。"},
        {"complaint": "右下腹痛半天", "hpi": "半天前右下腹痛。"},
        {"past": "否认青霉素过敏。", "hpi": "现服阿莫西林0.5g 每日3次。"},
        {"past": "头孢克肟过敏。", "hpi": "现服阿莫西林0.5g 每日3次。"},
        {"past": "青霉素过敏。", "hpi": "已停用阿莫西林。"},
        {"sex": "男", "menses": "无。"},
    ],
)
def test_no_false_alarm(changes: dict[str, str]) -> None:
    assert rules_at(admission(**changes)) == []


def test_missing_parts_are_reported_at_the_first_line() -> None:
    text = "入院记录\n性别：男 年龄：60岁\n主诉：胸痛2小时\n现病史：2小时前胸痛。\n"
    found = rules_at(text)
    assert [rule for rule, words in found if words == "入院记录"] == [
        *("ZA-02", "ZA-09", "ZA-10", "ZA-11", "ZA-12", "ZA-13", "ZA-15", "ZA-16", "ZC-02")
    ]
    assert [(rule, words) for rule, words in found if words != "入院记录"] == [("ZA-07", "现病史")]


def test_a_draft_in_the_note_is_not_checked() -> None:
    block = (
        "〔DoctorFLAN 草稿 待审核｜诊断｜initial-diagnosis｜skeleton 1｜#ab12〕\n"
        "【待补充】T 48℃\n〔DoctorFLAN 草稿结束｜#ab12〕\n"
    )
    assert rules_at(admission() + block) == []


def test_settings_change_the_rules() -> None:
    source = admission(complaint="咳嗽咳痰3天", t="48℃")
    assert rules_at(source, CheckOptions(5, frozenset({"ZC-09"}))) == [("ZA-04", "咳嗽咳痰3天")]


def test_a_part_of_the_note_has_the_findings_of_that_part() -> None:
    text = admission(t="48℃", complaint="咳嗽", diagnosis="")
    note = parse_note(text)
    section = note.sections_of("chief_complaint")[0]
    assert [each.rule.id for each in check(note, None, section.span)] == ["ZA-05"]
    assert [each.rule.id for each in check(note, None, Span(0, 0))] == []


def test_every_message_can_be_said_in_both_languages() -> None:
    worst = admission(complaint="咳嗽", t="48℃", aux="___", diagnosis="", sex="男")
    for finding in check(parse_note(worst)):
        assert "{" not in finding.message("zh") + finding.message("en")
        assert finding.authority("zh")
        assert finding.authority("en").isascii()


def test_every_named_rule_exists() -> None:
    table = rule_table()
    assert {*table.required.values(), *table.required_parts.values()} <= set(table.rules)
