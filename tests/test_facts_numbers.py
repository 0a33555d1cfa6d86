"""Ages, sexes, vitals, labs, complaints, durations and dates, with their traps, as data."""

from __future__ import annotations

import pytest
from corpora import notes_of
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls.notes.facts import complaint, dates, demographics, labs, vitals
from doctorflan_ls.notes.facts.durations import find_durations
from doctorflan_ls.notes.facts.lab_table import lab_table
from doctorflan_ls.notes.model import Sentence
from doctorflan_ls.notes.note import parse_note

MODULES = (demographics, vitals, labs, dates, complaint)


def sentence(text, section="", *, sex=None, age=None):
    language = "zh" if any("一" <= char <= "鿿" for char in text) else "en"
    return Sentence(text, section, language, sex, age)


def read(module, text, section="", **patient):
    facts = list(module.find(sentence(text, section, **patient)))
    assert all(text[fact.span.start : fact.span.end] == fact.text for fact in facts)
    return facts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("患者，男，49岁，3小时前腹痛。", [("49岁", 49, "岁")]),
        ("患者 女 61岁", [("61岁", 61, "岁")]),
        ("年龄：48", [("48", 48, None)]),
        ("１８岁，男", [("１８岁", 18, "岁")]),
        ("患儿，女，1岁3个月", [("1岁3个月", "1岁3个月", None)]),
        ("男，3个月，发热2天", [("3个月", 3, "个月")]),
        ("10天（新生儿）", [("10天", 10, "天")]),
        ("某某，女/60y，2个月前", [("60y", 60, "y")]),
        ("She is a 50-year-old woman.", [("50-year-old", 50, "year")]),
        ("Mrs. X is a 66 yo lady", [("66 yo", 66, "yo")]),
        ("aged 7 months", [("7 months", 7, "months")]),
        ("66M with chest pain", [("66", 66, None)]),
        ("10岁时患肺炎，3年前手术", []),
        ("父亲68岁，母亲70岁，均体健", []),
        ("于10岁行手术", []),
        ("绝经时间，49岁", []),
        ("her 6-year-old son is well", []),
        ("Mother is a 70-year-old woman", []),
        ("diagnosed with asthma at age 15", []),
        ("When the patient was 4 years old, she fell.", []),
        ("The scab appears to be 1 week old.", []),
        ("T 98 F", []),
    ],
)
def test_age(text, expected):
    facts = [fact for fact in read(demographics, text) if fact.kind == "age"]
    assert [(fact.text, fact.value, fact.unit) for fact in facts] == [
        (words, float(value) if isinstance(value, int) else value, unit)
        for words, value, unit in expected
    ]


@pytest.mark.parametrize(
    ("text", "years"),
    [("49岁，男", 49), ("男，6个月", 0.5), ("患儿，女，1岁3个月", 1.25), ("aged 6 months", 0.5)],
)
def test_age_in_years(text, years):
    ages = [fact for fact in read(demographics, text) if fact.kind == "age"]
    assert [demographics.age_years(fact) for fact in ages] == [pytest.approx(years)]


