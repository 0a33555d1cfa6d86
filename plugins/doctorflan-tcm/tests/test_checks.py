"""Incompatible herbs and doses: what is said, and what is not."""

from __future__ import annotations

import doctorflan_tcm as plugin
import pytest
from doctorflan_tcm.herbs import mentions
from doctorflan_tcm.limits import clashes, ranges
from doctorflan_tcm.tables import rows, several

from doctorflan_ls.checks.scope import Scope
from doctorflan_ls.notes import markers
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span


def ids(findings) -> list[str]:
    return [each.rule.id for each in findings]


def test_the_example_is_warned_of_once_for_each_matter(found, example) -> None:
    said = [(each.rule.id, example[slice(*each.span)]) for each in found(example)]
    assert said == [
        ("incompatible-herbs", "法半夏"),
        ("dose-far-above", "制川乌"),
        ("dose-above", "细辛"),
    ]


def test_a_finding_names_both_herbs_the_rhyme_and_the_sources(found, example) -> None:
    first = found(example)[0]
    assert "制川乌" in first.message("zh")
    assert "十八反" in first.message("zh")
    assert "建议核对" in first.message("zh")
    assert "eighteen clashes" in first.message("en")
    assert "药典" in first.authority("zh")
    assert "凭记忆" in first.authority("zh")


@pytest.mark.parametrize("pair", sorted(map(sorted, clashes())), ids="-".join)
def test_every_pair_is_found_in_a_prescription(found, pair) -> None:
    one, other = pair
    assert ids(found(f"方药：{one}、茯苓10g、{other}、白术10g")) == ["incompatible-herbs"]


@pytest.mark.parametrize(
    "text",
    [
        "方药：制川乌3g、麻黄6g\n煎服法：不宜与半夏同服",
        "方药：制附子9g、干姜6g、去半夏",
        "方药：附子9g，忌半夏",
        "附子反半夏",
        "方药：甘草6g、陈皮6g\n\n外洗方：海藻15g、昆布15g",
        "方药：炙甘草6g\n过敏史：对海藻过敏",
        "皮肤肿胀发白及疼痛，予附子理中丸",
        "处方：甘草片口服\n既往史：曾服甘遂",
        "方药：半夏泻心汤加附子9g",
        "方药：水半夏9g、附子9g",
        "方药：丁香3g、郁李仁9g",
        "方药：人参9g、玄参9g、党参9g、丹参15g",
        "平素喜食海藻、海带。\n\n方药：甘草6g",
        "方药：三棱针放血，芒硝外敷",
    ],
)
def test_no_pair_where_one_is_not_given(found, text) -> None:
    assert "incompatible-herbs" not in ids(found(text))


@pytest.mark.parametrize(
    "text",
    [
        "方药：炙甘草6g、醋甘遂1g",
        "处方：黑附片9g（先煎）\n姜半夏9g（包煎）",
        "方药：人参9g\n加减：瘀血重者加五灵脂6g",
        "予川贝粉3g冲服，配草乌1g",
        "方药：丁香3g、广郁金9g",
        "1. 中药汤剂：全瓜蒌15g 薤白9g 制附片9g",
        "Herbal Prescription: 藜芦1g, 苦参6g",
    ],
)
def test_other_ways_of_writing_are_read(found, text) -> None:
    assert "incompatible-herbs" in ids(found(text))


def test_a_draft_in_the_note_is_not_the_note(found) -> None:
    opening = markers.opening("zh", "治疗方案", "treatment-plan", "skeleton", "abc123")
    closing = markers.closing("zh", "abc123")
    text = f"方药：附子9g\n{opening}\n方药：半夏9g\n{closing}\n"
    assert parse_note(text).draft_blocks
    assert found(text) == []


@pytest.mark.parametrize("name", sorted(ranges()))
def test_a_dose_is_told_only_above_its_range(found, name) -> None:
    high = ranges()[name].high
    assert ids(found(f"方药：{name}{high:g}g")) == []
    assert ids(found(f"方药：{name}{high * 1.5:g}g")) == ["dose-above"]
    assert ids(found(f"方药：{name} {high * 3:g} 克")) == ["dose-far-above"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("方药：朱砂500mg冲服", []),
        ("方药：朱砂1500mg冲服", ["dose-far-above"]),
        ("方药：细辛1-3g", []),
        ("方药：细辛３～６ｇ", ["dose-above"]),
        ("方药：麻黄、桂枝各12g", ["dose-above"]),
        ("方药：制附子（先煎）30g", ["dose-above"]),
        ("外用：艾叶60g煎水泡脚", []),
        ("方药：半夏9g×7剂", []),
        ("既往史：曾误服附子60g", []),
        ("方药：川乌6g", ["dose-above"]),
    ],
)
def test_doses_as_they_are_written(found, text, said) -> None:
    assert ids(found(text)) == said


def test_the_dose_of_the_raw_herb_says_whose_it_is(found) -> None:
    (only,) = found("方药：川乌6g")
    assert "制品" in only.message("zh")
    assert "processed" in only.message("en")


def test_a_part_of_the_note_is_told_of_alone(checks, example) -> None:
    note = parse_note(example)
    start = example.index("煎服法")
    assert not [each for check in checks for each in check.find(Scope(note, Span(0, 20)))]
    whole = Span(start - 70, start)
    assert [each for check in checks for each in check.find(Scope(note, whole))]


def test_no_note_makes_more_than_the_server_takes(found) -> None:
    text = "\n\n".join("方药：附子90g、半夏90g" for _ in range(300))
    assert 100 <= len(found(text)) <= 200


def test_the_tables_name_known_herbs_in_order() -> None:
    names = {row[0] for row in rows("herbs")}
    used = {name for row in rows("pairs") for cell in row[1:3] for name in several(cell)}
    assert used | set(ranges()) <= names
    assert all(0 < limit.low < limit.high for limit in ranges().values())
    written = [name for row in rows("herbs") for name in (row[0], *several(row[1]))]
    assert len(written) == len(set(written))


def test_a_herb_keeps_its_preparation_and_place() -> None:
    text = "方：酒炒白芍12g、蜜炙麻黄6g"
    told = [(each.name, each.text, text[slice(*each.span)], each.dose) for each in mentions(text)]
    assert told == [("白芍", "酒炒白芍", "酒炒白芍", 12.0), ("麻黄", "蜜炙麻黄", "蜜炙麻黄", 6.0)]


def test_a_draft_about_drugs_has_the_findings_of_the_herbs_beside_it():
    note = parse_note("主诉：胸痛1月。\n处方：制川乌15g、法半夏9g、甘草6g。\n")
    (item,) = plugin.draft_context(get_task("contraindication-check"), note)
    assert "未逐味核对中药处方" in item.text
    assert "十八反" in item.text
    assert "15g" in item.text
    assert plugin.draft_context(get_task("triage"), note) is None
    western = parse_note("处方：阿司匹林 0.1g\n")
    assert plugin.draft_context(get_task("contraindication-check"), western) == []
