"""The skeleton model: grounded, complete in structure, inventing nothing; golden drafts.

``UPDATE_GOLDEN=1 python -m pytest tests/test_skeleton.py`` writes the golden drafts anew.
"""

import os
import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctorflan_ls.lexicon import table
from doctorflan_ls.models.base import Sampling, Stop
from doctorflan_ls.models.skeleton import SkeletonModel
from doctorflan_ls.models.skeleton.selectors import parse
from doctorflan_ls.notes import markers
from doctorflan_ls.notes.headings import section_kinds
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.registry import builtin_tasks, get_task
from doctorflan_ls.text import Span

EXAMPLES = sorted(
    entry.name
    for entry in files("doctorflan_ls").joinpath("examples").iterdir()
    if entry.name.endswith(".txt")
)
TASKS = [task.id for task in builtin_tasks()]
GOLDEN = Path(__file__).parent / "golden"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def example(name):
    return files("doctorflan_ls").joinpath("examples", name).read_text(encoding="utf-8")


def chunks(text, task, language=None, span=None):
    note = parse_note(text)
    span = span or Span(0, len(note.text))
    prompt = Prompt(get_task(task), note, span, language or note.language)
    return list(SkeletonModel().generate(prompt, Sampling(), Stop()))


def draft(text, task, language=None, span=None):
    return "".join(chunk.text for chunk in chunks(text, task, language, span))


def part(text, title):
    """The lines of a draft under the title."""
    head = text.index(title)
    rest = text[head + len(title) :]
    return re.split(r"\n(?!\d+\. )", rest)[0]


@pytest.mark.parametrize("task", builtin_tasks(), ids=TASKS)
def test_every_selector_of_every_task_is_known(task):
    sources = [source for element in task.elements for source in element.sources]
    assert sources
    for source in sources:
        assert parse(source)


@pytest.mark.parametrize("task", builtin_tasks(), ids=TASKS)
def test_every_section_cue_and_word_of_a_task_file_is_known(task):
    known = {kind.id for kind in section_kinds()}
    words = table("skeleton")
    asked = [one for each in task.elements for source in each.sources for one in parse(source)]
    sections = set(task.sections)
    for selector in asked:
        argument, options = selector.query.argument, selector.query.options
        sections.update(option for key in ("in", "out") for option in listed(options.get(key, "")))
        if selector.name == "section":
            sections.update(listed(argument))
        if selector.name == "cue":
            assert {argument, *listed(options.get("but", ""))} <= words["cues"].keys()
        assert set(listed(options.get("label", ""))) <= words["words"].keys()
    assert {name[1:] for name in sections if name.startswith("@")} <= words["groups"].keys()
    assert {name for name in sections if not name.startswith("@")} <= known


def listed(names):
    return [name for name in names.split(",") if name]


@pytest.mark.parametrize("source", ["nowhere:x", "section", "facts:lab?flag", "labs:?lmit=2"])
def test_bad_selector(source):
    with pytest.raises(ValueError, match=r"selector|option"):
        parse(source)


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("task", TASKS)
def test_numbers_of_a_statement_stand_in_its_evidence(name, task):
    text = example(name)
    for chunk in chunks(text, task):
        if chunk.evidence and not chunk.gap:
            said = " ".join(text[span.start : span.end] for span in chunk.evidence)
            known = NUMBER.findall(said)
            assert all(number in known for number in NUMBER.findall(chunk.text)), chunk


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("task", TASKS)
def test_every_required_element_is_answered_or_a_gap(name, task):
    language = parse_note(example(name)).language
    text = draft(example(name), task)
    for element in get_task(task).elements:
        if not element.optional:
            assert element.title.in_(language) in text
        if element.knowledge:
            assert element.ask.in_(language) in text


@pytest.mark.parametrize("task", TASKS)
def test_an_empty_note_gives_gaps_and_nothing_stated(task):
    found = chunks("", task)
    assert any(chunk.gap for chunk in found)
    assert not any(chunk.evidence for chunk in found)


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="主诉现病史：发热咳嗽无否认过敏青霉素，。\n 123mgBP/abc:.", max_size=120),
    st.data(),
)
def test_any_text_gives_spans_inside_the_text(text, data):
    task = data.draw(st.sampled_from(TASKS))
    for chunk in chunks(text, task):
        for span in chunk.evidence:
            assert 0 <= span.start < span.end <= len(text)


