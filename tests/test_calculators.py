"""Calculators: formulas against worked numbers, and what a note must say for a result."""

from __future__ import annotations

from datetime import date
from importlib.resources import files

import pytest

from doctorflan_ls.calculators import calculate, calculators
from doctorflan_ls.calculators.findings import Findings
from doctorflan_ls.calculators.formulas import formula
from doctorflan_ls.calculators.model import Result
from doctorflan_ls.calculators.scope import Scope
from doctorflan_ls.calculators.table import comparison, conditions, quantities
from doctorflan_ls.notes.note import Note, parse_note

MAN = "男，60岁。\n"
WOMAN = "女，60岁。\n"


def results(text: str) -> dict[str, Result]:
    return {each.calculator.id: each for each in calculate(parse_note(text))}


def words(note: Note, result: Result) -> list[str]:
    return [note.slice(each.span) for each in result.inputs]


def missing(result: Result) -> list[str]:
    return [each.en for each in result.missing]


# Formulas

# Each number was worked by hand from the formula as published; an example of a source is named.
WORKED = [
    # 142 × (1.7/0.9)^−1.2 × 0.9938^81; the same case with this answer is in MedCalc-Bench (id 3).
    ("egfr-ckd-epi-2021", {"creatinine": 1.7, "age": 81, "female": 0}, 40.0),
    # 142 × (0.6/0.7)^−0.241 × 0.9938^30 × 1.012
    ("egfr-ckd-epi-2021", {"creatinine": 0.6, "age": 30, "female": 1}, 123.8),
    # A man below κ: 142 × (0.8/0.9)^−0.302 × 0.9938^50
    ("egfr-ckd-epi-2021", {"creatinine": 0.8, "age": 50, "female": 0}, 107.8),
    ("cockcroft-gault", {"creatinine": 1, "age": 40, "weight": 72, "female": 0}, 100),
    ("cockcroft-gault", {"creatinine": 1, "age": 40, "weight": 72, "female": 1}, 85),
    (
        "fena",
        {"urine_sodium": 20, "sodium": 140, "urine_creatinine": 100, "creatinine": 2},
        0.286,
    ),
    ("bmi", {"weight": 70, "height": 175}, 22.86),
    ("bsa-mosteller", {"weight": 80, "height": 180}, 2.0),
    ("ideal-body-weight", {"height": 177.8, "female": 0}, 73.0),
    ("ideal-body-weight", {"height": 165.1, "female": 1}, 57.0),
    ("pack-years", {"cigarettes": 30, "smoking_years": 20}, 30),
    ("mean-arterial-pressure", {"systolic": 120, "diastolic": 75}, 90),
    ("shock-index", {"heart_rate": 120, "systolic": 80}, 1.5),
    # At a rate of 60 both corrections leave QT as it is; at 240 RR is 1/4 s.
    ("qtc-bazett", {"qt": 400, "heart_rate": 60}, 400),
    ("qtc-bazett", {"qt": 200, "heart_rate": 240}, 400),
    ("qtc-fridericia", {"qt": 400, "heart_rate": 60}, 400),
    ("qtc-fridericia", {"qt": 250, "heart_rate": 480}, 500),
    ("anion-gap", {"sodium": 140, "chloride": 100, "bicarbonate": 20}, 20),
    (
        "anion-gap-potassium",
        {"sodium": 140, "potassium": 4, "chloride": 100, "bicarbonate": 20},
        24,
    ),
    (
        "anion-gap-albumin",
        {"sodium": 140, "chloride": 100, "bicarbonate": 20, "albumin": 2},
        25,
    ),
    ("corrected-sodium-katz", {"sodium": 130, "glucose": 600}, 138),
    ("corrected-sodium-hillier", {"sodium": 130, "glucose": 600}, 142),
    ("corrected-calcium", {"calcium": 8, "albumin": 2}, 9.6),
    ("osmolality", {"sodium": 140, "glucose": 180.16, "urea": 5}, 295),
    ("osmolal-gap", {"osmolality": 320, "sodium": 140, "glucose": 180.16, "urea": 5}, 25),
    ("ldl-friedewald", {"cholesterol": 200, "hdl": 50, "triglycerides": 150}, 120),
    ("homa-ir", {"insulin": 10, "fasting_glucose": 4.5}, 2),
    # All at their floors: 6.43, rounded.
    ("meld-na", {"bilirubin": 0.5, "inr": 0.9, "creatinine": 0.7, "sodium": 125}, 6),
    # 9.57 ln 2 + 3.78 ln 3 + 11.2 ln 1.5 + 6.43 = 21.8 → 22; + 1.32 × 7 − 0.033 × 22 × 7 = 26.2
    ("meld-na", {"bilirubin": 3, "inr": 1.5, "creatinine": 2, "sodium": 130}, 26),
    ("meld-na", {"bilirubin": 40, "inr": 6, "creatinine": 9, "sodium": 120}, 40),
    (
        "meld-3",
        {
            "bilirubin": 1,
            "inr": 1,
            "creatinine": 1,
            "sodium": 137,
            "albumin": 3.5,
            "female": 0,
        },
        6,
    ),
    # 1.33 + 4.56 ln 3 + 0.82 × 7 − 0.24 × 7 ln 3 + 9.09 ln 1.5 + 11.14 ln 2 + 1.85 − 1.83 ln 2 + 6
    # = 1.33 + 5.010 + 5.74 − 1.846 + 3.686 + 7.722 + 1.85 − 1.268 + 6 = 28.2
    (
        "meld-3",
        {
            "bilirubin": 3,
            "inr": 1.5,
            "creatinine": 2,
            "sodium": 130,
            "albumin": 2.5,
            "female": 1,
        },
        28,
    ),
    ("fib-4", {"ast": 80, "alt": 64, "platelets": 100, "age": 50}, 5.0),
    ("pf-ratio", {"pao2": 60, "fio2": 40}, 150),
    ("a-a-gradient", {"pao2": 90, "paco2": 40, "fio2": 21}, 9.73),
    ("gcs-sum", {"eye": 3, "verbal": 4, "motor": 5}, 12),
    (
        "gestational-age",
        {"last_period": date(2025, 1, 1).toordinal(), "visit": date(2025, 3, 12).toordinal()},
        10,
    ),
    # Naegele: the last period of 1 March 2025 is due on 6 December.
    ("due-date", {"last_period": date(2025, 3, 1).toordinal()}, date(2025, 12, 6).toordinal()),
]


