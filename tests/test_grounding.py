"""What a draft says is looked up in the note: what is found there, and at which characters."""

from __future__ import annotations

import random
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.cli.answering import make_drafts
from doctorflan_ls.cli.opened import Opened
from doctorflan_ls.features.diagnostics import diagnostics
from doctorflan_ls.features.hover import hover
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.grounding import block_findings, ground, grounded
from doctorflan_ls.grounding.dates import agree, dates
from doctorflan_ls.grounding.drugs import per_day
from doctorflan_ls.grounding.numbers import amounts
from doctorflan_ls.grounding.table import table
from doctorflan_ls.notes import markers
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.notes.sentences import sentences
from doctorflan_ls.plugins import no_plugins
from doctorflan_ls.plugins.registry import builtin_registry
from doctorflan_ls.sides import sides
from doctorflan_ls.testing.drafting import draft as made_by
from doctorflan_ls.testing.models import QueueModel
from doctorflan_ls.text import Span

ZH = """入院记录
姓名：某某  性别：女  年龄：67岁
主诉：咳嗽、咳痰5天，发热2天。
现病史：患者5天前受凉后出现咳嗽，咳黄痰，2天前出现发热，最高体温39.1℃，伴畏寒，无咯血、胸痛。
2024年3月5日于外院就诊，右膝疼痛1周。如出现呼吸困难及时就诊。考虑肺炎可能。
既往史：高血压病10年，口服氨氯地平 5mg 每日1次；已停用阿司匹林 100mg qd。
糖尿病史，二甲双胍 0.5g 每日3次。否认冠心病。
对青霉素过敏（皮疹）。
家族史：母亲患乳腺癌。
体格检查：T 37.9℃，P 108次/分，R 22次/分，BP 148/76mmHg。右下肺可闻及湿啰音，双下肢无水肿。
辅助检查：WBC 15.2×10^9/L，Hb 118g/L，K+ 4.3mmol/L，
肌酐 148μmol/L，HBsAg（-）。
胸部CT：右肺下叶斑片影，约3cm×2cm。
"""
EN = """CHIEF COMPLAINT: Cough for 5 days.

HISTORY OF PRESENT ILLNESS:
The patient is a 67-year-old female with cough for five days and fever. She denies chest pain.
Pain in the right knee since March 5, 2024.

PAST MEDICAL HISTORY: Hypertension, type 2 diabetes mellitus.

MEDICATIONS:
- Lisinopril 10 mg by mouth daily
- Metformin 500 mg by mouth twice daily

ALLERGIES: Penicillin (rash).

VITAL SIGNS: Temperature 100.2 F, heart rate 104, blood pressure 148/86 mmHg, oxygen saturation 91%.

RESULTS: WBC 13.8 x10^9/L, hemoglobin 11.1 g/dL, creatinine 0.9 mg/dL.
"""


def found(draft: str, note: str) -> list[tuple[str, str, str]]:
    """Rule, severity and characters of each finding."""
    return [
        (each.rule.id, each.rule.severity, draft[slice(*each.span)])
        for each in ground(draft, parse_note(note))
    ]


