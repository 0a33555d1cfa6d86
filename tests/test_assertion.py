"""What a sentence says of its findings."""

import pytest

from doctorflan_ls.notes.facts import extract
from doctorflan_ls.notes.model import Sentence

CASES = [
    # text, section, [(words, assertion)]
    (
        "无明显头晕、头痛、心慌、胸闷等症状",
        "hpi",
        "头晕 denied|头痛 denied|心慌 denied|胸闷 denied",
    ),
    ("患者三年前无头痛，上周出现头痛", "hpi", "头痛 denied|头痛 present"),
    ("3年前出现胸痛，治疗后好转，1天前再次胸闷", "hpi", "胸痛 historical|胸闷 present"),
    ("无明显诱因出现腹痛，无恶心，伴发热", "hpi", "腹痛 present|恶心 denied|发热 present"),
    ("否认高血压病史，海鲜过敏史", "past_history", "高血压病 denied|海鲜过敏史 present"),
    (
        "否认高血压，糖尿病，冠心病等慢性病史",
        "",
        "高血压 denied|糖尿病 denied|冠心病 denied|慢性病 denied",
    ),
    ("压痛(+)，反跳痛（-），肌紧张阴性", "exam", "压痛 present|反跳痛 denied|肌紧张 denied"),
    ("Murphy征－，移动性浊音-", "exam", "Murphy征 denied|移动性浊音 denied"),
    ("腹部未触及包块，病理反射未引出", "exam", "包块 denied|病理反射 denied"),
    ("肝脾肋下未及", "exam", "肝脾肋下未及 denied"),
    ("咳嗽无缓解，伴气促", "hpi", "咳嗽 present|气促 present"),
    ("肺炎可能，肺结核待排", "initial_diagnosis", "肺炎 possible|肺结核 possible"),
    ("重度子痫前期 HELLP综合征？", "initial_diagnosis", "重度子痫前期 present"),
    ("肺炎 待查？", "initial_diagnosis", "肺炎 possible"),
    ("父亲患高血压，患者无头痛", "", "高血压 family|头痛 denied"),
    ("母亲代诉患儿发热", "hpi", "发热 present"),
    ("高血压病史10年", "hpi", "高血压病 historical"),
    ("如出现胸痛，及时就诊", "plan", ""),
    (
        "Denies fever, chills, or cough but reports nausea.",
        "",
        "fever denied|chills denied|cough denied|nausea present",
    ),
    ("GASTROINTESTINAL: No nausea, vomiting", "ros", "nausea denied|vomiting denied"),
    ("• Cardiovascular: Denies chest pain", "ros", "chest pain denied"),
    ("Fever: none", "ros", "Fever denied"),
    ("Negative for rash. Positive for fatigue.", "ros", "rash denied|fatigue present"),
    ("No improvement in cough", "hpi", "cough present"),
    ("Homan's sign negative", "exam", "Homan's sign denied"),
    (
        "Has a history of asthma, now presents with dyspnea",
        "hpi",
        "asthma historical|dyspnea present",
    ),
    ("2 week history of cough", "hpi", "cough present"),
    ("?appendicitis", "impression", "appendicitis possible"),
    ("Suspected pneumonia", "impression", "pneumonia possible"),
    ("Mother has diabetes.", "hpi", "diabetes family"),
    ("Mother reports fever", "hpi", "fever present"),
    ("Return if fever or headache", "plan", ""),
    ("Stroke", "family_history", "Stroke family"),
    ("Asthma", "past_medical_history", "Asthma historical"),
]


@pytest.mark.parametrize(("text", "section", "expected"), CASES)
def test_assertion(text, section, expected):
    language = "en" if text.isascii() or text.startswith("•") else "zh"
    found = [
        f"{fact.text} {fact.assertion}"
        for fact in extract(Sentence(text, section, language))
        if fact.kind in ("symptom", "sign", "diagnosis", "allergy")
    ]
    assert "|".join(found) == expected


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("压痛(+)", "POS"),
        ("反跳痛阳性", "POS"),
        ("Murphy征（-）", "NEG"),
        ("无压痛", "NEG"),
        ("轻压痛", None),
    ],
)
def test_flag_of_a_sign(text, flag):
    [fact] = [f for f in extract(Sentence(text, "exam", "zh")) if f.kind == "sign"]
    assert fact.flag == flag


def test_what_is_not_said_has_no_fact():
    assert extract(Sentence("神志清楚，查体合作。", "exam", "zh")) == ()