@pytest.mark.parametrize(("name", "given", "expected"), WORKED)
def test_a_formula_gives_the_worked_number(name, given, expected):
    calculator = next(each for each in calculators() if each.id == name)
    assert set(given) == set(calculator.inputs)
    assert formula(calculator.group, name)(**given) == pytest.approx(expected, rel=0.003)


def test_every_formula_has_a_worked_number():
    formulas = {each.id for each in calculators() if not each.items}
    assert formulas == {name for name, *_ in WORKED}


# The tables


def test_every_calculator_can_be_built_and_says_what_it_is():
    for each in calculators():
        said = (each.title, each.formula, each.limits)
        assert all(words.zh for words in said), each.id
        assert all(words.en for words in said), each.id
        assert each.citation, each.id
        assert bool(each.inputs) != bool(each.items), each.id
        assert set(each.inputs) <= set(quantities()), each.id
        assert not each.requires or each.requires in conditions(), each.id
        assert not each.unless or each.unless in quantities(), each.id
        for band in each.bands:
            assert "必须" not in band.meaning.zh
            assert "must" not in band.meaning.en


def test_conditions_name_facts_that_there_are():
    known = _fact_names()
    for condition in conditions().values():
        for group in condition.groups:
            assert set(group) <= known, condition.name


def _fact_names() -> set[str]:
    names: set[str] = set()
    for file in files("doctorflan_ls").joinpath("data", "terms").iterdir():
        for line in file.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                names |= set(line.split("\t")[:2])
    return names


@pytest.mark.parametrize("written", ["65", "=> 1", "> x", ">"])
def test_what_is_no_comparison_is_refused(written):
    with pytest.raises(ValueError):
        comparison(written)


# Units

