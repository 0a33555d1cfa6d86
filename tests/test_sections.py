"""Headings as notes really write them: each case is a note and the outline it has."""

from __future__ import annotations

import pytest
from corpora import notes_of

from doctorflan_ls.notes import headings
from doctorflan_ls.notes.note import parse_note

# An outline line is two blanks for each level, the id, the heading and the start of the body.
CASES = {
    "one heading to a line": (
        "主诉：右膝疼痛1月余。\n现病史：患者1月余前上楼后右膝疼痛。\n既往史：体健。",
        ["chief_complaint 主诉 右膝疼痛", "hpi 现病史 患者1月", "past_history 既往史 体健。"],
    ),
    "inline, after a sentence or a blank": (
        "主诉：咽痛2天。 现病史：2天前受凉后咽痛 查体：咽部充血。诊断：急性咽炎。",
        [
            "chief_complaint 主诉 咽痛2天",
            "hpi 现病史 2天前受",
            "exam 查体 咽部充血",
            "diagnosis 诊断 急性咽炎",
        ],
    ),
    "before a comma": (
        (
            "现病史，患者于3年前双膝酸痛，既往史，否认肝炎史，否认家族史，个人史，久居本地，"
            "家族史，子女体健。"
        ),
        [
            "hpi 现病史 患者于3",
            "past_history 既往史 否认肝炎",
            "personal_history 个人史 久居本地",
            "family_history 家族史 子女体健",
        ],
    ),
    "no mark at all, where a heading stands": (
        "现病史：咳嗽3天。既往史无特殊。\n家族史不详",
        ["hpi 现病史 咳嗽3天", "past_history 既往史 无特殊。", "family_history 家族史 不详"],
    ),
    "the same words inside a sentence": (
        (
            "现病史：患者诉既往史无特殊，家属对现病史：叙述不清，对诊断：有疑问，"
            "病人主诉：头痛，诊断为偏头痛。"
        ),
        ["hpi 现病史 患者诉既"],
    ),
    "numbered, with points of their own": (
        (
            "一、主诉\n腹胀5天\n二、现病史\n（1）病史摘要\n  老年男性，腹胀5天。\n"
            "（2）主诉\n  腹胀。\n三、体格检查\n腹软。"
        ),
        [
            "chief_complaint 主诉 腹胀5天",
            "hpi 现病史 ",
            "  history_summary 病史摘要 老年男性",
            "  chief_complaint 主诉 腹胀。",
            "exam 体格检查 腹软。",
        ],
    ),
    "a container, numbered parts, two headings of one name": (
        (
            "体格检查\n（1）生命体征\n 体温36.6℃\n（2）腹部查体\n 腹软\n辅助检查\n"
            "（1）实验室检查\n 血钾 3.2mmol/L\n"
            "（2）腹部X线检查\n 未见异常\n辅助检查\n胃镜：\n 慢性胃炎"
        ),
        [
            "exam 体格检查 ",
            "  vitals 生命体征 体温36",
            "  exam 腹部查体 腹软",
            "aux 辅助检查 ",
            "  lab 实验室检查 血钾 3",
            "  imaging 腹部X线检查 未见异常",
            "aux 辅助检查 ",
            "  endoscopy 胃镜 慢性胃炎",
        ],
    ),
    "brackets, blanks inside, bold, Markdown": (
        "【主 诉】发热1天\n〔现病史〕1天前发热。\n**既往史：** 体健\n",
        ["chief_complaint 主 诉 发热1天", "hpi 现病史 1天前发", "past_history 既往史 体健"],
    ),
    "Markdown levels": (
        "# Subjective\n## HPI\nCough.\n# Plan\nRest.",
        ["subjective Subjective ", "  hpi HPI Coug", "plan Plan Rest"],
    ),
    "measurements are no headings": (
        "体格检查：\n体温：T 37.8℃\nP：74次/分\nBP：120/80mmHg\n身高：170cm",
        ["exam 体格检查 体温：T"],
    ),
    "vitals glued to their heading": (
        "体格检查：生命体征体温：36.2℃ 脉搏：76次/分 一般情况：发育正常",
        ["exam 体格检查 ", "  vitals 生命体征 体温：3", "  general_appearance 一般情况 发育正常"],
    ),
    "the same words mean another thing at the top": (
        "一般情况：女，61岁\n主诉：头晕",
        ["general 一般情况 女，61", "chief_complaint 主诉 头晕"],
    ),
    "orders in a list are no headings": (
        "诊疗计划：\n1.心电图\n2.胸片\n3.完善血常规检查",
        ["treatment_plan 诊疗计划 1.心电"],
    ),
    "a diagnosis in a list is no heading": (
        "初步诊断：\n（1）高血压病3级\n（2）2型糖尿病\n鉴别诊断：待完善检查",
        ["initial_diagnosis 初步诊断 （1）高", "differential 鉴别诊断 待完善检"],
    ),
    "a plain heading the table does not know": (
        "现病史\n（1）病史摘要\n 盗汗\n（2）食管高分辨率测压\n 压力低\n【营养风险筛查】3分",
        [
            "hpi 现病史 ",
            "  history_summary 病史摘要 盗汗",
            "  other 食管高分辨率测压 压力低",
            "other 营养风险筛查 3分",
        ],
    ),
    "half-width colons and full-width letters": (
        "ＰＭＨ：asthma\n主诉:乏力",
        ["past_medical_history ＰＭＨ asth", "chief_complaint 主诉 乏力"],
    ),
    "a title is no heading": (
        "某某医院入院记录\n入院记录\n主诉：乏力1周",
        ["chief_complaint 主诉 乏力1周"],
    ),
    "English capitals on their own line": (
        "CHIEF COMPLAINT\n\nCough.\n\nASSESSMENT AND PLAN\n\nGERD.\n• Medical Treatment: Rest.",
        ["chief_complaint CHIEF COMPLAINT Coug", "assessment_plan ASSESSMENT AND PLAN GERD"],
    ),
    "English abbreviations, inline": (
        (
            "3/7 hx of cough. No fever.\nPMH: Asthma DH: Inhalers\nNKDA\nFH - mother: migraine\n"
            "Imp: viral URTI\nPlan:\n1. Rest"
        ),
        [
            "past_medical_history PMH Asth",
            "medications DH Inha",
            "family_history FH moth",
            "impression Imp vira",
            "plan Plan 1. R",
        ],
    ),
    "English words in a sentence": (
        (
            "HPI: She asks about her past medical history and the plan: none yet. Labs: pending.\n"
            "Plan to follow: rest"
        ),
        ["hpi HPI She "],
    ),
    "English headings after a sentence": (
        "HPI: Cough for 2 weeks. Past Medical History: asthma. Family History: none.",
        [
            "hpi HPI Coug",
            "past_medical_history Past Medical History asth",
            "family_history Family History none",
        ],
    ),
    "two headings in one": (
        "CC/HPI: 66 yo woman.\nA/P: Rest.",
        ["hpi CC/HPI 66 y", "assessment_plan A/P Rest"],
    ),
    "SOAP letters": (
        "S: cough\nO: afebrile\nA: cold\nP: rest\nP: 88",
        ["subjective S coug", "objective O afeb", "assessment A cold", "plan P rest"],
    ),
    "no heading": ("腹痛3天，无发热。", []),
    "nothing": ("", []),
}