@pytest.mark.parametrize("section", ["family_history", "marital_history", "menstrual_history"])
def test_sections_about_others_have_no_age(section):
    assert read(demographics, "68岁，男性，健在", section) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("性别：女", ["female"]),
        ("患者，男，49岁", ["male"]),
        ("患者中年女性，发育正常", ["female"]),
        ("男性，70岁。", ["male"]),
        ("A 45-year-old right-handed gentleman", ["male"]),
        ("Gender: F", ["female"]),
        ("Pt is 66 yo F with cough", ["female"]),
        ("阴毛呈女性分布", []),
        ("育有1女2子，女儿体健", []),
        ("男科门诊就诊", []),
        ("妇女保健", []),
        ("剖宫产一女婴", []),
        ("Her brother is a 40-year-old man", []),
        ("there is a girl at school", []),
        ("Temp 101 F", []),
    ],
)
def test_sex(text, expected):
    facts = [fact for fact in read(demographics, text) if fact.kind == "sex"]
    assert [fact.value for fact in facts] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "体温： T 37.8℃，P 101次／分，呼吸22次/分，BP 100/60mmHg，腹软，肿块约4cm×4cm",
            [
                ("temperature", 37.8, "℃", "H"),
                ("pulse", 101.0, "次／分", "H"),
                ("respiratory_rate", 22.0, "次/分", "H"),
                ("blood_pressure", "100/60", "mmHg", "N"),
            ],
        ),
        (
            "右上肢血压160/95mmHg，左下肢血压140/85mmHg，右下肢血压测不出",
            [
                ("blood_pressure", "160/95", "mmHg", "H"),
                ("blood_pressure", "140/85", "mmHg", "H"),
            ],
        ),
        (
            "血压：160/113mmHg（R）、161/117mmHg（L） VTE评分：4分",
            [
                ("blood_pressure", "160/113", "mmHg", "H"),
                ("blood_pressure", "161/117", "mmHg", "H"),
            ],
        ),
        ("Ｔ３６．５℃", [("temperature", 36.5, "℃", "N")]),
        ("BP 80/50", [("blood_pressure", "80/50", None, "L")]),
        ("体温最高达39.5℃", [("temperature", 39.5, "℃", "H")]),
        (
            "血压控制在140-150/80-85mmHg",
            [("blood_pressure", "140-150/80-85", "mmHg", "H")],
        ),
        (
            "身高170cm，体重86kg，BMI 24.5kg/m2，GCS评分13分",
            [
                ("height", 170.0, "cm", None),
                ("weight", 86.0, "kg", None),
                ("bmi", 24.5, "kg/m2", "H"),
                ("gcs", 13.0, "分", None),
            ],
        ),
        (
            "Vitals: BP 128/82, HR 72, RR 16, T 98.7, O2 sat 93% on room air",
            [
                ("blood_pressure", "128/82", None, "N"),
                ("heart_rate", 72.0, None, "N"),
                ("respiratory_rate", 16.0, None, "N"),
                ("temperature", 98.7, None, "N"),
                ("spo2", 93.0, "%", "L"),
            ],
        ),
        (
            "Blood pressure is elevated at 150/98; weight is 174 pounds and pain is 0/10.",
            [
                ("blood_pressure", "150/98", None, "H"),
                ("weight", 174.0, "pounds", None),
                ("pain_score", 0.0, "/10", None),
            ],
        ),
        ("Temperature 101.2 F", [("temperature", 101.2, "F", "H")]),
        (
            "BP L 140/68, R 159/77.",
            [("blood_pressure", "140/68", None, "H"), ("blood_pressure", "159/77", None, "H")],
        ),
        ("体重下降7kg", []),
        ("Target BP is 130/80.", []),
        ("T4 5.2，T波改变，P波，P2亢进", []),
        ("pT2N1M0，C5-6，L4/5，P＜0.05，VTE评分：4分", []),
        ("100/60", []),
    ],
)
def test_vitals(text, expected):
    facts = read(vitals, text)
    assert [(fact.name, fact.value, fact.unit, fact.flag) for fact in facts] == expected


