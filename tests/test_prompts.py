"""What a language model is told: the note first, the task after it, long notes by their worth."""

from __future__ import annotations

from importlib.resources import files
from itertools import takewhile

import pytest

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.insertion import insert
from doctorflan_ls.lexicon import group, table
from doctorflan_ls.notes.headings import section_kinds
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.prompts import Prompt, Turn
from doctorflan_ls.prompts.fitting import CaseFitter
from doctorflan_ls.tasks.registry import builtin_tasks, get_task
from doctorflan_ls.text import Span
from tests.scripted_chat import ScriptedChat, chunks, draft, prompt, said

EXAMPLES = {
    language: files("doctorflan_ls").joinpath("examples", name).read_text(encoding="utf-8")
    for language, name in (("zh", "zh-chest-pain.txt"), ("en", "en-soap-uti.txt"))
}
LONG = (
    "主诉：胸痛3小时。\n"
    "现病史：{hpi}\n"
    "个人史：{social}\n"
    "过敏史：对青霉素过敏。\n"
    "家族史：父亲体健。\n"
    "体格检查：BP 150/90mmHg，心率98次/分。\n"
    "初步诊断：急性心肌梗死。\n"
)


def conversation(text: str, task: str, **chat: object):
    scripted = ScriptedChat("", **chat)
    made = chunks(scripted, prompt(text, task), max_tokens=200)
    return scripted, said(made)


@pytest.mark.parametrize("language", EXAMPLES)
def test_builtin_tasks_on_one_note_begin_alike_up_to_the_end_of_the_note(language: str) -> None:
    shown = {}
    for task in builtin_tasks():
        system, user = conversation(EXAMPLES[language], task.id)[0].asked[0]
        shown[task.id] = system.text + "\0" + user.text
    alike = (len(set(chars)) == 1 for chars in zip(*shown.values(), strict=False))
    length = sum(1 for _ in takewhile(bool, alike))
    common = shown["triage"][:length]
    fenced = common[common.index("\0") :]
    assert EXAMPLES[language].strip().splitlines()[-1] in fenced
    assert fenced.rstrip().endswith("=====") or "=====\n" in fenced[-80:]
    assert len(set(shown.values())) == len(builtin_tasks())


@pytest.mark.parametrize("language", EXAMPLES)
@pytest.mark.parametrize("task", builtin_tasks(), ids=lambda task: task.id)
def test_the_task_its_grounding_and_its_form_follow_the_note(task, language) -> None:
    chat, _ = conversation(EXAMPLES[language], task.id)
    asked = chat.asked[0][1].text
    order = [
        asked.index("<病例描述>：" if language == "zh" else "<Case description>:"),
        asked.index(EXAMPLES[language].strip().splitlines()[-1]),
        asked.index(table("prompts")["words"]["facts"][language]),
        asked.index(task.instruction.in_(language)),
        asked.index(table("prompts")["words"]["form"][language]),
    ]
    assert order == sorted(order)
    for element in task.elements:
        if element.knowledge:
            assert asked.rindex(element.title.in_(language)) > order[-1]


def test_what_the_data_names_exists() -> None:
    data = table("prompts")
    known = {kind.id for kind in section_kinds()} | {""}
    for ids in data["worth"].values():
        for name in ids:
            assert group(name[1:]) if name.startswith("@") else name in known, name
    for named in (data["suggest"], data["advice"]):
        for task, keys in named.items():
            assert set(keys) <= {element.key for element in get_task(task).elements}
    assert len(data["traditional"]["from"]) == len(data["traditional"]["to"])
    assert set(data["worth"]) == {
        "pre-diagnosis",
        "diagnosis",
        "treatment",
        "post-treatment",
        "any",
    }


def test_no_model_is_asked_for_what_only_a_record_can_say() -> None:
    told = ("allergy", "allergies", "conflicts", "labs", "values", "given", "stopped", "family")
    for keys in table("prompts")["suggest"].values():
        assert not set(keys) & set(told)


@pytest.mark.parametrize("phase", table("prompts")["worth"])
def test_a_long_note_keeps_what_matters_before_how_the_patient_lives(phase) -> None:
    text = LONG.format(hpi="患者胸痛。" * 400, social="饮酒。" * 2000)
    note = parse_note(text)
    case = CaseFitter(note, Span(0, len(text)), phase, "［略］").cut(700)
    assert len(case.text) <= 720
    for kept in ("胸痛3小时", "对青霉素过敏", "BP 150/90mmHg", "急性心肌梗死", "现病史：患者胸痛"):
        assert kept in case.text
    assert {part.name: part.begun for part in case.left_out}["现病史"] is True
    assert "个人史" in {part.name for part in case.left_out}
    # What is kept stands in the note's own order, cut at a sentence's end.
    assert case.text.index("主诉") < case.text.index("现病史") < case.text.index("过敏史")
    assert "患者胸痛。\n［略］" in case.text


@pytest.mark.parametrize("limit", [0, 1, 50, 500, 5000])
def test_a_cut_is_never_longer_than_asked_and_names_all_it_lacks(limit: int) -> None:
    text = LONG.format(hpi="患者胸痛。" * 100, social="饮酒。" * 100)
    note = parse_note(text)
    case = CaseFitter(note, Span(0, len(text)), "diagnosis", "").cut(limit)
    assert len(case.text.replace("\n", "")) <= limit
    for heading in ("主诉", "个人史", "家族史", "初步诊断"):
        assert (heading in case.text) or heading in {part.name for part in case.left_out}


