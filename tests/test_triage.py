"""Triage: departments with their evidence, emergency signs, and what must not count."""

import pytest

from doctorflan_ls.lexicon import table
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.triage import triage

# The list of specialties in the order of the product's definition.
SPECIALTIES = [
    "呼吸内科",
    "心血管内科",
    "消化内科",
    "肾内科",
    "内分泌科",
    "血液内科",
    "风湿免疫科",
    "感染科",
    "神经内科",
    "精神心理科",
    "普通外科",
    "骨科",
    "泌尿外科",
    "神经外科",
    "心胸外科",
    "肝胆外科",
    "烧伤整形科",
    "妇科",
    "产科",
    "儿科",
    "眼科",
    "耳鼻喉科",
    "口腔科",
    "皮肤性病科",
    "肿瘤科",
    "急诊科",
    "中医科",
]


def test_the_27_specialties():
    assert [row["zh"] for row in table("departments")["department"]] == SPECIALTIES


@pytest.mark.parametrize(
    ("text", "department"),
    [
        ("主诉：反复咳嗽、咳痰3年，喘息1周。", "呼吸内科"),
        ("主诉：阵发性胸闷、心悸2月。\n既往史：高血压病10年。", "心血管内科"),
        ("主诉：上腹痛伴反酸、烧心1月。", "消化内科"),
        ("主诉：多饮、多尿、消瘦2月。\n辅助检查：空腹血糖 13.2mmol/L。", "内分泌科"),
        ("主诉：转移性右下腹痛6小时。\n体格检查：右下腹反跳痛。", "普通外科"),
        ("主诉：左膝关节疼痛、活动受限1年。", "骨科"),
        ("主诉：无痛性肉眼血尿2周。", "泌尿外科"),
        ("性别：女 年龄：28岁\n主诉：停经50天，阴道流血1天。", "妇科"),
        ("主诉：右眼视力下降1月。\n诊断：白内障", "眼科"),
        ("主诉：双手皮疹伴瘙痒1周。", "皮肤性病科"),
        ("性别：男 年龄：3岁\n主诉：发热、咳嗽2天。", "儿科"),
        ("Chief complaint: right knee pain after a twisting injury.", "骨科"),
        ("Chief complaint: cough with wheeze for 2 weeks.", "呼吸内科"),
    ],
)
def test_first_department(text, department):
    found = triage(parse_note(text))
    assert found.departments[0].name == department


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("主诉：咳嗽、咳痰3天。", {"咳嗽", "咳痰"}),
        ("CC: cough and wheezing.", {"cough", "wheezing"}),
    ],
)
def test_evidence_is_the_words(text, words):
    best = triage(parse_note(text)).departments[0]
    assert {text[span.start : span.end] for span in best.evidence} == words


@pytest.mark.parametrize(
    "text",
    [
        "主诉：体检发现血脂高。\n现病史：无咳嗽、咳痰、喘息。",
        "主诉：体检发现血脂高。\n家族史：父亲患哮喘。",
        "CC: routine check.\nHPI: She denies cough, wheezing or hemoptysis.",
    ],
)
def test_denied_and_family_words_do_not_count(text):
    names = [ranked.name for ranked in triage(parse_note(text)).departments]
    assert "呼吸内科" not in names


def test_a_man_is_not_sent_to_gynaecology_nor_an_adult_to_paediatrics():
    text = "性别：男 年龄：40岁\n主诉：下腹痛、腹泻2天，无发热。\n现病史：孩子同样腹泻。"
    names = {ranked.name for ranked in triage(parse_note(text)).departments}
    assert names.isdisjoint({"妇科", "产科", "儿科"})


