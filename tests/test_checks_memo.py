"""Findings that are remembered part by part are those of a fresh reading, whatever was typed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctorflan_ls.checks.run import ONE_RECORD, check
from doctorflan_ls.checks.scope import Scope
from doctorflan_ls.cli.examples import examples
from doctorflan_ls.features.diagnostics import diagnostics
from doctorflan_ls.features.snapshot import Snapshot, said_of
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.text import Span

TEXTS = list(examples().values())
PIECES = (
    *("\n", "主诉：", "。", "青霉素过敏。", "阿莫西林0.5g 每日3次", "T 48℃", "____", "左侧"),
    *("右侧", "女", "男", "45岁", "现病史：", "入院记录\n", "---\n", "doc_type: 出院记录\n"),
    *("ALLERGIES: ", "amoxicillin 500 mg", "QD", "10U", " ", "x"),
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(PIECES)), max_size=6)


@given(
    st.sampled_from(TEXTS),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(PIECES)), max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_findings_after_edits_are_those_of_the_final_text(text, edits):
    note = parse_note(text)
    check(note)
    for share, cut, piece in edits:
        at = int(share * len(note.text))
        note = note.edited(Span(at, at + cut), piece, note.version + 1)
        found = check(note)
        assert found == check(parse_note(str(note.text)))


@pytest.mark.parametrize("text", TEXTS)
def test_the_parts_of_a_note_are_all_of_it_in_order(text):
    parts = list(Scope(parse_note(text)).parts)
    assert [part.span.start for part in parts[1:]] == [part.span.end for part in parts[:-1]]
    assert (parts[0].span.start, parts[-1].span.end) == (0, len(text))


def test_what_is_kept_of_a_long_session_does_not_grow_for_ever():
    note = parse_note("主诉：咳嗽3天\n现病史：\n")
    for number in range(2600):
        note = note.edited(
            Span(len(note.text), len(note.text)), "咳" if number % 50 else "\n", number
        )
        if number % 2:
            check(note)
    assert len(note.memo.parts) < 2100


def test_records_in_one_long_text_are_not_held_against_one_another():
    record = (
        "入院记录\n主诉：咳嗽3天\n体格检查：T 48℃。\n既往史：青霉素过敏。\n"
        "诊疗计划：阿莫西林0.5g 口服。\n\n"
    )
    note = parse_note(record * 3000)
    assert len(note.text) > ONE_RECORD
    rules = {each.rule.id for each in check(note)}
    assert {"ZC-09", "ZY-01"} <= rules
    assert "ZC-02" in {each.rule.id for each in check(parse_note(record))}
    assert "ZC-02" not in rules
    assert "long-note" in {each.code for each in diagnostics(Snapshot(note))}


def test_putting_one_missing_part_aside_hides_no_other():
    whole = "出院记录\n入院情况：咳嗽。\n诊疗经过：抗感染。\n出院医嘱：休息。\n"
    notes = [
        parse_note(whole.replace(line, ""))
        for line in ("诊疗经过：抗感染。\n", "出院医嘱：休息。\n")
    ]
    said = [
        {said_of(note, each) for each in check(note) if each.rule.id == "ZX-02"} for note in notes
    ]
    assert said[0].isdisjoint(said[1])


def test_what_is_kept_of_a_long_text_without_headings_is_bounded():
    note = parse_note("病情平稳，继续观察。\n" * 6000)
    for number in range(60):
        note = note.edited(Span(30, 30), "好", number)
        check(note)
    assert sum(len(str(key)) for key in note.memo.parts) < 6_000_000