@pytest.mark.parametrize(
    ("draft", "note", "expected"),
    [
        # Another value of the same measurement.
        ("WBC 16.2×10^9/L", ZH, [("GR-LAB", "error", "16.2")]),
        ("BP 158/76mmHg", ZH, [("GR-LAB", "error", "158/76")]),
        ("白细胞 15.2×10^12/L", ZH, [("GR-UNIT", "error", "×10^12/L")]),
        ("Hemoglobin 12.1 g/dL.", EN, [("GR-LAB", "error", "12.1")]),
        ("血钙 2.91mmol/L", ZH, [("GR-LAB", "warning", "2.91")]),
        # A rounding is not what the note says, and no contradiction.
        ("T 38℃", ZH, [("GR-LAB", "warning", "38")]),
        # The lone results that deny each other.
        ("HBsAg（+）", ZH, [("GR-NEG", "error", "HBsAg（+）")]),
        # Numbers that are of nothing the reader knows.
        ("约8cm×2cm", ZH, [("GR-NUM", "error", "8")]),
        ("右膝疼痛3周", ZH, [("GR-NUM", "error", "3")]),
        ("右膝疼痛1月", ZH, [("GR-UNIT", "error", "月")]),
        ("咳嗽六天。", ZH, [("GR-NUM", "warning", "六")]),
        ("Cough for six days.", EN, [("GR-NUM", "warning", "six")]),
        # Drugs: not there, another dose, another frequency, another route, stopped.
        ("口服阿托伐他汀", ZH, [("GR-DRUG", "warning", "阿托伐他汀")]),
        ("氨氯地平 10mg 每日1次", ZH, [("GR-DOSE", "error", "10mg")]),
        ("二甲双胍 0.5g 每日2次", ZH, [("GR-DOSE", "error", "每日2次")]),
        ("Lisinopril 20 mg by mouth daily", EN, [("GR-DOSE", "error", "20 mg")]),
        ("Metformin 500 mg three times daily", EN, [("GR-DOSE", "error", "three times daily")]),
        ("Metformin 500 mg IV twice daily", EN, [("GR-DOSE", "error", "IV")]),
        ("继续服用阿司匹林", ZH, [("GR-DRUG", "error", "阿司匹林")]),
        # Allergies.
        ("无药物过敏史。", ZH, [("GR-NEG", "error", "药物过敏史")]),
        ("对头孢过敏", ZH, [("GR-DRUG", "warning", "头孢过敏")]),
        ("Allergies: none known. NKDA.", EN, [("GR-NEG", "error", "NKDA")]),
        # Denied and asserted.
        ("有胸痛", ZH, [("GR-NEG", "error", "胸痛")]),
        ("无发热", ZH, [("GR-NEG", "error", "发热")]),
        ("患有冠心病", ZH, [("GR-NEG", "error", "冠心病")]),
        ("She reports chest pain.", EN, [("GR-NEG", "error", "chest pain")]),
        ("否认头痛", ZH, [("GR-NEG", "warning", "头痛")]),
        # Another's disease.
        ("乳腺癌病史", ZH, [("GR-NEG", "error", "乳腺癌")]),
        # Diagnoses the note does not name.
        ("诊断：胆囊结石", ZH, [("GR-DX", "warning", "胆囊结石")]),
        ("Assessment: gout", EN, [("GR-DX", "warning", "gout")]),
        # Sides.
        ("左膝疼痛1周", ZH, [("GR-SIDE", "error", "左膝")]),
        ("左肺下叶斑片影", ZH, [("GR-SIDE", "error", "左肺")]),
        ("Pain in the left knee", EN, [("GR-SIDE", "error", "left knee")]),
        # Dates, and the patient.
        ("2024-03-06于外院就诊", ZH, [("GR-DATE", "error", "2024-03-06")]),
        ("2019年1月2日手术", ZH, [("GR-DATE", "warning", "2019年1月2日")]),
        ("女，78岁", ZH, [("GR-PATIENT", "error", "78岁")]),
        ("患者男性，67岁", ZH, [("GR-PATIENT", "error", "男")]),
    ],
)  # fmt: skip
def test_what_the_note_does_not_say_is_found(draft, note, expected) -> None:
    assert [each for each in found(draft, note) if each in expected] == expected
    # Nothing but what is wrong is pointed at.
    assert len(found(draft, note)) == len(expected)