@pytest.mark.parametrize(
    ("text", "urgency", "sign"),
    [
        (
            "主诉：气促1天。\n体格检查：T 36.5℃，P 90次/分，R 30次/分，BP 120/80mmHg。",
            "emergency",
            "R 30",
        ),
        (
            "主诉：乏力1天。\n体格检查：T 36.5℃，P 90次/分，R 18次/分，BP 82/50mmHg。",
            "emergency",
            "BP 82",
        ),
        ("主诉：黑便2天。", "urgent", "黑便"),
        ("Wasp sting.\n\nPlan: ambulance to rule out anaphylaxis.", "emergency", "anaphylaxis"),
        ("CC: follow-up after an anterior STEMI.", "routine", ""),
        ("Sore throat.\n\nPlan: return if you have chest pain.", "routine", ""),
        ("主诉：被发现昏迷1小时。", "emergency", "昏迷"),
        ("主诉：突发胸背部撕裂样疼痛2小时。", "emergency", "撕裂样疼痛"),
        (
            "主诉：咽痛1天。\n体格检查：T 37.0℃，P 80次/分，R 18次/分，BP 120/80mmHg。",
            "routine",
            "",
        ),
        ("主诉：咽痛1天。\n现病史：无胸痛，无呼吸困难，无黑便。", "routine", ""),
        ("主诉：咽痛1天。\n既往史：5年前曾昏迷一次。", "routine", ""),
    ],
)
def test_urgency(text, urgency, sign):
    found = triage(parse_note(text))
    assert found.urgency == urgency
    assert [text[s.span.start : s.span.end][: len(sign)] for s in found.signs[:1]] == (
        [sign] if sign else []
    )


def test_adult_limits_are_not_held_against_a_child():
    text = "性别：男 年龄：2岁\n主诉：流涕1天。\n体格检查：T 36.8℃，P 135次/分，R 28次/分。"
    assert triage(parse_note(text)).urgency == "routine"


@pytest.mark.parametrize(
    ("text", "department"),
    [
        ("主诉：反酸、烧心5年，咳嗽、咳痰、喘息1年。", "消化内科"),
        (
            "主诉：咳嗽1年。\n辅助检查\n（1）胃镜\n反流性食管炎；食管裂孔疝。",
            "消化内科",
        ),
    ],
)
def test_first_complaint_and_reported_disease_weigh_most(text, department):
    assert triage(parse_note(text)).departments[0].name == department


@pytest.mark.parametrize(
    ("text", "department"),
    [
        ("主诉：乏力1周。\n体格检查：卒中风险评估：低危，腹软。", "神经内科"),
        ("主诉：乏力1周。\n体格检查：腹股沟韧带上方可触及肿物。", "骨科"),
    ],
)
def test_risk_scores_and_landmarks_point_nowhere(text, department):
    assert department not in [ranked.name for ranked in triage(parse_note(text)).departments]


def test_an_emergency_goes_to_the_emergency_department_first() -> None:
    note = parse_note("主诉：胸痛1小时。\n查体：BP 80/50mmHg，P 120次/分。\n")
    found = triage(note)
    assert found.urgency == "emergency"
    assert found.departments[0].name == "急诊科"
    assert note.slice(found.departments[0].evidence[0]) == "BP 80/50mmHg"


def test_what_an_allergy_looked_like_is_no_complaint() -> None:
    note = parse_note("主诉：咳嗽3天。\n过敏史：青霉素过敏（皮疹）。\n")
    assert "皮肤性病科" not in [one.name for one in triage(note).departments]


def test_a_toddler_is_not_measured_by_an_adults_score():
    for age in ("2岁3月", "2岁3个月", "11月"):
        text = f"患儿，男，{age}。主诉：发热2天。\n体格检查：T 38.8℃，P 150次/分，R 34次/分。"
        assert triage(parse_note(text)).urgency != "emergency", age


def test_a_code_is_no_respiratory_rate():
    text = "初步诊断：血压160/90（R03.0） 心率快（R00.0）"
    assert triage(parse_note(text)).urgency == "routine"


def test_severe_preeclampsia_is_an_emergency():
    assert triage(parse_note("主诉：头痛1天。\n诊断：重度子痫前期")).urgency == "emergency"


def test_the_worst_headache_of_a_life_is_an_emergency() -> None:
    text = "CC: headache.\nHPI: The worst headache of her life, sudden onset.\n"
    assert triage(parse_note(text)).urgency == "emergency"


def test_coughing_that_only_brings_on_a_leak_is_no_cough() -> None:
    note = parse_note("主诉：活动、咳嗽时不自主尿外漏7年。\n")
    assert [one.name for one in triage(note).departments] == ["泌尿外科"]


def test_an_accepted_triage_draft_is_no_sign_of_an_emergency():
    note = parse_note("主诉：发热3天。\n急诊征象：\n1. 记录中未识别到所列急诊征象\n")
    assert "急诊科" not in [each.name for each in triage(note).departments]
