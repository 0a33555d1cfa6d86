"""Findings on notes with the expected ones marked: «code|rule»."""

import time

import pytest
from corpora import NAMES, notes_of
from doctorflan_icd10.catalogue import by_name, data, names, title
from doctorflan_icd10.checks import code_check
from doctorflan_icd10.stated import stated
from marked import expected, reported

from doctorflan_ls.checks.scope import Scope
from doctorflan_ls.hookspecs import BUDGETS
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.text import Span

ZH = """姓名：王某  性别：男  年龄：62岁
主诉：咳嗽3天。
现病史：3天前受凉后咳嗽，外院诊断肺炎（I10），用药不详。
初步诊断：
1. 肺炎（J18.9）
2. 社区获得性肺炎（«I10|other-disease»）
3. 高血压3级（极高危）（«J45.9|other-disease»）
4. 2型糖尿病（E11.900x001）、冠心病（I25.1）
5. 慢性支气管炎 «J99.9|unknown-code»
6. «S90.7|other-disease» 心房颤动
7. 前列腺增生（N40.x00）；子宫肌瘤（«D25.900|other-sex»）
8. 痔【I84.9】，急性阑尾炎（K35.900）
9. 脑梗死 ICD-10：«J19|unknown-code»
10. 胸椎骨折（T12），体温T38.5℃
11. 糖尿病肾病（E11.2†N08.3*）
12. 维生素B12缺乏（B12）
"""

EN = """54-year-old female with a cough.
HISTORY OF PRESENT ILLNESS: pneumonia (I10) in the past.
ASSESSMENT:
1. Pneumonia [J18.9]
2. Hypertension («E11.9|other-disease»)
3. Type 2 diabetes mellitus (ICD-10-CM: E11.65), hyperlipidemia E78.5
4. BPH («N40.1|other-sex»)
5. COPD («J19.9|unknown-code»)
6. Gout, code: «K35.8|other-disease»
7. Long-term insulin use with diabetes (Z79.4)
8. Migraine (G43.909); asthma J45.40
9. T12 compression fracture (T12)
"""


def test_a_chinese_note():
    text, wanted = expected(ZH)
    assert reported(text) == wanted


def test_an_english_note():
    text, wanted = expected(EN)
    assert reported(text) == wanted


def test_messages_name_both_sides_and_ask_to_check():
    note = parse_note("初步诊断：肺炎（I10）")
    (finding,) = code_check().find(Scope(note))
    assert finding.message("zh") == (
        "编码“I10”（Essential (primary) hypertension）与诊断“肺炎”似不一致，请核对；"
        "该诊断可参考 J18.9（Pneumonia, unspecified）"
    )
    assert "“肺炎”; please check" in finding.message("en")
    assert finding.authority("zh") == "WHO ICD-10（2019）"


# A disease may be coded by what it does, by its cause, in pregnancy, in the newborn, as a history.
@pytest.mark.parametrize(
    "line",
    [
        "高血压（O10.0）",
        "糖尿病（O24.9）",
        "肺炎（P23.9）",
        "肺炎（A48.1）",
        "心力衰竭（I11.0）",
        "高血压肾病（N18.9）",
        "糖尿病肾病（N08.3）",
        "乳腺癌（Z85.3）",
        "肺癌（C78.0）",
        "恶性肿瘤（C16.9）",
        "白内障（Q12.0）",
        "骨折（S82.2）",
        "贫血（D50.9）",
        "脾破裂（D73.5）",
        "结核性胸膜炎（J90）",
        "胃癌术后（Z98.8）",
        "膀胱癌（M8120/3）",
        "肺腺癌（T2N1M0）",
        "糖尿病伴多个并发症、高血压（E11.7）",
        "某某综合征（I10）",
        "放射性肺炎（J70.0）",
    ],
)
def test_no_false_alarm(line):
    assert reported(f"性别：女\n初步诊断：\n1. {line}\n") == []


def test_only_stated_diagnoses_count():
    for line in (
        "家族史：父亲高血压（J18.9）。",
        "既往史：否认肺炎（I10）。",
        "初步诊断：肺炎？（I10）",
    ):
        assert reported(line) == [], line


def test_without_a_recorded_sex_no_sex_is_doubted():
    assert reported("初步诊断：子宫肌瘤（D25.9）") == []
    assert reported("性别：女\n初步诊断：子宫肌瘤（D25.9）") == []
    assert reported("性别：女\n初步诊断：前列腺增生（N40）") == [(16, "N40", "other-sex")]


def _note_with(pairs, heading):
    return heading + "".join(
        f"{at}. {name}（{code}）\n" for at, (name, code) in enumerate(pairs, 1)
    )


@pytest.mark.parametrize(("language", "heading"), [(0, "出院诊断：\n"), (1, "ASSESSMENT:\n")])
def test_a_name_with_its_own_code_is_never_doubted(language, heading):
    pairs = [(name, code) for code, both in names().items() for name in both[language]]
    for at in range(0, len(pairs), 80):
        assert reported(_note_with(pairs[at : at + 80], heading)) == []


@pytest.mark.parametrize(
    ("code", "chapters"), [("J18.9", "CEFGHIKMN"), ("I10", "CFHJKL"), ("K35.8", "CEFGHIJLMN")]
)
def test_a_name_with_the_code_of_another_organ_is_doubted(code, chapters):
    unsited = data("stated")["without_site"]
    pairs = [
        (zh[0], code)
        for each, (zh, _) in names().items()
        # The server reads no diagnosis in a name of one character, nor says what is only a tumour.
        if zh and len(zh[0]) > 2 and each[0] in chapters and each not in unsited
    ]
    note = parse_note(_note_with(pairs, "出院诊断：\n"))
    read = len(list(stated(note)))
    found = sum(
        len(reported(_note_with(pairs[at : at + 80], "出院诊断：\n")))
        for at in range(0, len(pairs), 80)
    )
    assert found > 0.8 * read > 100


def test_a_piece_of_a_note_is_checked_alone():
    note = parse_note(expected(ZH)[0])
    (finding,) = code_check().find(Scope(note, Span(80, 100)))
    assert note.slice(finding.span) == "I10"
    assert list(code_check().find(Scope(note, Span(0, 20)))) == []


def test_titles_are_names_too():
    assert by_name()["gonarthrosis, unspecified"] == "M17.9"
    assert reported(f"ASSESSMENT:\n1. {title('I10')} (I10)\n") == []


@pytest.mark.data
@pytest.mark.parametrize("corpus", NAMES)
def test_licensed_notes_raise_no_alarm_and_cost_little(corpus):
    check = code_check()
    for text in notes_of(corpus):
        note = parse_note(text)
        _ = note.facts
        start = time.perf_counter()
        assert list(check.find(Scope(note))) == []
        assert time.perf_counter() - start < BUDGETS["check"]
