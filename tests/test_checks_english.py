"""Abbreviations that are misread: a note with «the words» marked, and what may stand instead."""

from __future__ import annotations

import pytest

from doctorflan_ls.checks.abbreviations import checks
from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.overlay import overlaid
from doctorflan_ls.checks.run import check
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.notes.markers import closing, opening
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.testing.notes import marked
from tests.corpora import notes_of

MEDS = "MEDICATIONS:\n{}\n"
HPI = "HISTORY OF PRESENT ILLNESS: {}\n"


def found_in(source: str, options: CheckOptions | None = None) -> tuple[Finding, ...]:
    return check(parse_note(marked(source).text), options, checks=tuple(checks()))


def mended(source: str, which: int = 0) -> str:
    """The text with the fix numbered ``which`` of each finding done."""
    text = marked(source).text
    for finding in reversed(found_in(source)):
        for span, written in finding.fixes[which].edits:
            text = text[: span.start] + written + text[span.end :]
    return text


@pytest.mark.parametrize(
    ("frame", "line", "rule", "after"),
    [
        (MEDS, "Insulin glargine «10U» at bedtime.", "EN-DNU-01", "10 units"),
        (MEDS, "Insulin lispro «4 u» with meals.", "EN-DNU-01", "4 units"),
        (MEDS, "Vitamin D 2000 «IU» daily.", "EN-DNU-02", "2000 International Units daily"),
        (MEDS, "Vitamin D 2000«IU» daily.", "EN-DNU-02", "2000 International Units daily"),
        (MEDS, "Lisinopril 10 mg «QD».", "EN-DNU-03", "10 mg daily."),
        (MEDS, "Lisinopril 10 mg «q.d.», aspirin 81 mg.", "EN-DNU-03", "10 mg daily, aspirin"),
        (MEDS, "Lisinopril 10 mg «q.d».", "EN-DNU-03", "10 mg daily."),
        (MEDS, "Prednisone 20 mg «QOD».", "EN-DNU-04", "20 mg every other day."),
        (MEDS, "Warfarin «5.0» mg daily.", "EN-DNU-05", "Warfarin 5 mg"),
        (MEDS, "Digoxin «.5» mg daily.", "EN-DNU-06", "Digoxin 0.5 mg"),
        (HPI, "She was given «MS» 2 mg IV.", "EN-DNU-07", "morphine sulfate 2 mg"),
        (HPI, "She was given «MgSO4» for torsades.", "EN-DNU-08", "magnesium sulfate for"),
        (HPI, "She was given «MSO4» for pain.", "EN-DNU-08", "morphine sulfate for"),
        (MEDS, "Levothyroxine «50 µg» daily.", "EN-ISMP-01", "50 mcg daily"),
        (MEDS, "Lidocaine 5 «cc» once.", "EN-ISMP-02", "5 mL once"),
        (MEDS, "Enoxaparin 40 mg «SC» daily.", "EN-ISMP-03", "40 mg subcut daily"),
        (MEDS, "Trazodone 50 mg «qhs».", "EN-ISMP-04", "50 mg at bedtime."),
        (MEDS, "Trazodone 50 mg «at HS» as needed.", "EN-ISMP-04", "50 mg at bedtime as"),
        (HPI, "Plan to «d/c» metoprolol 25 mg.", "EN-ISMP-05", "to discontinue metoprolol"),
        (HPI, "Vision is blurred «OS».", "EN-ISMP-06", "blurred left eye."),
        (MEDS, "Cetirizine 10 mg «OD» for hay fever.", "EN-ISMP-06", "10 mg once daily for"),
        (MEDS, "Ofloxacin otic 5 drops «AD» daily.", "EN-ISMP-07", "drops right ear"),
        (MEDS, "Epoetin 4,000 units «TIW».", "EN-ISMP-08", "3 times weekly"),
        (MEDS, "Simvastatin 20 mg «q6PM».", "EN-ISMP-09", "20 mg daily at 6 PM"),
        (MEDS, "Continue «ss» insulin.", "EN-ISMP-10", "sliding scale insulin"),
        (MEDS, "Heparin «5K» units daily.", "EN-ISMP-11", "Heparin 5,000 units"),
        (MEDS, "«Tegretol300 mg» twice a day.", "EN-ISMP-12", "Tegretol 300 mg twice"),
        (MEDS, "Omeprazole «20mg» daily.", "EN-ISMP-13", "Omeprazole 20 mg daily"),
        (MEDS, "Aspirin 81 «mg.» once a day.", "EN-ISMP-14", "81 mg once"),
        (MEDS, "Heparin «25000» units daily.", "EN-ISMP-15", "25,000 units"),
        (MEDS, "Acetaminophen «<»3 mg daily.", "EN-ISMP-16", "less than 3 mg"),
    ],
)
def test_what_is_misread_is_said_with_what_may_stand_instead(
    frame: str, line: str, rule: str, after: str
) -> None:
    source = frame.format(line)
    assert [(each.rule.id, each.span) for each in found_in(source)] == [
        (rule, marked(source).spans[0])
    ]
    assert after in mended(source)