def outline(text: str) -> list[str]:
    note = parse_note(text)
    return [
        f"{'  ' * (section.level - 1)}{section.id} {section.heading} {note.slice(section.body)[:4]}"
        for section in note.sections
    ]


@pytest.mark.parametrize("case", CASES)
def test_the_outline_of_a_note(case):
    text, expected = CASES[case]
    assert outline(text) == expected


@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][1]])
def test_the_outline_does_not_depend_on_line_ends(case):
    text, expected = CASES[case]
    assert outline(text.replace("\n", "\r\n")) == expected
    assert outline(text.replace("\n", "\r")) == expected


def test_a_section_ends_before_the_next_of_its_level_and_holds_its_parts():
    text = "现病史\n（1）病史摘要\n 咳嗽\n\n体格检查\n 无异常\n "
    note = parse_note(text)
    assert [note.slice(section.span) for section in note.sections] == [
        "现病史\n（1）病史摘要\n 咳嗽",
        "（1）病史摘要\n 咳嗽",
        "体格检查\n 无异常",
    ]


def test_blanks_after_a_section_belong_to_it():
    text = "主诉：咳嗽\n\n  既往史：体健"
    note = parse_note(text)
    ids = [section.id if section else None for section in map(note.section_at, (0, 6, 8, 9))]
    assert ids == ["chief_complaint", "chief_complaint", "chief_complaint", "past_history"]
    assert parse_note("腹痛\n主诉：腹痛").section_at(1) is None


def test_every_section_has_both_titles_and_every_container_exists():
    kinds = headings.section_kinds()
    known = {kind.id for kind in kinds}
    for kind in kinds:
        assert headings.title(kind.id, "zh") == kind.zh[0]
        assert headings.title(kind.id, "en") == kind.en[0]
        assert set(kind.within) <= known
        assert kind in headings.kinds_named(kind.zh[0])
    assert headings.title("hospital-made", "zh") == "hospital-made"


def test_a_heading_means_one_thing_unless_its_place_tells():
    by_heading = headings.table().by_heading
    assert {name for name, kinds in by_heading.items() if len(kinds) > 1} == {"一般情况"}


@pytest.mark.data
@pytest.mark.parametrize(
    ("corpus", "least"),
    [
        ("CMB-Clin", 600),
        ("MTCMB-TCM", 1200),
        ("TCM-CHGD", 590),
        ("ACI-Bench", 1750),
        ("PriMock57", 290),
        ("cTAKES", 190),
    ],
)
def test_sections_are_found_in_every_corpus(corpus, least):
    found = [section for text in notes_of(corpus) for section in parse_note(text).sections]
    assert len(found) >= least
    assert sum(section.id == "other" for section in found) <= len(found) / 20


def test_soap_letters_before_a_list_or_an_age_are_headings() -> None:
    text = "S: 45 yo F with sore throat.\nO: T 101.8 F, HR 96.\nA: 1. Strep\nP: 1. Amoxicillin\n"
    ids = [section.id for section in parse_note(text).sections]
    assert ids == ["subjective", "objective", "assessment", "plan"]
    assert [s.id for s in parse_note("VITALS:\nP: 80, R 20\n").sections] == ["vitals"]