UNITS = [
    (MAN + "辅助检查：肌酐 150.3μmol/L", "egfr-ckd-epi-2021", "creatinine", 1.70),
    ("A 60-year-old man. Labs: creatinine 1.7 mg/dL.", "egfr-ckd-epi-2021", "creatinine", 1.7),
    (MAN + "辅助检查：Na 140mmol/L，血糖 10mmol/L，尿素 5mmol/L", "osmolality", "glucose", 180.16),
    ("Labs: Na 140 mEq/L, glucose 180 mg/dL, BUN 28 mg/dL.", "osmolality", "urea", 10.0),
    ("Labs: Na 140 mEq/L, glucose 180 mg/dL, urea 60 mg/dL.", "osmolality", "urea", 10.0),
    (
        "Labs: Na 140 mEq/L, blood urea nitrogen 28 mg/dL, glucose 180 mg/dL.",
        "osmolality",
        "urea",
        10.0,
    ),
    (MAN + "辅助检查：血钙 2.0mmol/L，白蛋白 30g/L", "corrected-calcium", "albumin", 3.0),
    (MAN + "辅助检查：血钙 2.0mmol/L，白蛋白 30g/L", "corrected-calcium", "calcium", 8.02),
    ("体格检查：身高 1.75m，体重 140斤", "bmi", "weight", 70),
    ("体格检查：身高 1.75m，体重 140斤", "bmi", "height", 175),
    ("Exam: height 5'10\", weight 154 lbs.", "bmi", "height", 177.8),
    ("Exam: height 5'10\", weight 154 lbs.", "bmi", "weight", 69.9),
    ("辅助检查：吸氧浓度40%，PaO2 8kPa", "pf-ratio", "pao2", 60),
    ("Vitals: T 101.3 F, HR 112, RR 18. Assessment: pneumonia.", "sirs", "temperature", 38.5),
    ("肝硬化。辅助检查：总胆红素 51μmol/L，INR 1.5", "child-pugh", "bilirubin", 2.98),
]


@pytest.mark.parametrize(("text", "name", "quantity", "expected"), UNITS)
def test_units_are_converted(text, name, quantity, expected):
    found = next(each for each in results(text)[name].inputs if each.name == quantity)
    assert found.value == pytest.approx(expected, rel=0.005)


NOT_USED = [
    # An unknown unit, a slip of the unit, no unit where one is needed.
    (MAN + "辅助检查：肌酐 88mg/dL", "egfr-ckd-epi-2021"),
    ("Exam: height 70 inches, weight 154.", "bmi"),
    # Another specimen.
    ("辅助检查：尿钠 40mmol/L，血氯 100mmol/L，碳酸氢根 24mmol/L", "anion-gap"),
    ("辅助检查：脑脊液 白蛋白 20g/L，血钙 2.2mmol/L", "corrected-calcium"),
    # Told as earlier, as a wish, of a relative, as an interval.
    (MAN + "既往史：2010年肌酐 150μmol/L", "egfr-ckd-epi-2021"),
    ("A 60-year-old man. Goal BP 130/80 mmHg.", "mean-arterial-pressure"),
    ("家族史：父亲血压 180/100mmHg", "mean-arterial-pressure"),
    ("现病史：血压波动于 140-160/90-100mmHg", "shock-index"),
    ("体格检查：出生体重 3.2kg，身高 50cm", "bsa-mosteller"),
    # Advice: a concentration of a bottle is no glucose.
    ("治疗：5%葡萄糖 250ml，Na 130mmol/L", "corrected-sodium-katz"),
]


@pytest.mark.parametrize(("text", "name"), NOT_USED)
def test_what_is_no_value_of_the_patient_is_not_used(text, name):
    found = results(text).get(name)
    assert found is None or not found.complete


def test_urine_values_are_of_urine():
    for text in (
        "辅助检查：血钠 140mmol/L，肌酐 2mg/dL；尿钠 20mmol/L，尿肌酐 100mg/dL",
        "Urine sodium 20 mmol/L, urine creatinine 100 mg/dL, sodium 140 mEq/L, creatinine 2 mg/dL.",
    ):
        assert results(text)["fena"].value == pytest.approx(0.286, rel=0.01)


# What a note says


def test_a_result_shows_the_words_it_rests_on():
    note = parse_note(MAN + "辅助检查：肌酐 150μmol/L\n")
    (result,) = [each for each in calculate(note) if each.calculator.id == "egfr-ckd-epi-2021"]
    assert words(note, result) == ["肌酐 150μmol/L", "60岁", "男"]
    assert result.interpretation is not None
    assert result.interpretation.en == "G3a"


def test_a_missing_input_is_named_and_nothing_is_calculated():
    without_sex = results("患者，60岁。\n辅助检查：肌酐 150μmol/L")["egfr-ckd-epi-2021"]
    assert (without_sex.value, missing(without_sex)) == (None, ["sex"])
    without_weight = results(MAN + "辅助检查：肌酐 150μmol/L")["cockcroft-gault"]
    assert (without_weight.complete, missing(without_weight)) == (False, ["weight"])


def test_age_and_sex_alone_ask_for_no_calculator():
    assert results(MAN + "主诉：咳嗽3天") == {}
    assert "qtc-bazett" not in results("体格检查：心率80次/分")


def test_the_last_value_of_the_examination_is_used_and_the_others_are_shown():
    text = "现病史：外院血压 180/100mmHg。\n体格检查：BP 150/90mmHg，复测 BP 140/80mmHg\n"
    note = parse_note(text)
    (found,) = [each for each in calculate(note) if each.calculator.id == "mean-arterial-pressure"]
    assert found.value == pytest.approx(100)
    assert [note.slice(span) for span in found.inputs[0].others] == [
        "血压 180/100mmHg",
        "BP 150/90mmHg",
    ]


