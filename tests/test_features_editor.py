"""Completion, actions, hover, outline, folding and analysis over marked notes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls.checks.parts import sections_over
from doctorflan_ls.drafts import DraftBuilder, Provenance, digest, escape_snippet
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.features.actions import Action, actions
from doctorflan_ls.features.analysis import analysis
from doctorflan_ls.features.completion import Item, complete, documentation, in_place
from doctorflan_ls.features.evidence import Remembered, remember
from doctorflan_ls.features.folding import folds
from doctorflan_ls.features.hover import hover
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.features.symbols import flat, symbols
from doctorflan_ls.insertion import discard, insert
from doctorflan_ls.models.base import Chunk
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.testing.notes import marked
from doctorflan_ls.text import Edit, Span

SCHEMA = Path(__file__).parent.parent / "schemas" / "analysis.schema.json"
BLOCK = (
    "〔DoctorFLAN 草稿 待审核｜病例总结｜case-summary｜skeleton 1｜#ab12〕\n"
    "甲\n〔DoctorFLAN 草稿结束｜#ab12〕\n"
)


def snapshot(text: str, locale: str = "zh", **features: bool) -> Snapshot:
    return Snapshot(parse_note(text, "file:///a", 7), locale, **features)


def completed(source: str, **features: bool) -> list[Item]:
    note = marked(source)
    return list(complete(snapshot(note.text, **features), note.cursor).items)


# Completion


def test_headings_the_document_lacks_come_in_order_from_here_on() -> None:
    items = completed("门诊病历\n主诉：咳嗽3天\n$0\n体格检查：T 36.5℃\n")
    assert [item.label for item in items] == ["现病史", "既往史", "辅助检查", "诊断", "诊疗计划"]
    assert [item.sort_text for item in items] == sorted(item.sort_text for item in items)


def test_headings_above_come_last() -> None:
    items = completed("门诊病历\n既往史：无\n$0")
    assert [item.label for item in items][-2:] == ["主诉", "现病史"]


@pytest.mark.parametrize(
    ("typed", "labels"), [("现$0", ["现病史"]), ("家族$0", []), ("hpi$0", ["现病史"])]
)
def test_a_heading_is_found_by_its_beginning(typed: str, labels: list[str]) -> None:
    assert [item.label for item in completed(f"门诊病历\n主诉：咳嗽3天\n{typed}\n")] == labels


def test_a_heading_brings_a_scaffold_where_the_client_has_snippets() -> None:
    (item,) = completed("门诊病历\n主诉：咳嗽3天\n«现»$0\n", snippets=True)
    assert item.snippet
    assert item.text.startswith("现病史：患者于${1:发病时间}${2:诱因}出现")
    assert item.text.endswith("$0")
    assert item.span == marked("门诊病历\n主诉：咳嗽3天\n«现»\n").spans[0]


def test_a_heading_is_plain_where_it_has_none() -> None:
    (item,) = completed("门诊病历\n主诉：咳嗽3天\n现$0\n")
    assert (item.text, item.snippet) == ("现病史：", False)


def test_english_headings_for_an_english_note() -> None:
    items = completed("SOAP Note\nSubjective: cough for 3 days.\nO$0")
    assert [item.label for item in items] == ["Objective"]


@pytest.mark.parametrize(
    "source", ["主诉：咳$0嗽", "现病史：患者3天前/$0", "$0主诉：咳嗽3天", "患者于三日前出现咳嗽$0"]
)
def test_nothing_is_offered_inside_a_sentence(source: str) -> None:
    assert completed(source) == []


@pytest.mark.parametrize(
    ("typed", "task"),
    [
        ("/分诊", "triage"),
        ("、分诊", "triage"),
        ("／fz", "triage"),
        ("/jbzd", "differential-diagnosis"),
        ("/不存在的任务", None),
        ("/case su", "case-summary"),
        ("/next-exam", "next-examinations"),
        ("/cbzd", "initial-diagnosis"),
        ("  /出院指导", "discharge-instruction"),
    ],
)
def test_tasks_are_found_by_chinese_pinyin_english_and_id(typed: str, task: str | None) -> None:
    indent = typed.removesuffix(typed.strip())
    (span,) = marked(f"主诉：咳嗽3天\n{indent}«{typed.strip()}»").spans
    items = completed(f"主诉：咳嗽3天\n{typed}$0")
    assert (items[0].data["task"] if items else None) == task
    for item in items:
        assert item.filter_text == typed.strip()
        assert item.span == span
        assert item.text == item.label


def test_a_slash_alone_offers_every_task_and_asks_again() -> None:
    note = marked("主诉：咳嗽3天\n/$0")
    found = complete(snapshot(note.text), note.cursor)
    assert len(found.items) == 22
    assert found.incomplete


def test_documentation_comes_from_the_data_alone() -> None:
    snap = snapshot("")
    assert "主诉" in documentation(snap, {"task": "case-summary"})
    assert "第十八条（二）" in documentation(snap, {"section": "chief_complaint"})
    assert documentation(snap, {}) == ""
    with pytest.raises(BadRequest):
        documentation(snap, {"task": "case-sumary"})


@given(st.text(alphabet="$}\\{a主", max_size=12))
def test_an_escaped_snippet_means_its_text(text: str) -> None:
    escaped = escape_snippet(text)
    assert (
        escaped.replace("\\\\", "\0").replace("\\$", "$").replace("\\}", "}").replace("\0", "\\")
        == text
    )


# Code actions


def kinds(found: tuple[Action, ...]) -> set[str]:
    return {each.kind.rsplit(".", 1)[0] for each in found}


def test_a_cursor_in_a_section_drafts_from_the_whole_note_behind_the_section() -> None:
    note = marked("主诉：咳$0嗽3天\n既往史：体健\n")
    found = actions(snapshot(note.text), Span(note.cursor, note.cursor))
    summary = next(
        each for each in found if each.kind == "refactor.rewrite.doctorflan.case-summary"
    )
    assert summary.title == "起草：病例总结"
    assert summary.data == {
        "op": "draft",
        "uri": "file:///a",
        "version": 7,
        "task": "case-summary",
        "span": [0, len(note.text)],
        "at": note.text.index("\n"),
        "language": "zh",
    }


def test_a_selection_is_the_case() -> None:
    note = marked("主诉：«咳嗽3天»\n既往史：体健\n")
    found = actions(snapshot(note.text, "en"), note.spans[0], ["refactor"])
    assert kinds(found) == {"refactor.rewrite.doctorflan"}
    assert all(each.data["span"] == list(note.spans[0]) for each in found)
    assert all("from the selection" in each.title for each in found)


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (["refactor.rewrite"], {"refactor.rewrite.doctorflan"}),
        (["source"], {"source.doctorflan"}),
        (["source.doctorflan"], {"source.doctorflan"}),
        (["quickfix"], set()),
        (["refactor.rew"], set()),
        ([""], {"refactor.rewrite.doctorflan", "source.doctorflan"}),
        ([], set()),
    ],
)
def test_only_is_a_prefix_of_whole_words(only: list[str], expected: set[str]) -> None:
    assert kinds(actions(snapshot("主诉：咳嗽3天\n"), Span(4, 4), only)) == expected


def test_without_only_each_task_is_listed_once() -> None:
    found = actions(snapshot("主诉：咳嗽3天\n"), Span(4, 4))
    tasks = [each.data["task"] for each in found]
    assert len(tasks) == len(set(tasks)) == 22


def test_from_no_section_the_case_summary_comes_first() -> None:
    found = actions(snapshot("患者一般情况可。\n"), Span(0, 0))
    assert found[0].data["task"] == "case-summary"
    assert len(found) == 22


def test_a_draft_can_be_accepted_discarded_and_made_again() -> None:
    text = f"主诉：咳嗽3天\n{BLOCK}既往史：体健\n"
    at = text.index("甲")
    found = actions(snapshot(text), Span(at, at))
    assert [each.data["op"] for each in found] == ["accept", "discard", "regenerate"]
    assert [len(each.edits) for each in found] == [2, 1, 0]
    assert all(each.data["block"] == "ab12" for each in found)
    (discarded,) = found[1].edits
    start = text.index(BLOCK)
    assert discarded == Edit(Span(start, start + len(BLOCK)), "")


# Hover


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("辅助检查：血常规：«WBC 1$02.5×10^9/L»。", ["偏高", "3.5–9.5", "WS/T 405"]),
        ("体格检查：«BP 150/$090mmHg»。", ["偏高", "90–139 / 60–89", "来源"]),
        ("«主$0诉»：咳嗽3天", ["主要症状", "第十八条（二）"]),
        ("既往史：«青霉$0素过敏»。", ["过敏：青霉素"]),
    ],
)
def test_hover_answers_with_its_span(source: str, words: list[str]) -> None:
    note = marked(source)
    found = hover(snapshot(note.text), note.cursor)
    assert found is not None
    assert found.span == note.spans[0]
    for word in words:
        assert word in found.text


def test_hover_on_a_draft() -> None:
    snap = snapshot(BLOCK, "en", markdown=True)
    found = hover(snap, 3)
    assert found is not None
    assert "skeleton 1" in found.text
    assert "not reviewed" in found.text
    inside = hover(snap, BLOCK.index("甲"))
    assert inside is not None
    assert "no longer known" in inside.text


def drafted(*chunks: Chunk, text: str, line_end: str = "\n") -> tuple[Snapshot, Remembered]:
    """A note with a draft inserted after its first line, and what is remembered of the draft."""
    note = parse_note(text, "file:///a", 7)
    whole = Span(0, len(text))
    origin = Provenance("case-summary", "m", "1", "file:///a", 7, whole, digest(text), "zh")
    builder = DraftBuilder("cd34", origin)
    for chunk in chunks:
        builder.add(chunk)
    made = builder.draft("ready")
    edit = insert(note, made, get_task("case-summary"), 0)
    changed = note.edited(edit.span, edit.text, 8)
    return Snapshot(changed, "zh"), remember(made, note)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_hover_in_a_draft_shows_what_the_statement_rests_on(line_end: str) -> None:
    text = f"主诉：咳嗽3天{line_end}既往史：高血压{line_end}"
    first = Span(text.index("咳嗽"), text.index("咳嗽") + 4)
    later = Span(text.index("高血压"), text.index("高血压") + 3)
    snap, remembered = drafted(
        Chunk("结构：\n"),
        Chunk("甲。\n", (first,)),
        Chunk("乙丙", (later,)),
        Chunk("【待补充】", gap="x"),
        text=text,
    )
    body = str(snap.note.text)

    def told(words: str) -> str:
        found = hover(snap, body.index(words), lambda _: remembered)
        assert found is not None
        if words in ("乙", "丙"):
            assert snap.note.slice(found.span) == "乙丙"
        return found.text

    assert "第 1 行：咳嗽3天" in told("甲。")
    for words in ("乙", "丙"):
        assert "第 7 行：高血压" in told(words)
        assert "咳嗽" not in told(words)
    assert "病历没有写" in told("【待")
    assert "结构文字" in told("结构")


def test_hover_in_a_draft_says_where_words_are_gone_and_nothing_of_an_edited_one() -> None:
    text = "主诉：咳嗽3天\n"
    snap, remembered = drafted(Chunk("甲", (Span(3, 7),)), text=text)
    at = str(snap.note.text).index("甲")
    without = Snapshot(snap.note.edited(Span(3, 7), "发热", 9), "zh")
    found = hover(without, at - 2, lambda _: remembered)
    assert found is not None
    assert "已找不到）咳嗽3天" in found.text
    edited = Snapshot(snap.note.edited(Span(at, at), "乙", 9), "zh")
    found = hover(edited, at, lambda _: remembered)
    assert found is not None
    assert "依据已无法查到" in found.text


def test_hover_tells_a_finding_with_its_source_first() -> None:
    note = marked("过敏史：青霉素过敏。\n诊疗计划：阿莫西$0林0.5g 口服 每日3次。\n")
    found = hover(snapshot(note.text), note.cursor)
    assert found is not None
    first, *rest = found.text.splitlines()
    assert "过敏" in first
    assert "来源：" in first
    assert any("阿莫西林" in line for line in rest)


def test_a_draft_takes_the_place_of_the_words_that_asked_for_it() -> None:
    source = "主诉：咳嗽3天\n/fz\n既往史：体健\n"
    note = parse_note(source, "file:///a", 7)
    typed = Span(source.index("/fz"), source.index("/fz") + 3)
    _, remembered = drafted(Chunk("甲"), text=source)
    edit = in_place(note, typed, remembered.draft, get_task("case-summary"))
    result = parse_note(source[: edit.span.start] + edit.text + source[edit.span.end :])
    assert edit.span == typed
    [block] = result.draft_blocks
    taken = discard(result, block)
    left = str(result.text)[: taken.span.start] + str(result.text)[taken.span.end :]
    assert left == source.replace("/fz\n", "")


@pytest.mark.parametrize("source", ["主诉：咳嗽3天\n  /fz\n", BLOCK.replace("甲", "/fz")])
def test_words_that_no_draft_can_replace_stay(source: str) -> None:
    note = parse_note(source)
    typed = Span(source.index("/fz"), source.index("/fz") + 3)
    _, remembered = drafted(Chunk("甲"), text=source)
    edit = in_place(note, typed, remembered.draft, get_task("case-summary"))
    assert edit.span.start == edit.span.end


@pytest.mark.parametrize("source", ["患者$0一般情况可。", "$0"])
def test_hover_is_silent_where_there_is_nothing(source: str) -> None:
    note = marked(source)
    assert hover(snapshot(note.text), note.cursor) is None


# Outline, folding, analysis


def test_the_outline_nests_sections_and_drafts() -> None:
    text = f"现病史：\n（1）病史摘要：咳嗽3天。\n{BLOCK}既往史：体健\n"
    tree = symbols(snapshot(text))
    names = [(symbol.name, parent) for symbol, parent in flat(tree)]
    assert ("病史摘要", "现病史") in names
    assert any(name == "草稿（待审核）：病例总结" for name, _ in names)
    assert ("既往史", "") in names


@given(st.text(alphabet="主诉：现病史既往（1）一、\n\r 咳嗽", max_size=120))
def test_a_child_lies_inside_its_parent(text: str) -> None:
    waiting = list(symbols(snapshot(text)))
    while waiting:
        symbol = waiting.pop()
        assert symbol.span.contains(symbol.selection)
        assert all(symbol.span.contains(child.span) for child in symbol.children)
        waiting.extend(symbol.children)


def test_folds_are_sections_and_drafts_of_several_lines() -> None:
    text = f"主诉：咳嗽3天\n现病史：3天前受凉。\n咳嗽。\n{BLOCK}"
    assert [tuple(fold) for fold in folds(snapshot(text))] == [(1, 5), (3, 5)]


def test_analysis_keeps_its_contract() -> None:
    text = "门诊病历\n性别：男 年龄：45岁\n主诉：胸痛2小时\n体检：BP 150/90mmHg。\n诊断：冠心病\n"
    told = analysis(snapshot(text))
    jsonschema.validate(told, json.loads(SCHEMA.read_text(encoding="utf-8")))
    facts = told["facts"]
    assert facts
    assert all(text[slice(*fact["span"])] == fact["text"] for fact in facts)
    json.dumps(told)


@given(st.text(alphabet="主诉：现病史既往（1）一、\n 咳嗽", max_size=120), st.data())
def test_the_sections_over_a_span_are_those_that_overlap_it(text: str, data: st.DataObject) -> None:
    note = parse_note(text)
    start = data.draw(st.integers(0, len(text)))
    span = Span(start, data.draw(st.integers(start, len(text))))
    expected = tuple(each for each in note.sections if each.span.overlaps(span))
    assert sections_over(note, span) == expected


def test_analysis_of_a_part_holds_what_stands_in_it() -> None:
    text = "主诉：胸痛2小时\n体格检查：BP 150/90mmHg。\n"
    snap = snapshot(text)
    part = analysis(snap, snap.note.sections_of("exam")[0].span)
    jsonschema.validate(part, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert {fact["kind"] for fact in part["facts"]} == {"vital"}
    assert [section["id"] for section in part["sections"]] == ["exam"]
    assert "triage" not in part


def test_a_line_left_alone_keeps_its_evidence_when_a_gap_is_filled() -> None:
    text = "主诉：咳嗽3天\n"
    told = Span(3, 7)
    snap, remembered = drafted(
        Chunk("甲乙\n", (told,)), Chunk("［待补充］", gap="x"), Chunk("\n丙", (told,)), text=text
    )
    gap = str(snap.note.text).index("［待补充］")
    note = snap.note.edited(Span(gap, gap + 5), "医生写的话\n又一行", 9)
    changed = Snapshot(note, "zh")
    for words, known in (("甲乙", True), ("医生", False), ("又一行", False), ("丙", True)):
        found = hover(changed, str(note.text).index(words), lambda _: remembered)
        assert found is not None
        assert ("咳嗽3天" in found.text) is known
        if known:
            assert note.slice(found.span) == words


def test_the_end_of_a_draft_that_ends_the_note_is_still_in_it() -> None:
    text = "门诊病历\n" + BLOCK.rstrip("\n")
    at_end = Span(len(text), len(text))
    found = {each.data["op"] for each in actions(snapshot(text), at_end)}
    assert found == {"accept", "discard", "regenerate"}
    behind = Span(len(text) + 1, len(text) + 1)
    assert "accept" not in {each.data["op"] for each in actions(snapshot(text + "\n"), behind)}