def test_a_child_is_not_flagged_by_adult_ranges():
    facts = read(vitals, "T 38.5℃，P 130次/分，R 30次/分", age=1.0)
    assert [fact.flag for fact in facts] == ["H", None, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "血常规：WBC 5.0×109／L，N 78％。",
            [("WBC", 5.0, "×109／L", "N"), ("NEUT%", 78.0, "％", "H")],
        ),
        ("白细胞计数12.3X10^9/L", [("WBC", 12.3, "X10^9/L", "H")]),
        ("RBC 2.05×1012/L", [("RBC", 2.05, "×1012/L", "L")]),
        ("RBC 4.1×109/L", [("RBC", 4.1, "×109/L", None)]),
        ("血红蛋白 90 g／L", [("HGB", 90.0, "g／L", "L")]),
        ("Hb 127g/L", [("HGB", 127.0, "g/L", None)]),
        ("谷丙转氨酶ALT 210U/L", [("ALT", 210.0, "U/L", "H")]),
        ("葡萄糖（GLU）5.26mmol/L", [("glucose", 5.26, "mmol/L", "N")]),
        ("血糖8.1mmol/L", [("glucose", 8.1, "mmol/L", None)]),
        (
            "空腹血糖8.2mmol/L，餐后2小时血糖17mmol/L",
            [("fasting glucose", 8.2, "mmol/L", "H"), ("2-hour glucose", 17.0, "mmol/L", "H")],
        ),
        (
            "K+：3.4mmol/L， Ca2+：2.42mmol/L",
            [("K", 3.4, "mmol/L", "L"), ("Ca", 2.42, "mmol/L", "N")],
        ),
        ("CA19-9 983.7U/ml", [("CA19-9", 983.7, "U/ml", "H")]),
        ("PaCO2 ：6.7kPa （50mmHg）", [("PaCO2", 6.7, "kPa", "H")]),
        (
            "尿蛋白（++），大便潜血(+)",
            [("urine protein", "++", None, "POS"), ("fecal occult blood", "+", None, "POS")],
        ),
        ("HBsAg（-）", [("HBsAg", "-", None, "NEG")]),
        ("血CEA>106ng/ml", [("CEA", ">106", "ng/ml", "H")]),
        ("肝、胆无殊，肾功能正常", [("renal function", None, None, "N")]),
        ("生长激素：7.01ng/ml（0~3）", [("GH", 7.01, "ng/ml", "H")]),
        ("WBC 9.0×10^9/L（参考值 3.5-8.5）", [("WBC", 9.0, "×10^9/L", "H")]),
        ("钾 4.1↑mmol/L", [("K", 4.1, "mmol/L", "H")]),
        ("WBC 0-1/HPF", [("WBC", "0-1", "/HPF", None)]),
        ("BNP 13800 pg/ml", [("BNP", 13800.0, "pg/ml", "H")]),
        (
            "WBC 12.3 (H), creatinine of 1.4",
            [("WBC", 12.3, None, "H"), ("creatinine", 1.4, None, "H")],
        ),
        ("Hemoglobin A1c is elevated at 8.", [("HbA1c", 8.0, None, "H")]),
        ("Potassium 5.6", [("K", 5.6, None, "H")]),
        ("Her last A1c was greater than 9.", [("HbA1c", "greater than 9", None, "H")]),
        (
            "HDL 44 mg/dL, non-HDL 178 mg/dL.",
            [("HDL-C", 44.0, "mg/dL", "N"), ("non-HDL-C", 178.0, "mg/dL", None)],
        ),
        ("COVID-19 test was positive", [("SARS-CoV-2", "positive", None, "POS")]),
        ("TSH was normal at 2.68", [("TSH", 2.68, None, "N")]),
        ("载脂蛋白A1 1.2", []),
        ("核酸检测880.4pg/ml", []),
        ("无白细胞升高", []),
        ("尿蛋白正常值为阴", []),
        ("ROM appeared to be normal.", []),
        ("A1c in 3 months; albumin 25 g IV; potassium 20 mEq daily", []),
        ("氯化钾 1.5g，白蛋白10g静滴", []),
        ("T4 5.2，T波，N0M0，T2N1M0，C5-6，L4/5，K 1.5，P＜0.05，VTE评分：4分", []),
    ],
)
def test_labs(text, expected):
    facts = read(labs, text)
    assert [(fact.name, fact.value, fact.unit, fact.flag) for fact in facts] == expected


@pytest.mark.parametrize(("sex", "flag"), [("female", "N"), ("male", "L"), (None, None)])
def test_a_range_for_one_sex_needs_the_sex(sex, flag):
    (fact,) = read(labs, "Hb 127g/L", sex=sex)
    assert fact.flag == flag


@pytest.mark.parametrize(
    ("text", "sex", "flag"),
    [
        ("creatinine 0.6 mg/dL", "female", "N"),
        ("creatinine 0.6 mg/dL", "male", "L"),
        ("creatinine 1.2 mg/dL", "female", "H"),
        ("空腹血糖6.05mmol/L", "male", "N"),
        ("空腹血糖6.1mmol/L", "male", "H"),
        ("尿淀粉酶 500U/L", "male", None),
        ("APTT 38s，余正常", "male", None),
    ],
)
def test_limits_of_the_standards(text, sex, flag):
    assert read(labs, text, sex=sex)[0].flag == flag


def test_every_test_of_a_list_is_a_fact():
    facts = read(labs, "FT3、FT4、TSH均正常")
    assert {(fact.name, fact.flag) for fact in facts} == {("FT3", "N"), ("FT4", "N"), ("TSH", "N")}