def test_values_of_one_time_go_together():
    text = (
        "辅助检查：入院 Na 150mmol/L，Cl 110mmol/L，碳酸氢根 20mmol/L。\n"
        + "经补液等处理，患者病情好转，复查结果见下。\n" * 20
        + "一周后复查 Na 136mmol/L，K 4.0mmol/L。\n"
    )
    found = results(text)
    assert found["anion-gap"].value == pytest.approx(20)
    later = results(text + "Cl 100mmol/L，碳酸氢根 24mmol/L。\n")
    assert later["anion-gap"].value == pytest.approx(12)


def test_values_of_a_draft_that_nobody_reviewed_are_none():
    text = (
        "体格检查：BP 120/75mmHg\n"
        "〔DoctorFLAN 草稿 待审核｜病例总结｜case-summary｜skeleton 1｜#ab12〕\n"
        "QT 400ms，E3V4M5，BP 60/30mmHg\n〔DoctorFLAN 草稿结束｜#ab12〕\n"
    )
    found = results(text)
    assert found["mean-arterial-pressure"].value == pytest.approx(90)
    assert "gcs-sum" not in found
    assert "qtc-bazett" not in found


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("个人史：吸烟30年，每日20支", "pack-years", 30),
        ("个人史：吸烟，10支/日，40余年", "pack-years", 20),
        ("Social history: smokes 1.5 packs per day for 20 years", "pack-years", 30),
        ("专科检查：GCS E3V4M5", "gcs-sum", 12),
        ("辅助检查：心率60次/分，QT间期 400ms", "qtc-bazett", 400),
        ("辅助检查：未吸氧下血气：PaO2 63mmHg", "pf-ratio", 300),
        ("FiO2 0.5, PaO2 75 mmHg", "pf-ratio", 150),
        ("空腹血糖 4.5mmol/L，空腹胰岛素 10μU/mL", "homa-ir", 2),
        ("Na 140mmol/L，血糖 10mmol/L，尿素 5mmol/L，血浆渗透压 320mOsm/kg", "osmolal-gap", 25),
        (
            "入院时间：2025-03-12\n现病史：停经10周，末次月经 2025-01-01。",
            "gestational-age",
            10,
        ),
    ],
)
def test_what_no_fact_holds_is_read_from_the_sentence(text, name, value):
    assert results(text)[name].value == pytest.approx(value, rel=0.01)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("个人史：吸烟30年，每日10~20支", "pack-years"),
        ("个人史：戒烟10年，曾每日20支", "pack-years"),
        ("家族史：父亲吸烟30年，每日20支", "pack-years"),
        ("辅助检查：心率60次/分，QTc 450ms", "qtc-bazett"),
        ("未孕。末次月经 2025-01-01", "due-date"),
        ("孕10周，末次月经 1月1日", "due-date"),
        ("入院时间：2025-03-12\n孕妇，末次月经 2023-01-01", "gestational-age"),
    ],
)
def test_what_is_no_plain_value_is_not_read(text, name):
    assert name not in results(text)


# Scores

PNEUMONIA = (
    "男，70岁。\n体格检查：T 38.6℃，P 112次/分，R 32次/分，BP 88/50mmHg，神志清楚。\n诊断：肺炎\n"
)


def test_a_score_whose_items_are_all_known_is_one_number():
    found = results(PNEUMONIA + "辅助检查：尿素 8.2mmol/L")["curb-65"]
    assert (found.value, found.missing) == (4, ())
    assert found.interpretation is not None
    assert "22%" in found.interpretation.en


def test_silence_is_a_range_and_never_none():
    found = results(PNEUMONIA)["curb-65"]
    assert (found.value, found.low, found.high) == (None, 3, 4)
    assert missing(found) == ["urea (BUN)"]
    silent = results("男，70岁。\n诊断：肺炎。R 32次/分")["curb-65"]
    assert (silent.low, silent.high) == (2, 5)
    assert silent.interpretation is None, "the range lies in more than one band"


AF = "女，76岁。\n主诉：心悸1周\n诊断：心房颤动\n"


def test_what_is_denied_is_known_absent():
    history = "既往史：高血压10年，否认糖尿病、心力衰竭、脑卒中。\n"
    found = results(AF + history)["cha2ds2-vasc"]
    # Age 2, woman 1, hypertension 1. A denied stroke does not deny a TIA.
    assert (found.low, found.high) == (4, 7)
    assert set(missing(found)) == {
        "stroke, TIA or systemic embolism",
        "vascular disease (infarction, peripheral artery disease, aortic plaque)",
    }