@pytest.mark.parametrize(
    ("draft", "note"),
    [
        # Ordinals are no statement.
        ("1. 咳嗽\n2、发热\n（3）咯黄痰\n（12）高血压", ZH),
        ("7. Cough\n8) Fever", EN),
        # The same in another form.
        ("体温３７．９°C，血压148/76 mmHg", ZH),
        ("WBC 15.2×109/L", ZH),
        ("二甲双胍 500mg tid", ZH),
        ("氨氯地平5毫克qd", ZH),
        ("格华止0.5g 一日三次", ZH),
        ("2024-03-05外院就诊", ZH),
        ("3月5日外院就诊", ZH),
        ("咳嗽五天，发热2日", ZH),
        ("Temperature 37.9 °C", EN),
        ("Hemoglobin 111 g/L", EN),
        ("Cough for 5 days since 3/5/2024", EN),
        # About as much.
        ("体温约38℃", ZH),
        # Within a range, one end of it.
        ("心率75次/分", "心率70~80次/分。"),
        ("病程3天", "病程3-5天。"),
        # A list under one denial.
        ("无胸痛", ZH),
        ("No chest pain.", EN),
        # What was only thought of is not looked up twice: no word on certainty.
        ("肺炎", ZH),
        # Spoken of as a condition: may be or not.
        ("无呼吸困难", ZH),
        # The family's, said to be the family's.
        ("母亲患乳腺癌", ZH),
        # The past and the present of one disease.
        ("高血压", ZH),
        # Names with digits.
        ("2型糖尿病，HbA1c待查，COVID-19阴性", "2型糖尿病。COVID-19阴性。"),
        # A class of drugs, a stopped drug said to be stopped, an allergy in other words.
        ("降压药治疗", ZH),
        ("停用阿司匹林", ZH),
        ("青霉素过敏", ZH),
        # A draft in the other language, by the tables' names.
        ("Cough, fever; amlodipine 5 mg once daily. Allergic to penicillin.", ZH),
        ("Hypertension for 10 years.", ZH),
        ("咳嗽、发热，赖诺普利 10mg 每日1次，右膝疼痛，青霉素过敏", EN),
        # Drugs named for a side are on none.
        ("左氧氟沙星", "口服左氧氟沙星。双膝疼痛。"),
        # A week is seven days.
        ("右膝疼痛7天", ZH),
        # How many were left out is the draft's own count.
        ("等 3 项", ZH),
    ],
)  # fmt: skip
def test_what_the_note_says_in_other_words_is_left_alone(draft, note) -> None:
    assert found(draft, note) == []


def test_a_finding_says_what_the_note_says_and_where() -> None:
    (finding,) = ground("WBC 16.2×10^9/L", parse_note(ZH))
    line = ZH[: ZH.index("WBC")].count("\n") + 1
    assert finding.message("zh") == f"“16.2”与记录不符：第{line}行写的是“WBC 15.2×10^9/L”，请核对"
    assert f"line {line}" in finding.message("en")
    (related,) = finding.related
    assert ZH[slice(*related.span)] == "WBC 15.2×10^9/L"


def test_every_rule_is_worded_in_both_languages_as_a_suggestion() -> None:
    words = table()
    assert words.absent.keys() == words.other.keys()
    for rule in (*words.absent.values(), *words.other.values()):
        assert "请核对" in rule.text.zh
        assert "please check" in rule.text.en
        assert not any(word in rule.text.zh for word in ("必须", "应予"))


def test_advice_is_held_only_against_this_patient() -> None:
    note = parse_note(ZH)
    advice = "建议左氧氟沙星 0.5g 每日1次，3天后复查；血糖控制在7.0mmol/L以下；"
    advice += "患者目前氨氯地平 10mg 每日1次"
    everything = {each.rule.id for each in ground(advice, note)}
    assert {"GR-DRUG", "GR-DOSE"} <= everything
    told = ground(advice, note, advice=[Span(0, len(advice))])
    assert [(each.rule.id, advice[slice(*each.span)]) for each in told] == [("GR-DOSE", "10mg")]


def test_what_is_skipped_and_what_is_outside_the_span_is_not_reported() -> None:
    text = "WBC 16.2×10^9/L，Hb 99g/L"
    note = parse_note(ZH)
    assert ground(text, note, skip=[Span(0, len(text))]) == ()
    second = Span(text.index("Hb"), len(text))
    assert [text[slice(*each.span)] for each in ground(text, note, span=second)] == ["99"]


def test_a_question_of_a_dialogue_asserts_nothing() -> None:
    note = "Doctor: Any fever?\nPatient: No.\nDoctor: Any cough?\nPatient: Yes, for 3 days.\n"
    assert found("No fever. Cough for 3 days.", note) == []