@pytest.mark.parametrize(
    "line",
    [
        "AST was 39 U/L and ALT 156 IU/L.",
        "He drinks 2 U of alcohol a day, insulin is not used.",
        "Multiple sclerosis (MS) since 2010; MS relapses treated with steroids 500 mg.",
        "MS Contin 15 mg twice a day.",
        "MS: Denies joint pain.",
        "Potassium 4.0 mEq/L, creatinine 1.0 mg/dL.",
        "A nodule of 2.0 cm; a 5.0 Fr catheter was placed.",
        "Protein needs are 1.0 g/kg.",
        "The D-dimer was .5 mcg/mL.",
        "Heart sounds: HS 1+2 normal.",
        "DC cardioversion was done at 200 J.",
        "She took 20 tablets of acetaminophen 500 mg, an intentional OD.",
        "OS calcis fracture; os of the cervix is closed.",
        "AS with a mean gradient of 40 mmHg; AD with memory loss.",
        "TEMPERATURE AS ABOVE, EAR DROPS 2 MG GIVEN AS ORDERED.",
        "SSI at the wound, insulin continued.",
        "Insulin glargine 10 units at bedtime; enoxaparin 40 mg SUBQ.",
        "2+ edema, <2 seconds capillary refill, SpO2 >95%.",
        "Aspirin 81 mg. No pain since.",
        "Dated 20240305, MRN 12345678.",
    ],
)
def test_what_means_something_else_is_left_alone(line: str) -> None:
    assert found_in(HPI.format(line)) == ()


@pytest.mark.parametrize(
    ("source", "severity"),
    [
        (MEDS.format("Lisinopril 10 mg QD."), "warning"),
        (HPI.format("He walks 2 miles QD."), "information"),
        (HPI.format("He takes lisinopril 10 mg QD."), "warning"),
        (HPI.format("The abscess was drained of 4 cc of pus."), "information"),
    ],
)
def test_it_weighs_more_where_a_drug_is_given(source: str, severity: str) -> None:
    assert [each.rule.severity for each in found_in(source)] == [severity]


def test_both_readings_of_an_ambiguous_one_are_offered() -> None:
    line = MEDS.format("Metoprolol 25 mg: D/C today.")
    assert "discontinue today" in mended(line)
    assert "discharge today" in mended(line, 1)


def test_a_note_in_capitals_has_words_that_look_like_abbreviations() -> None:
    assert found_in(MEDS.format("EAR DROPS 2 MG GIVEN AS ORDERED.")) == ()


def test_a_chinese_note_may_write_so() -> None:
    note = "主诉：咳嗽3天\n处理：阿莫西林 0.5g po qd，胰岛素 10U 睡前皮下注射，MgSO4 5.0 mg。\n"
    assert found_in(note) == ()


def test_a_draft_is_not_remarked_on() -> None:
    draft = "\n".join(
        (
            opening("en", "Summary", "case-summary", "skeleton", "d1"),
            "Aspirin 81 mg QD.",
            closing("en", "d1"),
        )
    )
    front = "---\ndepartment: ward QOD\n---\n"
    assert found_in(f"{front}{MEDS.format('Aspirin 81 mg daily.')}{draft}\n") == ()


def test_the_message_shows_the_dose_in_both_languages() -> None:
    (finding,) = found_in(MEDS.format("Warfarin 5.0 mg daily."))
    assert "“5.0 mg”" in finding.message("en")
    assert "“5 mg”" in finding.message("en")
    assert "“5 mg”" in finding.message("zh")


def test_a_row_of_a_hospital_that_cannot_be_used_leaves_the_others() -> None:
    rows = r"""
    [[data.english.abbreviation]]
    rule = "EN-DNU-03"
    pattern = '(?P<word>QD'
    where = "any"
    write = ["daily"]
    [[data.english.abbreviation]]
    rule = "EN-DNU-04"
    pattern = '\b(?P<word>QOD)\b'
    where = "any"
    write = ["every other day"]
    """
    options = CheckOptions(table=overlaid({"own.toml": rows}).table)
    found = found_in(MEDS.format("Aspirin 81 mg QD, prednisone 5 mg QOD."), options)
    assert [each.rule.id for each in found] == ["EN-DNU-04"]


def test_every_rule_has_a_way_of_writing() -> None:
    data = rule_table().data["english"]
    assert {row["id"] for row in data["rule"]} == {row["rule"] for row in data["abbreviation"]}


@pytest.mark.data
@pytest.mark.parametrize("name", ["PriMock57", "CMB-Clin", "MTCMB-TCM", "TCM-CHGD"])
def test_real_notes_without_such_words_are_silent(name: str) -> None:
    found = [
        each for text in notes_of(name) for each in check(parse_note(text), checks=tuple(checks()))
    ]
    assert found == []
