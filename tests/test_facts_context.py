"""What the words around a fact change: lists, prefixes, earlier times, what becomes of a drug."""

from __future__ import annotations

import pytest

from doctorflan_ls.notes.model import Fact
from doctorflan_ls.notes.note import parse_note


def only(text: str, kind: str, words: str) -> Fact:
    note = parse_note(text)
    (fact,) = (fact for fact in note.facts if fact.kind == kind and words in fact.text)
    assert note.slice(fact.span) == fact.text
    return fact


@pytest.mark.parametrize(
    ("text", "kind", "words", "assertion"),
    [
        ("初步诊断：1.慢性心力衰竭 2.2型糖尿病 3.肾功能不全？", "diagnosis", "心力", "present"),
        ("初步诊断：1.慢性心力衰竭 2.2型糖尿病 3.肾功能不全？", "diagnosis", "肾", "possible"),
        ("PHYSICAL EXAM: Abdomen soft, non-tender.", "sign", "tender", "denied"),
        ("PHYSICAL EXAM: Abdomen soft, tender.", "sign", "tender", "present"),
        ("既往史：高血压病15年，最高180/110mmHg。", "vital", "180", "historical"),
        ("现病史：血压最高180/110mmHg，", "vital", "180", "historical"),
        ("体格检查：BP 180/110mmHg。", "vital", "180", "present"),
    ],
)
def test_assertion(text: str, kind: str, words: str, assertion: str) -> None:
    assert only(text, kind, words).assertion == assertion


@pytest.mark.parametrize(
    ("text", "words", "status", "dose"),
    [
        ("Plan: Lisinopril increased to 20 mg daily.", "isinopril", "changed", "20 mg"),
        ("Plan: Metformin discontinued due to AKI.", "etformin", "stopped", None),
        ("Plan: Warfarin was held.", "arfarin", "stopped", None),
        ("Levofloxacin 750 mg PO daily x 5 days (new)", "evofloxacin", "new", "750 mg"),
        ("治疗：氨氯地平加量至10mg 每日1次。", "氨氯地平", "changed", "10mg"),
    ],
)
def test_what_becomes_of_a_drug(text: str, words: str, status: str, dose: str | None) -> None:
    fact = only(text, "drug", words)
    assert (fact.status, fact.dose) == (status, dose)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lisinopril 10 mg daily, stopped last week.", ["stopped"]),
        ("Lisinopril 10 mg daily was held for AKI.", ["stopped"]),
        ("Lisinopril 10 mg daily (stopped), metformin 500 mg daily.", ["stopped", "current"]),
        ("Lisinopril 10 mg daily, stopped metformin 500 mg daily.", ["current", "stopped"]),
        ("Ibuprofen 400 mg daily, pain stopped.", ["current"]),
        ("既往史：服用氨氯地平片 5mg 口服 每日1次，上周已停用。", ["stopped"]),
        ("既往史：服用氨氯地平片 5mg，2周前停用阿司匹林肠溶片 100mg。", ["current", "stopped"]),
    ],
)
def test_a_drug_that_is_stopped_behind_its_dose_is_not_current(
    text: str, expected: list[str]
) -> None:
    note = parse_note(text if "既往史" in text else f"MEDICATIONS: {text}")
    assert [fact.status for fact in note.facts if fact.kind == "drug"] == expected


def test_a_letter_among_results_is_an_analyte() -> None:
    assert only("LABS: Na 131, K 5.6, Cl 99.", "lab", "K 5.6").flag == "H"
    assert not [fact for fact in parse_note("Imaging: K 5.6 seen.").facts if fact.kind == "lab"]


def test_short_items_have_no_parts() -> None:
    note = parse_note(
        "入院时间：2024年3月5日\n一、主诉：咳嗽3天。\n二、诊断：\n（1）检查\n医师签名：李某\n"
    )
    assert {section.id: section.level for section in note.sections}["chief_complaint"] == 1
    assert {section.id: section.level for section in note.sections}["signature"] == 1


@pytest.mark.parametrize(
    ("text", "words", "assertion"),
    [
        ("现病史：7年前无明显诱因出现漏尿，无尿频、血尿。", "漏尿", "present"),
        ("现病史：7年前无明显诱因出现漏尿，无尿频、血尿。", "血尿", "denied"),
        ("现病史：3年前出现腹痛，治疗后好转。", "腹痛", "historical"),
        ("体格检查：神清，未呕吐。", "呕吐", "denied"),
    ],
)
def test_since_years(text: str, words: str, assertion: str) -> None:
    assert only(text, "symptom", words).assertion == assertion


def test_a_frequency_written_onto_the_unit() -> None:
    fact = only("用药：阿司匹林100mgqd。", "drug", "阿司匹林")
    assert (fact.dose, fact.frequency, fact.text) == ("100mg", "qd", "阿司匹林100mgqd")
    assert fact.section == "medications"


def test_before_is_no_part_of_the_body() -> None:
    assert only("现病史：1小时前胸痛。", "symptom", "胸痛").text == "胸痛"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DH: not on any medication, allergic to peanuts", "present"),
        ("DH: not on any medication, not allergic to peanuts", "denied"),
        ("PMH: denies asthma or being allergic to peanuts", "denied"),
        ("FH: no asthma, mother allergic to peanuts", "family"),
    ],
)
def test_an_allergy_is_denied_by_its_own_clause_alone(text: str, expected: str) -> None:
    (fact,) = [fact for fact in parse_note(text).facts if fact.kind == "allergy"]
    assert fact.assertion == expected