def test_a_specific_denial_is_no_general_one():
    note = parse_note("既往史：否认肺癌。\n")
    assert Findings(Scope(note, None)).of("cancer") is None


def test_a_relative_disease_is_not_the_patient_s():
    found = results(AF + "家族史：父亲患糖尿病。\n")["cha2ds2-vasc"]
    assert "diabetes" in missing(found)


def test_the_examination_says_if_the_patient_is_confused_now():
    text = PNEUMONIA.replace("男，70岁。\n", "男，70岁。\n现病史：昨日嗜睡。\n")
    found = results(text + "辅助检查：尿素 5mmol/L")["curb-65"]
    assert found.value == 3


@pytest.mark.parametrize("scale", ["Glasgow Coma Scale 15", "昏迷评分15分"])
def test_the_name_of_a_scale_is_no_coma(scale):
    assert Findings(Scope(parse_note(f"Exam: {scale}.\n"), None)).of("confusion") is None


@pytest.mark.parametrize(
    ("findings", "low", "high"),
    [
        ("腹水，肝性脑病", 7, 9),
        ("少量腹水，无肝性脑病", 6, 6),
        ("大量腹水，无肝性脑病", 7, 7),
        ("无腹水，无肝性脑病", 5, 5),
        ("", 5, 9),
    ],
)
def test_grades_of_child_pugh(findings, low, high):
    text = (
        f"男，50岁。诊断：肝硬化。{findings}。\n辅助检查：总胆红素 20μmol/L，白蛋白 40g/L，INR 1.2"
    )
    found = results(text)["child-pugh"]
    assert (found.low, found.high) == (low, high)


def test_a_score_is_offered_for_its_disease_only():
    vitals = "男，70岁。\n体格检查：T 38.6℃，P 112次/分，R 32次/分，BP 88/50mmHg，神志清楚。\n"
    assert not {"curb-65", "sirs", "qsofa", "cha2ds2-vasc"} & set(results(vitals))
    assert "curb-65" not in results(vitals + "既往史：否认肺炎。\n")


def test_news2_by_hand():
    # 2 + 2 + 0 + 0 + 1 + 0 + 1, Royal College of Physicians 2017, scale 1.
    text = (
        "男，70岁。\n体格检查：T 38.5℃，P 100次/分，R 22次/分，BP 120/80mmHg，"
        "SpO2 93%（未吸氧），神志清楚。\n"
    )
    assert results(text)["news2"].value == 6


def test_wells_gives_no_number_without_the_items_a_note_seldom_says():
    found = results("男，50岁。心率110次/分，咯血。诊断：肺栓塞？\n")["wells-pe"]
    assert found.value is None
    assert (found.low, found.high) == (2.5, 12.5 - 0)


# Who it is for


def test_children_have_no_adult_calculators():
    child = (
        "男，8岁。\n体格检查：身高 130cm，体重 30kg，P 90次/分，BP 100/60mmHg\n"
        "辅助检查：肌酐 40μmol/L"
    )
    adult = child.replace("8岁", "28岁")
    assert {"egfr-ckd-epi-2021", "bmi", "shock-index"} <= set(results(adult))
    assert set(results(child)) == {"bsa-mosteller", "mean-arterial-pressure"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Na 140mmol/L，血糖 6mmol/L", "corrected-sodium-katz"),
        ("血钙 2.3mmol/L，白蛋白 45g/L", "corrected-calcium"),
        ("总胆固醇 5mmol/L，HDL-C 1.2mmol/L，甘油三酯 6mmol/L", "ldl-friedewald"),
        ("总胆固醇 5mmol/L，HDL-C 1.2mmol/L，甘油三酯 1mmol/L，LDL-C 3mmol/L", "ldl-friedewald"),
        (WOMAN + "身高 150cm", "ideal-body-weight"),
        (MAN + "AST 40U/L，ALT 40U/L，血小板 200×10^9/L", "fib-4"),
    ],
)
def test_a_formula_is_left_out_where_it_does_not_hold(text, name):
    assert name not in results("辅助检查：" + text if "岁" not in text else text)


def test_a_band_is_chosen_by_the_number_that_is_shown():
    found = results("男，30岁。\n体格检查：身高 175cm，体重 76.5kg")["bmi"]
    assert found.value == pytest.approx(24.98, abs=0.01)
    assert found.interpretation is not None
    assert found.interpretation.en == "overweight"