def test_stops_between_chunks():
    note = parse_note(example("zh-pneumonia.txt"))
    stop = Stop()
    prompt = Prompt(get_task("case-summary"), note, Span(0, len(note.text)), "zh")
    running = SkeletonModel().generate(prompt, Sampling(), stop)
    next(running)
    stop.set()
    assert list(running) == []


def test_the_same_note_gives_the_same_draft():
    text = example("en-soap-uti.txt")
    assert draft(text, "case-summary") == draft(text, "case-summary")


def test_labels_in_the_asked_language_quotes_in_the_notes():
    text = draft(example("zh-pneumonia.txt"), "case-summary", "en")
    assert "Chief complaint: 咳嗽、咳痰5天，发热2天" in text


PENICILLIN = """入院记录
主诉：咽痛1天。
既往史：对青霉素过敏。
诊疗计划：{plan}
"""


@pytest.mark.parametrize(
    ("plan", "conflict"),
    [
        ("阿莫西林胶囊 0.5g 口服 每日3次。", True),
        ("青霉素 80万单位 肌注 每日2次。", True),
        ("布洛芬片 0.2g 口服 必要时。", False),
    ],
)
def test_drug_against_allergy(plan, conflict):
    text = draft(PENICILLIN.format(plan=plan), "contraindication-check")
    assert ("请核对" in part(text, "药物与过敏：")) is conflict
    assert ("未见重合" in text) is not conflict


def test_allergy_not_recorded_is_said_and_is_not_none():
    note = "主诉：咽痛1天。\n诊疗计划：阿莫西林胶囊 0.5g 口服 每日3次。\n"
    answer = part(draft(note, "contraindication-check"), "药物与过敏：")
    assert "未提及" in answer
    assert "未见重合" not in answer


def test_denied_allergy_is_quoted():
    note = "主诉：咽痛1天。\n既往史：否认药物过敏史。\n"
    assert "否认药物过敏史" in part(draft(note, "case-summary"), "过敏史：")


def test_medication_plan_asks_for_what_a_drug_lacks_and_fills_nothing():
    note = "主诉：胸闷1周。\n诊疗计划：阿司匹林 100mg 每日1次。\n"
    lines = part(draft(note, "medication-plan"), "记录中的药物（缺项待补）：")
    assert "阿司匹林 100mg 每日1次" in lines
    assert "［待补充：途径］" in lines


def test_answered_questions_are_not_asked():
    asked = draft(example("zh-pneumonia.txt"), "inquiry-prompts")
    assert "过敏表现" not in asked
    assert "诱因" not in asked
    assert "家族中有无" in asked


def test_menstruation_is_asked_of_women_of_fitting_age_only():
    woman = "性别：女  年龄：30岁\n主诉：腹痛1天。\n"
    assert "末次月经" in draft(woman, "inquiry-prompts")
    assert "末次月经" not in draft(woman.replace("女", "男"), "inquiry-prompts")
    assert "末次月经" not in draft(woman.replace("30", "70"), "inquiry-prompts")


def test_abnormal_results_come_first():
    note = "主诉：乏力1周。\n辅助检查：PLT 210×10^9/L，Hb 70g/L。\n"
    answer = part(draft(note, "case-summary"), "辅助检查：")
    assert answer.index("Hb 70g/L ↓") < answer.index("PLT")


def test_a_selection_inside_a_section_is_the_focus():
    text = example("zh-pneumonia.txt")
    at = text.index("二甲双胍")
    answer = part(draft(text, "medication-inquiry", span=Span(at, at + 4)), "药物（记录原文）：")
    assert "二甲双胍" in answer
    assert "阿莫西林" not in answer


@pytest.mark.parametrize("name", ["zh-pneumonia", "en-soap-uti"])
@pytest.mark.parametrize("task", TASKS)
def test_golden(name, task):
    path = GOLDEN / f"{name}.{task}.md"
    text = draft(example(f"{name}.txt"), task) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


