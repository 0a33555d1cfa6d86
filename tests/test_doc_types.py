"""Which document a note is, and what such a document must contain."""

from __future__ import annotations

import pytest
from corpora import notes_of

from doctorflan_ls.notes import doctype, headings
from doctorflan_ls.notes.note import parse_note

CASES = [
    ("入院记录\n主诉：腹痛", "admission_record"),
    ("某某市人民医院\n再 次 入 院 记 录\n姓名：张X", "readmission_record"),
    ("24小时内入出院记录\n主诉：腹痛", "admission_discharge_24h"),
    ("首次病程记录\n2024-03-01 10:20", "first_progress_note"),
    ("术后首次病程记录\n手术时间：", "postop_first_note"),
    ("2024-03-01 主任医师查房记录", "ward_round"),
    ("# Discharge Summary\nJane Roe", "discharge_summary"),
    ("病例特点：1.老年男性\n诊疗计划：补液", "first_progress_note"),
    ("入院诊断：肺炎\n诊疗经过：抗感染。\n出院医嘱：休息。", "discharge_record"),
    ("现病史：咳嗽\n个人史：无\n体格检查：无殊", "admission_record"),
    ("主诉：咽痛\n现病史：2天\n诊断：咽炎\n处理：休息", "outpatient_initial"),
    ("S: cough\nO: clear\nA: cold\nP: rest", "soap_note"),
    ("HPI: x\nPMH: y\nFH: z\nPE: w\nA/P: v", "history_and_physical"),
    ("Preoperative Diagnosis: hernia\nPostoperative Diagnosis: hernia", "operative_note"),
    ("患者昨日查看了入院记录后要求出院，今晨再次出现腹痛，予对症处理。", None),
    ("腹痛3天", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_the_type_of_a_note(text, expected):
    assert parse_note(text).doc_type == expected


@pytest.mark.parametrize("row", doctype.doc_types(), ids=lambda row: row.id)
def test_every_row_can_be_used(row):
    known = {kind.id for kind in headings.section_kinds()}
    assert set(row.required) | set(row.women) | set().union(*row.cues) <= known
    assert row.source
    assert row.required
    for language in ("zh", "en"):
        name = doctype.title(row.id, language)
        assert doctype.is_title(name)
        assert doctype.detect(name, set(), language) == row.id


@pytest.mark.parametrize("row", doctype.doc_types(), ids=lambda row: row.id)
def test_a_note_with_all_required_headings_has_them_all(row):
    wanted = doctype.required_sections(row.id, female=True)
    lines = [f"{headings.title(one, row.language)}：甲" for one in wanted]
    title = doctype.title(row.id, row.language)
    note = parse_note("\n".join([title, *lines]))
    assert [section.id for section in note.sections] == list(wanted)
    assert note.doc_type == row.id


def test_menstrual_history_is_asked_of_women_only():
    assert "menstrual_history" in doctype.required_sections("admission_record", female=True)
    assert "menstrual_history" not in doctype.required_sections("admission_record")
    assert doctype.required_sections(None) == ()
    assert doctype.required_sections("no-such-type") == ()


@pytest.mark.data
def test_admission_records_of_a_corpus_are_told():
    found = [parse_note(text).doc_type for text in notes_of("MTCMB-TCM")]
    assert found.count("admission_record") >= 95