# --- Drafts, in the preview and in the note ---


def _inserted(body: str, task: str = "case-summary", note: str = ZH) -> str:
    first = markers.opening("zh", "病例总结", task, "skeleton 0.1.0", "1a2b3c4d")
    return f"{note}{first}\n{body}\n{markers.closing('zh', '1a2b3c4d')}\n"


def test_a_draft_in_a_note_is_held_against_the_record_alone() -> None:
    text = _inserted("主诉：咳嗽8天\n辅助检查：WBC 16.2×10^9/L，WBC 16.2×10^9/L")
    told = block_findings(parse_note(text))
    assert [(each.rule.id, text[slice(*each.span)]) for each in told] == [
        ("GR-NUM", "8"),
        ("GR-LAB", "16.2"),
        ("GR-LAB", "16.2"),
    ]
    # Its places are those of the note, also behind a draft that stands in the middle.
    middle = ZH.index("体格检查")
    head, tail = ZH[:middle], ZH[middle:]
    text = _inserted("辅助检查：WBC 16.2×10^9/L", note=head) + tail
    (finding,) = block_findings(parse_note(text))
    assert text[slice(*finding.related[0].span)] == "WBC 15.2×10^9/L"
    line = text[: text.index("WBC 15.2")].count("\n") + 1
    assert finding.fields["line"] == str(line)


def test_what_is_typed_in_a_draft_is_looked_up_anew() -> None:
    note = parse_note(_inserted("主诉：咳嗽5天"))
    assert block_findings(note) == ()
    at = str(note.text).index("5天\n〔") if "5天\n〔" in str(note.text) else 0
    edited = note.edited(Span(at, at + 1), "6", 1)
    (finding,) = block_findings(edited)
    assert edited.slice(finding.span) == "6"


def test_gaps_and_titles_of_a_draft_say_nothing() -> None:
    body = "停用或不要用的药：氨氯地平 5mg 每日1次\n复诊：［待补充：3天内，胆囊结石］"
    assert block_findings(parse_note(_inserted(body, "discharge-instruction"))) == ()


def test_parts_that_advise_are_no_record() -> None:
    body = "用药监测：3天后复查，左氧氟沙星 0.5g 每日1次"
    assert block_findings(parse_note(_inserted(body, "medication-plan"))) == ()
    listed = "记录中的药物（缺项待补）：左氧氟沙星 0.5g 每日1次"
    assert block_findings(parse_note(_inserted(listed, "medication-plan"))) != ()


def test_diagnostics_and_hover_show_it_and_settings_switch_it_off() -> None:
    text = _inserted("辅助检查：WBC 16.2×10^9/L")
    note = parse_note(text)
    at = text.index("16.2")
    told = [each for each in diagnostics(Snapshot(note, "zh")) if each.code == "GR-LAB"]
    assert [(each.span, each.severity) for each in told] == [(Span(at, at + 4), "error")]
    assert [place.message for place in told[0].related] == ["记录中的原文"]
    over = hover(Snapshot(note, "zh"), at + 1)
    assert over is not None
    assert "与记录不符" in over.text
    assert over.span == Span(at, at + 4)
    off = Snapshot(note, "zh", checks=CheckOptions(disabled=frozenset({"GR-LAB"})))
    assert "GR-LAB" not in {each.code for each in diagnostics(off)}


def test_drafts_of_every_model_are_looked_up_before_they_are_inserted() -> None:
    asked = parse_note("主诉：咳嗽5天。\n")
    model = QueueModel(["既往史：2019年1月2日肿物5.5cm\n"] * 9)
    made = made_by(no_plugins(), "case-summary", asked, model=model)
    assert "GR-DATE" in {each.rule.id for each in made.findings}
    note = parse_note(ZH)
    opened = Opened("note.txt", note)
    (plain,) = make_drafts(opened, [builtin_registry().tasks[1]], "zh")
    assert plain.findings == ()