VISIT = """CHIEF COMPLAINT

Left ankle pain.

HISTORY OF PRESENT ILLNESS

A 44-year-old woman with a past medical history significant for gout and type 2 diabetes, who
presents with left ankle pain. She takes metformin 500 mg twice daily. She tried naproxen, which did
not help. She denies fever or calf swelling.

ASSESSMENT AND PLAN

Severe lateral ankle sprain.
• Medical Reasoning: She has tried naproxen without relief.
• Medical Treatment: Start celecoxib 100 mg twice daily. Stop naproxen.
• Specialist Referrals: We will refer her to physical therapy.

Diabetes type 2.
• Medical Treatment: Increase metformin to 850 mg twice daily.
"""


@pytest.mark.parametrize(
    ("task", "title", "lines"),
    [
        ("case-summary", "Diagnosis:", ["Severe lateral ankle sprain", "Diabetes type 2"]),
        ("differential-diagnosis", "Negative findings:", ["no fever, no calf swelling"]),
        ("surgical-plan", "Planned operation:", ["[to be added: operation, technique, side]"]),
        ("treatment-plan", "Physical and supportive therapy:", [": We will refer her to phys"]),
        (
            "discharge-instruction",
            "Your medicines:",
            [
                "1. celecoxib 100 mg twice daily (new)",
                "2. metformin 850 mg twice daily (increased)",
            ],
        ),
        ("discharge-instruction", "Medicines to stop or avoid:", [" naproxen (stopped)"]),
        ("medication-plan", "with what they lack:", ["the note also has 500 mg"]),
        ("case-summary", "Past history:", ["gout, type 2 diabetes"]),
        ("triage", "Emergency signs:", ["none of the listed", "vital signs are not recorded"]),
    ],
)
def test_english_visit(task, title, lines):
    answer = title + part(draft(VISIT, task), title)
    for line in lines:
        assert line in answer


@pytest.mark.parametrize(
    ("task", "title", "absent"),
    [
        ("discharge-instruction", "Your medicines:", "naproxen"),
        ("differential-diagnosis", "Positive findings:", "Examination"),
        ("treatment-plan", "Surgery and procedures:", "physical therapy"),
        ("case-summary", "Past history:", "ankle"),
    ],
)
def test_what_an_english_visit_does_not_say(task, title, absent):
    assert absent not in part(draft(VISIT, task), title)


NO_ALLERGY = (
    "Sore throat for 2 days.\n\nPMH: Nil\nDH: nil\nNKDA\n\nPlan:\n1. Push fluids and rest.\n"
)


@pytest.mark.parametrize(
    ("task", "title", "answer"),
    [
        ("case-summary", "Allergies:", " NKDA"),
        ("case-summary", "Past history:", " PMH: Nil"),
        (
            "discharge-instruction",
            "Medicines to stop or avoid:",
            " [to be added: medicines stopped]",
        ),
        (
            "contraindication-check",
            "Drugs checked:",
            " [to be added: drugs (none recognised in the note)]",
        ),
    ],
)
def test_no_allergy_and_no_drug(task, title, answer):
    assert part(draft(NO_ALLERGY, task), title) == answer


@pytest.mark.parametrize(
    ("allergy", "drug", "said"),
    [
        ("penicillin", "amoxicillin", "same class"),
        ("penicillin", "cefalexin", "related beta-lactam"),
        ("penicillin", "aztreonam", "no listed drug matches"),
        ("sulfa drugs", "trimethoprim", "no listed drug matches"),
        ("sulfa drugs", "trimethoprim-sulfamethoxazole", "same class"),
        ("erythromycin", "clindamycin", "no listed drug matches"),
    ],
)
def test_classes_of_allergens(allergy, drug, said):
    note = f"Allergies: {allergy}.\n\nPlan:\nStart {drug} twice daily.\n"
    assert said in part(draft(note, "contraindication-check"), "Drugs against allergies:")


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("Take 500 mg of metformin twice daily.", "metformin twice daily 500 mg"),
        ("If the swab is positive, start amoxicillin 500 mg.", "(new; if the swab is positive)"),
        ("Taper prednisone to 5 mg daily.", "prednisone 5 mg daily (reduced)"),
    ],
)
def test_english_drug_line(plan, said):
    note = f"Chief complaint: sore throat.\n\nPlan:\n{plan}\n"
    assert said in part(draft(note, "treatment-plan"), "Drugs:")


