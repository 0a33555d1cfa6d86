"""Drugs, allergies, symptoms, signs, diagnoses and procedures of a sentence."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls.notes.facts import extract
from doctorflan_ls.notes.facts.vocabulary import matches, rows, scan
from doctorflan_ls.notes.model import Sentence
from doctorflan_ls.notes.note import parse_note

DATA = Path(__file__).parents[2] / "shared" / "data"
KINDS = {"drug", "allergy", "symptom", "sign", "diagnosis", "procedure"}


def facts(text: str, section: str = ""):
    language = "zh" if any("一" <= c <= "鿿" for c in text) else "en"
    return [f for f in extract(Sentence(text, section, language)) if f.kind in KINDS]


FINDINGS = [
    # text, section, [(kind, words, name, assertion)]
    ("右下腹疼痛3天", "hpi", [("symptom", "右下腹疼痛", "腹痛", "present")]),
    ("张力性气胸术后，张力可。", "hpi", [("diagnosis", "张力性气胸", "气胸", "present")]),
    ("查白细胞，排除马凡综合征", "", [("diagnosis", "马凡综合征", "马凡综合征", "present")]),
    ("肌张力正常，无肢体无力", "exam", [("symptom", "肢体无力", "无力", "denied")]),
    ("予止咳、退热、抗感染治疗", "plan", []),
    ("感染科会诊", "plan", []),
    (
        "否认肝炎、结核等传染病史",
        "past_history",
        [
            ("diagnosis", "肝炎", "肝炎", "denied"),
            ("diagnosis", "结核", "结核病", "denied"),
            ("diagnosis", "传染病", "传染病", "denied"),
        ],
    ),
    (
        "否认外伤、手术史",
        "past_history",
        [
            ("symptom", "外伤", "外伤", "denied"),
            ("procedure", "手术", "手术", "denied"),
        ],
    ),
    ("于当地医院行左股部截肢术", "hpi", [("procedure", "左股部截肢术", "左股部截肢术", "present")]),
    ("拟行胃癌根治术", "plan", [("procedure", "胃癌根治术", "胃癌根治术", "possible")]),
    ("诊断为“肩胛骨异位症”", "hpi", [("diagnosis", "肩胛骨异位症", "肩胛骨异位症", "present")]),
    (
        "1. 肺炎 2. 不明原因皮肤结节症",
        "initial_diagnosis",
        [
            ("diagnosis", "肺炎", "肺炎", "present"),
            ("diagnosis", "不明原因皮肤结节症", "不明原因皮肤结节症", "present"),
        ],
    ),
    (
        "Left knee pain and swelling.",
        "hpi",
        [
            ("symptom", "Left knee pain", "knee pain", "present"),
            ("symptom", "swelling", "swelling", "present"),
        ],
    ),
    (
        "Takes blood pressure medication for HTN, DM2 and COPD.",
        "assessment",
        [
            ("drug", "blood pressure medication", "antihypertensives", "present"),
            ("diagnosis", "HTN", "hypertension", "present"),
            ("diagnosis", "DM2", "type 2 diabetes mellitus", "present"),
            ("diagnosis", "COPD", "COPD", "present"),
        ],
    ),
    (
        "Status post appendectomy",
        "past_surgical_history",
        [
            ("procedure", "appendectomy", "appendectomy", "historical"),
        ],
    ),
]


@pytest.mark.parametrize(("text", "section", "expected"), FINDINGS)
def test_findings(text, section, expected):
    assert [(f.kind, f.text, f.name, f.assertion) for f in facts(text, section)] == expected


ALLERGIES = [
    ("自述磺胺类药物过敏、否认其他接触物过敏史", "", [("磺胺", "present"), ("接触物", "denied")]),
    ("否认药物、食物过敏史", "", [("药物", "denied"), ("食物", "denied")]),
    ("对青霉素、头孢类药物过敏", "", [("青霉素", "present"), ("头孢类", "present")]),
    ("过敏史：无", "allergies", [("过敏", "denied")]),
    # Under its own heading: the heading is no part of the sentence.
    ("青霉素。", "allergies", [("青霉素", "present")]),
    ("青霉素（皮疹）、头孢类", "allergies", [("青霉素", "present"), ("头孢类", "present")]),
    ("海鲜，青霉素类药物", "allergies", [("海鲜", "present"), ("青霉素类", "present")]),
    ("否认", "allergies", [("过敏", "denied")]),
    ("不详", "allergies", []),
    ("患者一般情况可。", "allergies", []),
    ("过敏性休克", "", []),
    ("NKDA", "allergies", [("drug", "denied")]),
    ("Allergic to penicillin and latex.", "", [("penicillin", "present"), ("latex", "present")]),
    ("Seen in the allergy clinic", "", []),
]


@pytest.mark.parametrize(("text", "section", "expected"), ALLERGIES)
def test_allergies(text, section, expected):
    found = facts(text, section)
    assert [(f.name, f.assertion) for f in found if f.kind == "allergy"] == expected
    assert not [f for f in found if f.kind == "drug"]


@pytest.mark.parametrize(
    ("text", "allergens"), [("青霉素皮试阴性", []), ("青霉素皮试（-），磺胺", ["磺胺"])]
)
def test_a_negative_skin_test_is_no_allergy(text, allergens):
    found = facts(text, "allergies")
    assert [f.name for f in found if f.kind == "allergy"] == allergens


@pytest.mark.parametrize(
    ("text", "reaction"),
    [("青霉素过敏（皮疹）", "皮疹"), ("Allergies: penicillin (rash)", "rash")],
)
def test_reaction_of_an_allergy(text, reaction):
    assert [(f.kind, f.value) for f in facts(text, "allergies")] == [("allergy", reaction)]


DRUGS = [
    # text, words, name, dose, route, frequency, status
    (
        "长期口服阿司匹林肠溶片100mg qd",
        "阿司匹林肠溶片100mg qd",
        "阿司匹林",
        "100mg",
        "口服",
        "qd",
        "current",
    ),
    ("停用氯吡格雷", "氯吡格雷", "氯吡格雷", None, None, None, "stopped"),
    (
        "甘精胰岛素 早10U 晚8U 皮下注射",
        "甘精胰岛素 早10U 晚8U 皮下注射",
        "甘精胰岛素",
        "早10U 晚8U",
        "皮下注射",
        None,
        None,
    ),
    ("倍他乐克缓释片2片bid", "倍他乐克缓释片2片bid", "美托洛尔", "2片", None, "bid", None),
    ("避免使用布洛芬", "布洛芬", "布洛芬", None, None, None, "avoid"),
    (
        "increase her lisinopril to 40 mg daily",
        "lisinopril to 40 mg daily",
        "lisinopril",
        "40 mg",
        None,
        "daily",
        "changed",
    ),
    (
        "initiate Lasix 20 mg daily",
        "Lasix 20 mg daily",
        "furosemide",
        "20 mg",
        None,
        "daily",
        "new",
    ),
    (
        "metformin 500 mg twice daily",
        "metformin 500 mg twice daily",
        "metformin",
        "500 mg",
        None,
        "twice daily",
        None,
    ),
    ("advised to stop taking Motrin", "Motrin", "ibuprofen", None, None, None, "stopped"),
    ("口服妙洛普利10mg", "妙洛普利10mg", "妙洛普利", "10mg", "口服", None, "current"),
]


@pytest.mark.parametrize(("text", "words", "name", "dose", "route", "frequency", "status"), DRUGS)
def test_drugs(text, words, name, dose, route, frequency, status):
    [fact] = [f for f in facts(text) if f.kind == "drug"]
    assert (fact.text, fact.name, fact.dose) == (words, name, dose)
    assert (fact.route, fact.frequency, fact.status) == (route, frequency, status)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("腹痛3天", "3天"),
        ("chest pain for 2 weeks", "2 weeks"),
        ("3/7 hx of diarrhea", "3/7"),
        ("3年前腹痛", None),
    ],
)
def test_duration_beside_a_finding(text, duration):
    assert facts(text)[0].duration == duration


@pytest.mark.parametrize(
    ("section", "role"),
    [("initial_diagnosis", "initial"), ("discharge_diagnosis", "discharge"), ("hpi", None)],
)
def test_role_of_a_diagnosis(section, role):
    assert facts("肺炎", section)[0].role == role


def test_an_abbreviation_must_be_written_in_capitals():
    assert matches("PE suspected", "diagnosis")
    assert not matches("pe class", "diagnosis")


@pytest.mark.parametrize(
    "text",
    [
        "PE: lungs clear",
        "ASA class III",
        "ST depression in V4",
        "right heart strain",
        "collapsed lung",
        "PROM within normal limits",
        "性激素六项",
        "促甲状腺激素",
        "三尖瓣轻度反流",
    ],
)
def test_a_shorthand_or_a_part_of_a_word_is_no_term(text):
    kinds = {match.term.kind for match in scan(text)}
    assert not kinds & {"diagnosis", "symptom", "drug"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("柔红霉素", "daunorubicin"),
        ("破伤风免疫球蛋白", "tetanus immunoglobulin"),
        ("骨软骨瘤", "osteochondroma"),
        ("视网膜中央动脉阻塞", "retinal artery occlusion"),
        ("肾功能衰竭", "renal failure"),
        ("良性肿瘤", "benign tumor"),
        ("精神差", "listlessness"),
        ("呕吐咖啡样物", "hematemesis"),
    ],
)
def test_a_near_term_keeps_its_own_name(text, name):
    assert [match.term.name_en for match in scan(text)] == [name]


def test_words_need_borders_and_may_be_plural():
    assert [m.term.name_en for m in matches("headaches, coughdrop", "symptom")] == ["headache"]


@pytest.mark.parametrize(
    ("table", "least"),
    [("symptoms", 240), ("signs", 150), ("diagnoses", 600), ("drugs", 600), ("procedures", 120)],
)
def test_tables_are_large_and_cite_their_source(table, least):
    found = list(rows(table))
    assert len(found) >= least
    assert all(row[0] or row[1] for row in found)
    assert len({row[0] for row in found}) == len(found)


PIECES = st.sampled_from(
    [
        "无",
        "否认",
        "头痛",
        "、",
        "，",
        "。",
        "青霉素过敏",
        "阿司匹林100mg qd",
        "(-)",
        "3年前",
        "行阑尾切除术",
        "no ",
        "denies ",
        "cough",
        ", ",
        "but ",
        "has ",
        "history of ",
        "HTN",
        "lisinopril 10 mg",
        "?",
        "\n",
        "İ",
        "🩺",
    ]
)


@given(
    st.lists(PIECES | st.text(max_size=8), max_size=12).map("".join),
    st.sampled_from(["", "hpi", "allergies", "initial_diagnosis", "family_history", "medications"]),
)
def test_every_fact_is_a_slice(text, section):
    for language in ("zh", "en"):
        for fact in extract(Sentence(text, section, language)):
            assert 0 <= fact.span.start < fact.span.end <= len(text)
            assert text[fact.span.start : fact.span.end] == fact.text


@given(st.text(max_size=60))
def test_matches_never_overlap(text):
    found = scan(text)
    assert all(a.end <= b.start for a, b in pairwise(found))


def records(path: str):
    file = DATA / path
    if not file.exists():
        pytest.skip("the licensed notes are absent")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


@pytest.mark.data
@pytest.mark.parametrize(
    ("path", "key", "floors"),
    [
        (
            "CMB-Clin/cases.jsonl",
            "description",
            {"symptom": 600, "sign": 260, "diagnosis": 190, "procedure": 55},
        ),
        (
            "ACI-Bench/encounters.jsonl",
            "note",
            {"symptom": 2400, "sign": 750, "diagnosis": 1300, "drug": 900},
        ),
    ],
)
def test_facts_of_a_corpus(path, key, floors):
    counts = Counter(fact.kind for row in records(path) for fact in parse_note(row[key]).facts)
    assert {kind: least for kind, least in floors.items() if counts[kind] < least} == {}


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("男性病人，42岁", "diagnosis", []),
        ("左膝疼痛", "symptom", ["左膝疼痛"]),
        ("否认手术史、外伤史、药物过敏史", "allergy", ["药物过敏史"]),
        ("肠鸣音正常", "symptom", []),
        ("全身肝素化", "drug", []),
    ],
)
def test_words_inside_words(text, kind, expected):
    assert [fact.text for fact in facts(text) if fact.kind == kind] == expected
