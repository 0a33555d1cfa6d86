"""Ghost text: what goes on from the cursor (``|``), and above all where nothing does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctorflan_ls.cli.examples import examples
from doctorflan_ls.engine import Engine, Job
from doctorflan_ls.features.inline_completion import filled, opening, quotes
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.lexicon import table
from doctorflan_ls.models.catalogue import load_model
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span

ZH = """\
主诉：反复胸痛2月。
现病史：2月前活动后胸痛，无咳血。停用阿托伐他汀钙片 20mg。
既往史：高血压病史10年，服用氨氯地平片 5mg 口服 每日1次。2015年行腹腔镜胆囊切除术。
否认肾功能衰竭。对青霉素过敏。
家族史：父亲患肺癌。
辅助检查：肌酐 88μmol/L，低密度脂蛋白胆固醇 4.2mmol/L。
初步诊断：冠状动脉粥样硬化性心脏病
"""
EN = """\
HISTORY OF PRESENT ILLNESS: Worsening cough. Denies hemoptysis. Father had lung cancer.
PAST MEDICAL HISTORY: Type 2 diabetes mellitus. Laparoscopic cholecystectomy in 2015.
MEDICATIONS:
- Metformin 500 mg by mouth twice daily
- Stopped atorvastatin 20 mg daily
ALLERGIES: Sulfa drugs (rash).
LABS: creatinine 0.9 mg/dL, hemoglobin 13.1 g/dL.
"""
OPENS = "〔DoctorFLAN 草稿 待审核｜a｜triage｜skeleton 1｜#ab12〕\n"
CLOSES = "〔DoctorFLAN 草稿结束｜#ab12〕\n"


def marked(text):
    assert text.count("|") == 1
    offset = text.index("|")
    return parse_note(text.replace("|", "")), offset


def offered(text):
    """What is added at the cursor, the best first."""
    note, offset = marked(text)
    ghosts = quotes(note, offset)
    for ghost in ghosts:
        assert ghost.span.end == offset
        typed = note.slice(ghost.span)
        assert ghost.text.startswith(typed)
    return [ghost.text[offset - ghost.span.start :] for ghost in ghosts]


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("诊疗计划：继续氨氯|", ["地平片 5mg 口服 每日1次"]),
        ("诊疗计划：继续氨氯地平|", ["片 5mg 口服 每日1次"]),
        ("诊疗计划：继续氨氯|，监测血压", ["地平片 5mg 口服 每日1次"]),
        ("诊疗计划：目前继续口服氨氯|", ["地平片 5mg 口服 每日1次"]),
        ("病例特点：肌酐|", [" 88μmol/L"]),
        ("病例特点：低密度|", ["脂蛋白胆固醇 4.2mmol/L"]),
        ("出院诊断：\n1. 冠状动脉|", ["粥样硬化性心脏病"]),
        ("诊疗计划：患者对青霉|", ["素过敏"]),
        ("病例特点：2015年行腹腔|", ["镜胆囊切除术"]),
    ],
)
def test_a_note_goes_on_with_its_own_words(typed, rest):
    assert offered(ZH + typed) == rest
    # Whatever is typed on of a ghost keeps the rest of it.
    for length in range(1, len(rest[0]) - 2):
        on = typed.replace("|", rest[0][:length] + "|")
        assert offered(ZH + on) == [rest[0][length:]], on


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("PLAN: continue met|", ["formin 500 mg by mouth twice daily"]),
        ("PLAN: Continue Metformin |", ["500 mg by mouth twice daily"]),
        ("ASSESSMENT: creat|", ["inine 0.9 mg/dL"]),
        ("ASSESSMENT: known type 2 dia|", ["betes mellitus"]),
    ],
)
def test_in_english_too(typed, rest):
    assert offered(EN + typed) == rest


@pytest.mark.parametrize(
    "typed",
    [
        # Too little, or nothing of the note.
        "诊疗计划：继续氨|",
        "诊疗计划：继续硝苯|",
        "诊疗计划：|",
        # Behind a negation, as a guess, of somebody else.
        "现病史：否认冠状动脉|",
        "现病史：不考虑冠状动脉|",
        "初步诊断：冠状动脉粥样硬化性心脏病？待排冠状动脉|",
        "家族史：母亲患冠状动脉|",
        "现病史：无青霉|",
        # What the note denies, or says of the family, or has stopped.
        "出院诊断：肾功能|",
        "出院诊断：肺癌|",
        "诊疗计划：阿托伐|",
        # A new value or dose, which the note does not hold.
        "辅助检查：肌酐|",
        "病程：今日复查肌酐|",
        "诊疗计划：停用氨氯|",
        "诊疗计划：将氨氯地平改为氨氯|",
        "诊疗计划：加量氨氯|",
        # In front of words.
        "诊疗计划：继续氨氯|地平",
        "诊疗计划：继续氨氯|  5mg",
        # A single character more is noise.
        "出院诊断：冠状动脉粥样硬化性心脏|",
        # A draft is not the doctor's.
        f"{OPENS}氨氯|\n{CLOSES}",
    ],
)
def test_nothing_where_it_is_not_certain(typed):
    assert offered(ZH + typed) == []


@pytest.mark.parametrize(
    "typed",
    [
        "PLAN: continue me|",
        "PLAN: continue xmet|",
        "PLAN: no type 2 dia|",
        "PLAN: stop metf|",
        "PLAN: increase met|",
        "PLAN: restart ator|",
        "ASSESSMENT: hemopt|",
        "ASSESSMENT: lung can|",
        "ASSESSMENT: repeat creat|",
        "RESULTS: creat|",
        "PLAN: prescribe sulfa|",
    ],
)
def test_nothing_in_english_where_it_is_not_certain(typed):
    assert offered(EN + typed) == []


def test_what_stands_in_a_draft_is_not_offered():
    draft = f"{OPENS}缬沙坦胶囊 80mg 口服 每日1次\n{CLOSES}"
    assert offered(ZH + draft + "诊疗计划：缬沙|") == []
    assert offered(ZH + draft.split("\n")[1] + "\n诊疗计划：缬沙|") == ["坦胶囊 80mg 口服 每日1次"]


def test_the_nearest_of_two_doses_comes_first():
    text = "用药史：美托洛尔片 25mg 口服 每日2次。\n" + ZH
    text += "目前用药：美托洛尔片 50mg 口服 每日2次。\n病例特点：美托|"
    assert offered(text) == ["洛尔片 50mg 口服 每日2次", "洛尔片 25mg 口服 每日2次"]


def test_the_longest_typed_comes_before_the_nearest():
    text = (
        "既往史：慢性阻塞性肺疾病。\n"
        + "现病史：咳嗽。\n" * 30
        + "初步诊断：1.肺疾病相关肺动脉高压\n"
    )
    found = offered(text + "出院诊断：慢性阻塞性肺|")
    assert found[0] == "疾病"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(examples())), st.data())
def test_a_ghost_never_says_what_the_note_does_not_hold(name, data):
    """At any place of a real note, with any words of it typed again."""
    text = examples()[name]
    at = data.draw(st.integers(0, len(text)))
    start = data.draw(st.integers(0, len(text) - 1))
    words = text[start : start + data.draw(st.integers(1, 12))].replace("\n", " ")
    note = parse_note(text[:at] + words + text[at:])
    typed = Span(at, at + len(words))
    for ghost in quotes(note, at + len(words)):
        wanted = re.sub(r"^\s+", "", ghost.text)
        # What the note holds beside what is being typed, which may make or break facts around it.
        facts = [fact.text for fact in note.facts if not fact.span.overlaps(typed)]
        assert wanted.count("（") == wanted.count("）"), ghost
        assert any(fact.lower() == wanted.lower() for fact in facts), ghost
        assert "\n" not in ghost.text


# At empty headings

CASE = """\
首次病程记录
主诉：发热、咳嗽3天。
现病史：3天前受凉后发热，体温最高38.9℃，咳嗽、咳黄痰。
既往史：高血压病史5年。对青霉素过敏。
体格检查：T 38.6℃，右下肺可闻及湿啰音。
辅助检查：WBC 13.2×10^9/L。
"""


@pytest.fixture(scope="module")
def engine():
    made = Engine(load_model)
    yield made
    made.close()


@pytest.fixture
def at_heading(engine):
    def ask(text):
        note, offset = marked(text)
        snapshot = Snapshot(note)
        opened = opening(snapshot, offset)
        if opened is None:
            return None
        case = opened.case
        prompt = Prompt(opened.task, case, Span(0, len(case.text)), note.language)
        ghost = filled(snapshot, opened, engine.run_sync(Job("ghost", prompt)))
        if ghost is not None:
            assert ghost.span == Span(offset, offset)
        return ghost and ghost.text

    return ask


def test_an_empty_heading_is_filled_from_the_rest(at_heading):
    text = at_heading(CASE + "诊断依据：|\n")
    first, *lines = text.split("\n")
    assert first == ""
    assert [line[:3] for line in lines] == [f"{n}. " for n in range(1, len(lines) + 1)]
    assert "发热" in lines[0]
    assert "T 38.6℃" in text
    assert "WBC 13.2×10^9/L" in text
    assert "待补充" not in text
    # On the line below the heading it begins at once.
    assert at_heading(CASE + "诊断依据：\n|") == text[1:]
    assert at_heading(CASE + "诊断依据：\n|\n\n初步诊断：肺炎\n") == text[1:]


def test_what_is_typed_of_it_keeps_the_rest(at_heading):
    whole = at_heading(CASE + "诊断依据：\n|")
    for length in range(1, len(whole)):
        assert at_heading(CASE + f"诊断依据：\n{whole[:length]}|") == whole[length:]
    assert at_heading(CASE + f"诊断依据：\n{whole}|") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CASE + "过敏史：|\n", "对青霉素过敏"),
        (EN.replace("ALLERGIES: Sulfa drugs (rash).\n", "") + "ALLERGIES:|\n", None),
        ("HPI: Allergic to penicillin (hives).\nALLERGIES:|\n", " Allergic to penicillin (hives)"),
    ],
)
def test_a_single_line_stands_behind_its_colon(at_heading, text, expected):
    assert at_heading(text) == expected


def test_line_ends_are_the_notes_own(at_heading):
    windows = at_heading((CASE + "诊断依据：|\n").replace("\n", "\r\n"))
    assert windows.replace("\r\n", "\n") == at_heading(CASE + "诊断依据：|\n")
    assert "\r\n1. " in windows


@pytest.mark.parametrize(
    "text",
    [
        # A gap would be in it.
        "主诉：发热3天。\n诊断依据：|\n",
        "主诉：发热3天。\n过敏史：|\n",
        CASE + "手术指征：|\n",
        # Something else is typed, or stands behind, or below.
        CASE + "诊断依据：患者|\n",
        CASE + "诊断依据：|\n老年男性。\n",
        CASE + "诊断依据|：\n",
        # Not of this section, and of none.
        CASE + "出院诊断：|\n",
        CASE + "诊疗计划：|\n",
        "|",
        "随便写写|",
        # A draft stands in it.
        CASE + f"诊断依据：|\n{OPENS}肺炎\n{CLOSES}",
    ],
)
def test_nothing_at_headings_that_the_note_does_not_fill(at_heading, text):
    assert at_heading(text) is None


@pytest.mark.parametrize("section", table("ghost")["sections"])
def test_the_table_names_sections_tasks_and_parts_that_there_are(section):
    plan = table("ghost")["sections"][section]
    assert section in {row["id"] for row in table("sections")["section"]}
    keys = {part.key for part in get_task(plan["task"]).elements if not part.knowledge}
    assert set(plan["elements"]) <= keys


def test_every_example_says_only_what_it_holds(at_heading):
    """Every planned heading at the end of every note: no gaps, a few lines, nothing twice."""
    headings = {
        "zh": ("病例特点：", "诊断依据：", "过敏史：", "诊疗经过："),
        "en": ("Hospital Course:",),
    }
    given_something = 0
    for text in examples().values():
        for heading in headings[parse_note(text).language]:
            ghost = at_heading(f"{text}\n\n{heading}|")
            if ghost is None:
                continue
            given_something += 1
            assert "待补充" not in ghost
            assert "to be added" not in ghost
            lines = [line for line in ghost.splitlines() if line]
            assert len(lines) == len(set(lines)) <= 8
    assert given_something > 8


@pytest.mark.parametrize(
    ("note", "typed", "rest"),
    [
        ("MEDICATIONS: Lisinopril 10 mg daily, stopped last week.\n", "PLAN: Lisi|", []),
        ("MEDICATIONS: Lisinopril 10 mg daily, held for AKI.\n", "PLAN: continue lisi|", []),
        (
            "MEDICATIONS: Lisinopril 10 mg daily, stopped metformin 500 mg daily.\n",
            "PLAN: continue lisi|",
            ["nopril 10 mg daily"],
        ),
        ("ASSESSMENT: Left femoral neck fracture.\n", "PLAN: repair of right femo|", []),
        (
            "ASSESSMENT: Left femoral neck fracture.\n",
            "PLAN: repair of left femo|",
            ["ral neck fracture"],
        ),
        ("LABS: Potassium 2.9 mmol/L.\n", "ASSESSMENT: after repletion potas|", []),
        ("LABS: Potassium 2.9 mmol/L.\n", "ASSESSMENT: new potas|", []),
        (
            "既往史：服用氨氯地平片 5mg 口服 每日1次，2周前停用阿司匹林肠溶片 100mg 口服。\n",
            "诊疗计划：继续氨氯|",
            ["地平片 5mg 口服 每日1次"],
        ),
        ("既往史：服用氨氯地平片 5mg 口服 每日1次，上周已停用。\n", "诊疗计划：继续氨氯|", []),
    ],
)
def test_a_stopped_drug_the_other_side_and_a_fresh_value_are_not_offered(note, typed, rest):
    assert offered(note + typed) == rest