@pytest.mark.parametrize("task", [task.id for task in builtin_registry().tasks])
def test_the_skeletons_drafts_of_the_examples_have_no_findings(task) -> None:
    for entry in sorted(files("doctorflan_ls").joinpath("examples").iterdir(), key=str):
        if entry.name.endswith(".txt"):
            note = parse_note(entry.read_text(encoding="utf-8"))
            made = made_by(no_plugins(), task, note)
            assert [(each.rule.id, made.text[slice(*each.span)]) for each in made.findings] == []


def test_grounding_leaves_out_what_the_settings_switch_off() -> None:
    note = parse_note(ZH)
    made = made_by(no_plugins(), "case-summary", note)
    other = parse_note(ZH.replace("15.2", "14.2"))
    assert "GR-LAB" in {each.rule.id for each in grounded(made, other).findings}
    assert "GR-LAB" not in {each.rule.id for each in grounded(made, other, ["GR-LAB"]).findings}


# --- Properties ---

EXAMPLES = [
    entry.read_text(encoding="utf-8")
    for entry in sorted(files("doctorflan_ls").joinpath("examples").iterdir(), key=str)
    if entry.name.endswith(".txt")
]


@given(st.sampled_from(EXAMPLES), st.integers(0, 2**32))
def test_no_subset_of_a_notes_own_sentences_has_a_finding(text, seed) -> None:
    spans = list(sentences(text, 0, len(text)))
    rng = random.Random(seed)
    chosen = sorted(rng.sample(range(len(spans)), rng.randint(1, len(spans))))
    draft = "\n".join(text[slice(*spans[at])] for at in chosen)
    assert found(draft, text) == []


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_can_be_looked_up(draft, note) -> None:
    for each in ground(draft, parse_note(note)):
        assert 0 <= each.span.start < each.span.end <= len(draft)


# --- The readers ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3天", [(3, "d")]),
        ("三天", [(3, "d")]),
        ("十二小时", [(12, "h")]),
        ("two weeks", [(2, "wk")]),
        ("3-5天", [(3, "d"), (5, "d")]),
        ("WBC 15.2×10^9/L", [(15.2, "10^9/l")]),
        ("5.0×109／L", [(5.0, "10^9/l")]),
        ("100mgBID", [(100, "mg")]),
        ("HbA1c CA19-9 B12", []),
        ("T36.8", [(36.8, "")]),
        ("（1）咳嗽；（2）发热", []),
        ("1.5-2 litres", [(1.5, "l"), (2, "l")]),
        ("seventy-six years old", [(76, "age")]),
    ],
)
def test_numbers_are_read_with_their_units(text, expected) -> None:
    read = [(each.value, each.unit.name if each.unit else "") for each in amounts(text)]
    assert read == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2024-03-05", "2024年3月5日", True),
        ("3月5日", "2024.3.5", True),
        ("March 5, 2024", "5/3/2024", True),
        ("Mar 5", "2024-03-05", True),
        ("2024年3月", "2024-03-05", True),
        ("2024-03-06", "2024-03-05", False),
        ("08:05", "8:05", True),
        ("8:05", "8:15", False),
    ],
)
def test_dates_agree_as_far_as_they_say(one, other, same) -> None:
    (mine,), (theirs,) = dates(one), dates(other)
    assert agree(mine, theirs) is same


@pytest.mark.parametrize(
    ("written", "times"),
    [
        ("bid", 2),
        ("每日3次", 3),
        ("q8h", 3),
        ("twice daily", 2),
        ("every 6 hours", 4),
        ("qod", 0.5),
        ("饭后", None),
    ],
)
def test_frequencies_are_compared_as_times_a_day(written, times) -> None:
    assert per_day(written) == times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("右下肺湿啰音", [("right", "lung")]),
        ("左侧少量胸腔积液", [("left", "pleura")]),
        ("双下肢无水肿", [("both", "leg")]),
        ("两天前腹痛，约5cm左右", []),
        ("左甲状腺素钠片", []),
        ("the right lower leg; she left the hospital", [("right", "leg")]),
        ("bilateral knees", [("both", "knee")]),
    ],
)
def test_sides_are_read_with_their_organ(text, expected) -> None:
    assert [(each.side, each.organ) for each in sides(text)] == expected