REPLACED = """HISTORY OF PRESENT ILLNESS

She takes omeprazole 20 mg daily for heartburn and amlodipine 5 mg daily. Last year she was treated
with ranitidine.

PLAN

Stop omeprazole and start lansoprazole 30 mg daily.
"""


@pytest.mark.parametrize(
    ("task", "title", "answer"),
    [
        (
            "discharge-instruction",
            "Your medicines:",
            [
                "1. lansoprazole 30 mg daily (new)",
                "2. amlodipine 5 mg daily (taken so far; the plan",
            ],
        ),
        ("discharge-instruction", "Medicines to stop or avoid:", [" omeprazole (stopped)"]),
        (
            "case-summary",
            "Past history:",
            ["omeprazole 20 mg daily (stopped), amlodipine 5 mg daily"],
        ),
        ("contraindication-check", "Drugs checked:", ["ranitidine (earlier)"]),
    ],
)
def test_a_drug_that_is_replaced(task, title, answer):
    told = part(draft(REPLACED, task), title)
    for line in answer:
        assert line in told


def test_a_drug_that_is_replaced_is_not_to_be_taken():
    assert "omeprazole" not in part(draft(REPLACED, "discharge-instruction"), "Your medicines:")


@pytest.mark.parametrize(
    ("plan", "planned"),
    [
        ("She will wear a surgical shoe for a month.", False),
        ("Surgery is not needed.", False),
        ("We will proceed with surgery on the left foot.", True),
        ("Scheduled for knee arthroscopy.", True),
        ("Referred for colonoscopy.", False),
    ],
)
def test_planned_operation(plan, planned):
    note = f"Chief complaint: pain.\n\nPlan:\n{plan}\n"
    answer = part(draft(note, "surgical-plan"), "Planned operation:")
    assert ("[to be added" not in answer) is planned


def test_the_rule_of_an_emergency_sign_is_shown():
    note = "CC: short of breath.\n\nVITAL SIGNS: RR 28, SpO2 88%.\n"
    answer = part(draft(note, "triage"), "Emergency signs:")
    assert "RR 28 (≥ 25: NEWS2, RCP 2017)" in answer
    assert "SpO2 88% (≤ 91: NEWS2, RCP 2017)" in answer
    assert "[to be added: temperature, pulse, blood pressure]" in answer


def test_the_impression_of_a_report_is_no_diagnosis():
    note = (
        "RESULTS\n\nChest x-ray.\nImpression: Enlarged heart.\n\n"
        "ASSESSMENT\n\n• Acute bronchitis\n• Newly found cardiomegaly\n"
    )
    answer = part(draft(note, "initial-diagnosis"), "Initial diagnosis:")
    assert answer == "\n1. Acute bronchitis\n2. Newly found cardiomegaly"


ORDER = re.compile(
    r"应予|诊断为|必须|务必|严禁|应立即"
    r"|\b(?:must|you should|start taking|stop taking|do not take)\b",
    re.IGNORECASE,
)


def shown(value):
    """Every string a user may see in a data file: what stands under ``zh`` and ``en``."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("zh", "en") and isinstance(inner, str):
                yield inner
            elif key != "instruction":  # what a model is asked, not what a doctor is told
                yield from shown(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from shown(inner)


def test_nothing_shown_is_an_order():
    data = files("doctorflan_ls").joinpath("data")
    tasks = files("doctorflan_ls").joinpath("tasks", "data")
    read = 0
    for folder, names in (
        (data, ("skeleton.toml", "messages.toml", "rules/basic.toml", "inquiry.toml")),
        (tasks, tuple(each.name for each in tasks.iterdir() if each.name.endswith(".toml"))),
    ):
        for name in names:
            table = tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8"))
            for words in shown(table):
                read += 1
                assert not ORDER.search(words), f"{name}: {words}"
    assert read > 400


ANNUAL = """HISTORY OF PRESENT ILLNESS