def test_every_range_cites_a_source_and_is_ordered():
    analytes = {one.name: one for many in lab_table().analytes.values() for one in many}
    for analyte in analytes.values():
        for row in analyte.ranges:
            assert row.source
            assert row.low is not None or row.high is not None
            assert row.low is None or row.high is None or row.low < row.high


@pytest.mark.parametrize(
    ("text", "name", "duration"),
    [
        ("右下腹痛并自扪及包块3小时。", "右下腹痛并自扪及包块", "3小时"),
        ("上腹痛1个月，加重3天。", "上腹痛", "1个月"),
        ("右足趾间糜烂6月余。", "右足趾间糜烂", "6月余"),
        ("头晕10余年", "头晕", "10余年"),
        ("阵发性胸痛半天", "阵发性胸痛", "半天"),
        ("Chest pain for 2 weeks.", "Chest pain", "2 weeks"),
        ("Annual exam.", "Annual exam", None),
    ],
)
def test_complaint(text, name, duration):
    (fact,) = read(complaint, text, "chief_complaint")
    assert (fact.name, fact.duration) == (name, duration)
    assert read(complaint, text, "hpi") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10余年", ["10余年"]),
        ("3小时前解大便后", ["3小时前"]),
        ("1年半余，加重1个周", ["1年半余", "1个周"]),
        ("14+小时前", ["14+小时前"]),
        ("2+ months", ["2+ months"]),
        ("3/7 hx of cough, review in 4/52", ["3/7", "4/52"]),
        ("for the past 2 weeks, since yesterday", ["2 weeks", "since yesterday"]),
        ("2015年3月5日", []),
        ("穿刺5/12针阳性，评分4分", []),
        ("a 50-year-old man, twice a day, every 2 weeks", []),
    ],
)
def test_durations(text, expected):
    assert [duration.text for duration in find_durations(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-03-05于我院", [("2015-03-05", "2015-03-05")]),
        ("2024年3月5日", [("2024年3月5日", "2024-03-05")]),
        ("3月5日", [("3月5日", "3月5日")]),
        ("2015.3.5", [("2015.3.5", "2015-03-05")]),
        ("on 2 Feb 2010", [("2 Feb 2010", "2010-02-02")]),
        ("February 2, 2010", [("February 2, 2010", "2010-02-02")]),
        ("03/05/2015", [("03/05/2015", "03/05/2015")]),
        ("1/28/2009", [("1/28/2009", "2009-01-28")]),
        ("2015-13-45", []),
        ("BP 100/60，120/80", []),
    ],
)
def test_dates(text, expected):
    assert [(fact.text, fact.value) for fact in read(dates, text)] == expected


_ALPHABET = st.one_of(
    st.characters(),
    st.sampled_from(
        "0123456789０９．／％（）：.,/-~+×↑岁男女月天年日℃TPRNLKWBCmgHUdlmo\r\n 血压糖阴阳性"
    ),
)


@given(st.text(_ALPHABET, max_size=80), st.sampled_from(["", "chief_complaint", "lab"]))
def test_any_text_is_read_and_every_fact_is_a_span_of_it(text, section):
    for module in MODULES:
        for fact in read(module, text, section, sex="male", age=30.0):
            assert fact.text.strip() == fact.text != ""
    for duration in find_durations(text):
        assert text[duration.span.start : duration.span.end] == duration.text


@pytest.mark.data
@pytest.mark.parametrize(
    ("corpus", "floors"),
    [
        ("CMB-Clin", {"age": 55, "sex": 55, "vital": 210, "lab": 260, "chief_complaint": 30}),
        ("MTCMB-TCM", {"age": 95, "sex": 95, "vital": 530, "lab": 65, "date": 110}),
        ("ACI-Bench", {"age": 200, "sex": 195, "vital": 135, "lab": 90, "date": 65}),
        ("cTAKES", {"age": 30, "sex": 18, "vital": 42}),
        ("MTS-Dialog", {"age": 260, "sex": 220, "date": 130}),
    ],
)
def test_counts_over_the_corpora_do_not_fall(corpus, floors):
    counts = dict.fromkeys(floors, 0)
    for text in notes_of(corpus):
        for fact in parse_note(text).facts:
            if fact.kind in counts:
                counts[fact.kind] += 1
    assert all(counts[kind] >= floor for kind, floor in floors.items()), counts
