"""A language model's answer becomes a draft: structure, gaps, labels, and what is said of it."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from doctorflan_ls.answers import AnswerReader, Titles
from doctorflan_ls.models.base import Sampling, Stop
from doctorflan_ls.models.language import LanguageModel
from doctorflan_ls.models.skeleton.compose import compose
from doctorflan_ls.prompts import Turn
from doctorflan_ls.tasks.registry import builtin_tasks, get_task
from tests.scripted_chat import ScriptedChat, chunks, draft, prompt, said

ZH, EN = (
    files("doctorflan_ls").joinpath("examples", name).read_text(encoding="utf-8")
    for name in ("zh-chest-pain.txt", "en-soap-uti.txt")
)
LABEL = {"zh": "［模型建议，请核对］", "en": "[model's suggestion, please check] "}
TASK = get_task("differential-diagnosis")
ECHO = "只写下列各项，每项以标题和冒号开头。"


def read(text: str, size: int = 3, key: str = "") -> tuple[dict[str, str], bool]:
    reader = AnswerReader(Titles(TASK.elements), key, ("candidates", "settle"), (ECHO,))
    parts: dict[str, str] = {}
    for start in range(0, len(text), size):
        for piece in reader.push(text[start : start + size]):
            parts[piece.key] = parts.get(piece.key, "") + piece.text
        if reader.over:
            break
    for piece in reader.finish():
        parts[piece.key] = parts.get(piece.key, "") + piece.text
    return parts, reader.over


BOTH = {"candidates": "夹层\n肺栓塞", "settle": "查 CTA。"}


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("待鉴别：夹层\n肺栓塞\n\n鉴别要点与确认方法：查 CTA。", BOTH),
        ("**待鉴别**：夹层\n肺栓塞\n**鉴别要点与确认方法：** 查 CTA。", BOTH),
        ("### 待鉴别\n夹层\n肺栓塞\n### 鉴别要点与确认方法\n查 CTA。", BOTH),
        ("1. 待鉴别：夹层\n肺栓塞\n2. 鉴别要点与确认方法：查 CTA。", BOTH),
        ("一、待鉴别\n夹层\n肺栓塞\n二、鉴别要点和确认方法：查 CTA。", BOTH),
        ("（一）待鉴别：夹层\n肺栓塞\n（二）鉴别要点与确认方法：\n查 CTA。", BOTH),
        ("【待鉴别】夹层\n肺栓塞\n【鉴别要点与确认方法】查 CTA。", BOTH),
        ("待鑑別：夹层\n肺栓塞\n鑑別要點與確認方法：查 CTA。", BOTH),
        ("Candidates: 夹层\n肺栓塞\nHow to settle it - 查 CTA。", BOTH),
        ("candidates：夹层\n肺栓塞\nHOW TO SETTLE IT：查 CTA。", BOTH),
        ("1. 夹层\n肺栓塞\n2. 查 CTA。", BOTH),
        ('{"待鉴别": ["夹层", "肺栓塞"], "settle": "查 CTA。"}', BOTH),
        ('```json\n{"candidates": "夹层\\n肺栓塞", "settle": ["查 CTA。"]}\n```', BOTH),
        ("好的，以下是草稿：\n待鉴别：夹层\n肺栓塞\n鉴别要点与确认方法：查 CTA。", BOTH),
        (f"{ECHO}\n待鉴别：夹层\n肺栓塞\n鉴别要点与确认方法：查 CTA。", BOTH),
        (
            "<think>也许是\n待鉴别：错</think>待鉴别：夹层\n肺栓塞\n鉴别要点与确认方法：查 CTA。",
            BOTH,
        ),
        ("待鉴别：\n1.\n-\n夹层\n\n\n肺栓塞\n鉴别要点与确认方法：查 CTA。", BOTH),
        ("没有标题的一句话。\n第二句。", {"": "没有标题的一句话。\n第二句。"}),
        ("1. 一\n2. 二\n3. 三", {"": "1. 一\n2. 二\n3. 三"}),
        ('{"其他": 1, "settle": {"夹层": "CTA"}}', {"": "其他: 1", "settle": "夹层: CTA"}),
        ('{"待鉴别": "夹', {"candidates": '"夹'}),
        ("建议：请核对", {"": "建议：请核对"}),
        ("<think>没有想完", {}),
        ("", {}),
        ("a", {"": "a"}),
        ("待鉴别：a b c d a b c d", {"candidates": "a b c d a b c d"}),
    ],
)
def test_an_answer_is_read_into_its_parts_however_it_comes(text, parts, size) -> None:
    assert read(text, size) == (parts, False)


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("建议复查心电图。" * 30, "建议复查心电图。" * 2),
        ("先查血。" + "- 病史\n" * 30, "先查血。- 病史\n- 病史\n- 病史"),
        ("开头。" + "啊" * 200, "开头。" + "啊" * 15),
        ("请查。" + "1.\n" * 50, "请查。1."),
        ("Check the ECG. " * 9, "Check the ECG. Check the ECG. "),
    ],
)
def test_a_model_that_goes_round_in_circles_is_cut(text: str, shown: str, size: int) -> None:
    assert read(text, size, "settle") == ({"settle": shown}, True)


def test_blanks_stay_in_what_is_held_back_at_first() -> None:
    told = "She has had flank pain and chills since last night."
    reader = AnswerReader(Titles(TASK.elements), "settle", (), (), (told,))
    text = "She has had flank pain for a week. She has had flank pain and chills since last night."
    pieces = [piece.text for char in text for piece in reader.push(char)]
    pieces += [piece.text for piece in reader.finish()]
    assert "".join(pieces).rstrip() == "She has had flank pain for a week."


def test_different_sentences_with_the_same_words_are_no_circle() -> None:
    text = "".join(f"{n}. 第{n}天复查血常规和肝肾功能。\n" for n in range(1, 6))
    assert read(text, 4, "settle") == ({"settle": text.rstrip("\n")}, False)


@pytest.mark.parametrize("takes_lead", [True, False], ids=["guided", "free"])
@pytest.mark.parametrize("text", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("task", builtin_tasks(), ids=lambda task: task.id)
def test_a_model_adds_words_to_the_record_and_takes_nothing(task, text, takes_lead) -> None:
    asked = prompt(text, task.id)
    made = chunks(ScriptedChat("w1 x2 y3", takes_lead=takes_lead), asked)
    record = list(compose(asked))
    assert [c for c in made if c.evidence] == [c for c in record if c.evidence]
    whole = said(made)
    assert LABEL[asked.language] in whole
    for chunk in made:
        if any(word in chunk.text for word in ("w1", "x2", "y3")):
            assert not chunk.evidence
            assert not chunk.gap
    shown = {chunk.element for chunk in made}
    assert shown >= {chunk.element for chunk in record if chunk.element}
    titles = [each.title.in_(asked.language) for each in task.elements if not each.optional]
    places = [("\n" + whole).index("\n" + title) for title in titles]
    assert places == sorted(places) or not takes_lead
    assert "scripted" in whole.rsplit("\n", 1)[-1]


def test_a_guided_model_goes_on_from_each_title_and_from_what_it_said() -> None:
    chat = ScriptedChat(lambda _messages, lead: f"甲{lead.count('：')}", takes_lead=True)
    made = said(chunks(chat, prompt(ZH, "differential-diagnosis"), max_tokens=100))
    assert chat.leads == ["待鉴别：", "待鉴别：甲1\n鉴别要点与确认方法："]
    assert chat.shares == [50, 99]
    assert "待鉴别：［模型建议，请核对］甲1\n" in made
    assert "鉴别要点与确认方法：［模型建议，请核对］甲2\n" in made
    assert len({chat.asked[0], chat.asked[1]}) == 1


def test_a_part_that_went_round_in_circles_is_not_shown_to_the_model_again() -> None:
    chat = ScriptedChat("手术。" * 20, takes_lead=True)
    chunks(chat, prompt(ZH, "differential-diagnosis"))
    assert chat.leads == ["待鉴别：", "鉴别要点与确认方法："]


def test_a_guided_model_that_begins_the_next_part_is_stopped_there() -> None:
    text = "夹层。\n鉴别要点与确认方法：查 CTA。\n再说。"
    chat = ScriptedChat(text, takes_lead=True)
    made = said(chunks(chat, prompt(ZH, "differential-diagnosis")))
    assert "待鉴别：［模型建议，请核对］夹层。\n阳性发现" in made
    assert chat.ended == 2


def test_parts_out_of_order_and_what_was_left_out_are_all_there() -> None:
    text = "开场白。\n鉴别要点与确认方法：查 CTA。\n阴性发现：没有别的。"
    made = chunks(ScriptedChat(text), prompt(ZH, "differential-diagnosis"))
    whole = said(made)
    for words in ("开场白。", "鉴别要点与确认方法：［模型建议，请核对］查 CTA。", "没有别的。"):
        assert words in whole
    gaps = [chunk for chunk in made if chunk.gap]
    assert [gap.gap for gap in gaps] == ["candidates"]
    assert whole.index(gaps[0].text) > whole.index("没有别的。")
    assert "［模型没有给出内容：待鉴别］" in whole


@pytest.mark.parametrize("takes_lead", [True, False], ids=["guided", "free"])
@pytest.mark.parametrize(("text", "mark"), [(ZH, "［模型"), (EN, "[model")], ids=["zh", "en"])
@pytest.mark.parametrize("size", [1, 1000])
def test_every_line_of_a_model_says_whose_it_is(text, mark, takes_lead, size) -> None:
    # Words that look like the record's own lines, and line ends of every kind.
    answer = "w1.\n过敏史：w2\r\nVital signs: w3\u2028既往史：w4\n\n1. w5\rw6\x85w7\x0bw8\x0cw9"
    made = said(
        chunks(ScriptedChat(answer, takes_lead=takes_lead, size=size), prompt(text, TASK.id))
    )
    words = [line for line in made.splitlines() if re.search(r"\bw\d", line)]
    assert {found for line in words for found in re.findall(r"w\d", line)} == set(
        re.findall(r"w\d", answer)
    )
    assert all(mark in re.split(r"\bw\d", line)[0] for line in words)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_model_writes_no_evidence_marks(size) -> None:
    text = "无发热[3]、无胸痛 [1, 2]。见［4］〔5〕[6](x) [aVR] ![a][b] [12"
    shown = "无发热(3)、无胸痛 (1, 2)。见(4)(5)(6)(x) [aVR] [a] [b] [12"
    assert read(text, size, "settle") == ({"settle": shown}, False)


def test_an_answer_to_a_question_is_plain_words_with_a_label() -> None:
    asked = prompt(ZH, "treatment-plan")
    first = draft(chunks(ScriptedChat("甲"), asked), asked)
    again = prompt(ZH, "treatment-plan", Turn(first, "为什么？"))
    made = said(chunks(ScriptedChat("因为胸痛。\n药物治疗：不变。", takes_lead=True), again))
    assert made.startswith("［模型回答，请核对］因为胸痛。\n［模型］药物治疗：不变。\n注：")
    assert said(chunks(ScriptedChat(""), again)) == "［模型没有给出内容：全文］"


@pytest.mark.parametrize("takes_lead", [True, False], ids=["guided", "free"])
def test_an_answer_that_is_cut_says_so(takes_lead: bool) -> None:
    chat = ScriptedChat("很长的回答，说不完，" * 3 + "还有更多的内容要说", takes_lead=takes_lead)
    made = said(chunks(chat, prompt(EN, "triage"), max_tokens=4))
    assert (
        "[The model's answer ended at its length limit and may be incomplete: The model adds]"
        in made
    )


@pytest.mark.parametrize("takes_lead", [True, False], ids=["guided", "free"])
def test_an_empty_answer_says_so_and_leaves_the_gaps(takes_lead: bool) -> None:
    asked = prompt(ZH, "differential-diagnosis")
    made = chunks(ScriptedChat(" \n\n", takes_lead=takes_lead), asked)
    assert [chunk.gap for chunk in made if chunk.gap] == ["candidates", "settle"]
    assert said(made).endswith("［模型没有给出内容：待鉴别、鉴别要点与确认方法］")


@pytest.mark.parametrize("takes_lead", [True, False], ids=["guided", "free"])
def test_a_stop_ends_it_within_one_piece_and_closes_the_stream(takes_lead: bool) -> None:
    chat = ScriptedChat("字句" * 400, takes_lead=takes_lead, size=2)
    stop = Stop()
    pieces = LanguageModel(chat).generate(prompt(ZH, "triage"), Sampling(), stop)
    for piece in pieces:
        if "字" in piece.text:
            stop.set()
            break
    assert list(pieces) == []
    assert chat.ended == 1


@pytest.mark.parametrize("takes_lead", [True, False], ids=["guided", "free"])
def test_words_come_as_they_are_made_and_the_record_before_them(takes_lead: bool) -> None:
    chat = ScriptedChat("考虑以下几点值得核对的内容", takes_lead=takes_lead, size=1)
    made = chunks(chat, prompt(ZH, "triage"))
    words = [
        chunk.text for chunk in made if chunk.text and chunk.text in "考虑以下几点值得核对的内容"
    ]
    assert len(words) > 5
    assert made[0].text == "急诊征象："
    pieces = LanguageModel(chat).generate(prompt(ZH, "triage"), Sampling(), Stop())
    assert next(pieces).text == "急诊征象："
    assert len(chat.asked) == 1


def test_the_same_words_make_the_same_draft_however_they_come() -> None:
    text = "待鉴别：**夹层**\n\n肺栓塞 [1](x)\n鉴别要点与确认方法：查 CTA。查 CTA。"
    asked = prompt(ZH, "differential-diagnosis")
    drafts = {said(chunks(ScriptedChat(text, size=size), asked)) for size in (1, 2, 5, 500)}
    assert len(drafts) == 1


@pytest.mark.parametrize("takes_lead", [True, False], ids=["guided", "free"])
def test_a_sentence_of_the_note_is_no_answer(takes_lead: bool) -> None:
    told = "Since last night she has had right flank pain and chills."
    chat = ScriptedChat(f"1. {told} Consider an ultrasound.", takes_lead=takes_lead)
    made = said(chunks(chat, prompt(EN, "triage")))
    assert "please check] Consider an ultrasound." in made
    assert "Since last night" not in made


@pytest.mark.parametrize(
    ("text", "words", "warnings"),
    [
        (ZH, "可考虑阿莫西林 0.5g 口服。", ["0.5g", "阿莫西林"]),
        (ZH, "氨氯地平片 5mg 继续，血压 152/94 mmHg。", []),
        (
            EN,
            "Consider sulfamethoxazole 800 mg; recheck a temperature of 39.9 C.",
            ["sulfamethoxazole"],
        ),
        (EN, "Give sertraline 50mg and 12 units of insulin.", ["12 units"]),
        (EN, "Come back in 48 hours for 2 tests.", []),
        (EN, "Allergies: sulfa drugs (hives). Avoid sulfonamides.", []),
        (ZH, "患者对青霉素过敏，避免使用阿莫西林。", []),
    ],
)
def test_a_value_of_its_own_and_a_drug_against_an_allergy_are_pointed_out(
    text: str, words: str, warnings: list[str]
) -> None:
    made = said(chunks(ScriptedChat(words), prompt(text, "triage")))
    shown = [line for line in made.split("\n") if line.startswith(("［请核对：", "[Please check:"))]
    assert len(shown) == len(warnings)
    assert all(warning in line for warning, line in zip(warnings, shown, strict=True))