She takes a blood pressure medication every morning and had the influenza vaccine in October. She
was on bisoprolol 2.5 mg daily. Denies palpitations, hearing loss, or fainting spells.

CURRENT MEDICATIONS

Bisoprolol 5 mg daily.

PHYSICAL EXAM

Stiff neck on flexion. Heart regular.

ASSESSMENT AND PLAN

Colon cancer.
• Medical Treatment: Start loperamide 2 mg as needed.

No evidence of recurrent disease.
• Additional Testing: CT abdomen now.
"""


@pytest.mark.parametrize(
    ("task", "title", "said", "unsaid"),
    [
        ("case-summary", "Past history:", "bisoprolol 5 mg daily", "vaccine"),
        ("case-summary", "Diagnosis:", "colon cancer", "recurrent"),
        ("case-summary", "Advice:", "ct abdomen now", "recurrent"),
        ("next-examinations", "Planned in the note:", "ct abdomen now", "loperamide"),
        ("initial-diagnosis", "Basis: examination:", "stiff neck on flexion", "regular"),
        ("initial-diagnosis", "Negative findings to weigh:", "no hearing loss", "bisoprolol"),
        (
            "medication-plan",
            "with what they lack:",
            "blood pressure medication every morning [to be added: which drug, and how]",
            "vaccine",
        ),
        ("discharge-instruction", "Your medicines:", "the note also has 2.5 mg", "vaccine"),
    ],
)
def test_an_annual_visit(task, title, said, unsaid):
    answer = part(draft(ANNUAL, task), title).casefold()
    assert said in answer
    assert unsaid not in answer


def test_a_drug_named_twice_is_one_line_with_the_newest_dose():
    answer = part(draft(ANNUAL, "medication-plan"), "with what they lack:").casefold()
    assert answer.count("bisoprolol") == 1
    assert "bisoprolol 5 mg daily" in answer


@pytest.mark.parametrize("task", ["treatment-plan", "discharge-instruction", "postoperative-care"])
def test_the_english_allergy_warning_stands_on_the_line_of_the_drug(task):
    note = "Allergies: ibuprofen.\n\nPlan:\nStart naproxen 250 mg twice daily.\n"
    lines = [line for line in draft(note, task).split("\n") if "250 mg" in line]
    warning = "(please check: allergy to ibuprofen recorded, the same class)"
    assert any("naproxen" in line and warning in line for line in lines)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Denies fever, hearing loss, or weakness.", " no fever, no hearing loss, no weakness"),
        ("Denies numbness in his hand, fingers, or thumb.", " no numbness"),
        ("Denies weight gain or loss.", " no weight gain"),
    ],
)
def test_the_items_of_a_denial(said, answer):
    note = f"CC: headache x 2 days\n\nHPI: Headache for 2 days. {said}\n"
    assert part(draft(note, "initial-diagnosis"), "Negative findings to weigh:") == answer


def test_a_sentence_that_denies_a_recurrence_is_no_diagnosis():
    note = "ASSESSMENT\n\n1. No evidence of recurrent disease.\n2. Gout, no evidence of tophi.\n"
    answer = part(draft(note, "initial-diagnosis"), "Initial diagnosis:")
    assert answer == " Gout, no evidence of tophi"


def test_a_denied_allergen_is_told_with_its_denial() -> None:
    note = "ALLERGIES: She denies any other allergies to include penicillins, foods or latex.\n"
    text = draft(note, "case-summary")
    assert "Allergies: latex" not in text
    assert "denies any other allergies" in text


@pytest.mark.parametrize("task", TASKS)
def test_a_marker_that_lost_its_draft_is_quoted_by_no_draft(task):
    lone = markers.opening("zh", "病例总结", "case-summary", "skeleton", "37e36f02")
    text = f"主诉：头痛3天。\n现病史：头痛三天。\n{lone}\n伴恶心。\n诊疗计划：\n1. 休息。\n{lone}\n"
    assert "〔DoctorFLAN" not in draft(text, task)