@pytest.mark.parametrize(("context", "words"), [(2000, 4000), (4000, 30_000), (3000, 400_000)])
def test_the_conversation_fits_the_context_and_the_draft_says_what_is_missing(
    context: int, words: int
) -> None:
    text = LONG.format(hpi="患者胸痛。" * 20, social="饮酒。" * (words // 3))
    chat, made = conversation(text, "differential-diagnosis", context=context)
    assert chat.count(chat.asked[0]) <= context - 200
    assert made.startswith("［病历过长，下列部分未交给模型：个人史（部分）")
    assert "急性心肌梗死" in chat.asked[0][1].text
    # A token is a character here: a note of a megabyte is not counted whole, and nothing often.
    assert len(chat.counted) <= 9
    assert max(chat.counted) <= context * 10


def test_a_note_of_many_short_parts_fits_too() -> None:
    text = LONG.format(hpi="患者胸痛。", social="饮酒。") * 2000
    chat, made = conversation(text, "differential-diagnosis", context=6000)
    assert chat.count(chat.asked[0]) <= 6000 - 200
    assert chat.count(chat.asked[0]) > 6000 * 0.6
    assert made.startswith("［病历过长")
    assert len(made.split("\n")[0]) < 200


def test_a_note_that_fits_is_given_whole_and_counted_once() -> None:
    chat, made = conversation(EXAMPLES["en"], "triage", context=20_000)
    assert len(chat.counted) == 1
    assert EXAMPLES["en"].strip() in chat.asked[0][1].text
    assert "too long" not in made


def test_tasks_of_a_phase_get_the_same_part_of_a_long_note() -> None:
    text = LONG.format(hpi="患者胸痛。" * 20, social="饮酒。" * 9000)
    shown = []
    for task in ("differential-diagnosis", "next-examinations", "definitive-diagnosis"):
        user = conversation(text, task, context=8000)[0].asked[0][1].text
        shown.append(user[: user.index("病历结束")])
    assert len(set(shown)) == 1


def test_a_context_too_small_for_any_of_it_is_refused_in_one_line() -> None:
    with pytest.raises(ModelUnavailable) as raised:
        conversation(EXAMPLES["zh"], "triage", context=300)
    assert raised.value.key == "prompt.context-too-small"
    assert "300" in raised.value.user_message("zh")


def test_a_selection_in_one_section_is_what_the_question_is_about() -> None:
    text = EXAMPLES["zh"]
    at = text.index("氨氯地平片")
    chat = ScriptedChat("")
    chunks(chat, prompt(text, "medication-inquiry", span=Span(at, at + 5)))
    shown = chat.asked[0][1].text
    assert "所问的是病历中的这一段：氨氯地平片" in shown
    assert "肌钙蛋白I 1.85ng/mL" in shown


def test_later_turns_follow_in_order_behind_an_unchanged_beginning() -> None:
    first = prompt(EXAMPLES["zh"], "treatment-plan")
    chat = ScriptedChat("甲")
    one = draft(chunks(chat, first), first)
    turn = Turn(one, "剂量呢？")
    two = draft(chunks(chat, prompt(EXAMPLES["zh"], "treatment-plan", turn)), first)
    chunks(chat, prompt(EXAMPLES["zh"], "treatment-plan", Turn(two, "随访呢？", turn)))
    before, after, last = chat.asked
    assert before == after[:2] == last[:2]
    assert after == last[:4]
    assert [message.role for message in last[2:]] == ["assistant", "user", "assistant", "user"]
    assert "剂量呢？" in last[3].text
    assert "随访呢？" in last[5].text


def test_the_digest_of_a_prompt_counts_the_whole_chain() -> None:
    asked = prompt(EXAMPLES["zh"], "treatment-plan")
    one = draft(chunks(ScriptedChat("甲"), asked), asked)
    digests = {
        prompt(EXAMPLES["zh"], "treatment-plan", turn).digest()
        for turn in (None, Turn(one, "a"), Turn(one, "b"), Turn(one, "b", Turn(one, "a")))
    }
    assert len(digests) == 4
    assert prompt(EXAMPLES["zh"], "triage").digest() != asked.digest()


def test_front_matter_reaches_no_model_and_no_draft() -> None:
    record = "主诉：咳嗽3天\n现病史：3天前受凉后咳嗽。\n"
    front = "---\ndoc_type: 入院记录\nother_notes:\n  - {text: 左肾结石2年}\n---\n"
    for text in (front + record, front):
        scripted, answer = conversation(text, "case-summary")
        asked = "".join(each.text for turn in scripted.asked for each in turn)
        assert "左肾结石" not in asked + answer
        assert ("咳嗽3天" in asked) == (record in text)
    note = parse_note(front + record)
    task = get_task("case-summary")
    assert Prompt(task, note, Span(0, 3), "zh").case() == ""
    made = draft((), prompt(front + record, "case-summary"))
    assert insert(note, made, task, 0).span.start >= len(front)
