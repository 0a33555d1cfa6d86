"""Drafts inside a note: what stands between two marker lines is no record yet."""

from __future__ import annotations

import pytest

from doctorflan_ls.notes import markers
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.text import Span

OPEN = markers.opening("zh", "病例总结", "case-summary", "skeleton 0.1.0", "1a2b3c4d")
CLOSE = markers.closing("zh", "1a2b3c4d")
DRAFT = f"{OPEN}\n诊断：高热\n体温 39.9℃\n{CLOSE}\n"


def test_the_marker_lines_are_written_as_documented():
    assert OPEN == "〔DoctorFLAN 草稿 待审核｜病例总结｜case-summary｜skeleton 0.1.0｜#1a2b3c4d〕"
    assert CLOSE == "〔DoctorFLAN 草稿结束｜#1a2b3c4d〕"
    english = markers.opening("en", "Triage", "triage", "skeleton 0.1.0", "1a2b3c4d")
    assert english == (
        "〔DoctorFLAN draft, to be reviewed｜Triage｜triage｜skeleton 0.1.0｜#1a2b3c4d〕"
    )
    assert markers.closing("en", "1a2b3c4d") == "〔DoctorFLAN end of draft｜#1a2b3c4d〕"


@pytest.mark.parametrize("title", ["一｜二", "〔x〕", "a\nb", "", "长" * 200])
def test_any_title_gives_a_marker_that_is_read_back(title):
    line = markers.opening("zh", title, "case-summary", "skeleton 0.1.0", "1a2b3c4d")
    (draft,) = parse_note(f"{line}\n正文\n{CLOSE}").draft_blocks
    assert (draft.id, draft.task, draft.model) == ("1a2b3c4d", "case-summary", "skeleton 0.1.0")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_draft_is_no_section_and_has_no_facts(line_end):
    text = f"主诉：咳嗽\n{DRAFT}既往史：体健".replace("\n", line_end)
    note = parse_note(text)
    (draft,) = note.draft_blocks
    assert note.slice(draft.span) == DRAFT.replace("\n", line_end)
    assert note.slice(draft.body) == "诊断：高热\n体温 39.9℃\n".replace("\n", line_end)
    assert [section.id for section in note.sections] == ["chief_complaint", "past_history"]
    assert not [fact for fact in note.facts if fact.span.overlaps(draft.span)]


@pytest.mark.parametrize("before", ["/", "、", "  ", "\t     ", "　／"])
def test_what_an_editor_puts_before_a_marker_is_part_of_it(before):
    text = f"主诉：咳嗽\n{before}{OPEN}\n诊断：高热\n{before}{CLOSE}\n既往史：体健"
    note = parse_note(text)
    (draft,) = note.draft_blocks
    assert [section.id for section in note.sections] == ["chief_complaint", "past_history"]
    assert str(note.edited(draft.span, "", 1).text) == "主诉：咳嗽\n既往史：体健"


@pytest.mark.parametrize("before", ["见", "1. ", "//", "/ "])
def test_a_marker_within_a_line_is_none(before):
    assert parse_note(f"{before}{OPEN}\n诊断：高热\n{CLOSE}\n").draft_blocks == ()


@pytest.mark.parametrize(
    "text", [f"{OPEN}\n诊断：肺炎", f"{CLOSE}\n诊断：肺炎", f"{CLOSE}\n诊断：肺炎\n{OPEN}"]
)
def test_a_marker_without_its_other_swallows_only_its_own_line(text):
    note = parse_note(text)
    assert note.draft_blocks == ()
    assert [section.id for section in note.sections] == ["diagnosis"]


def test_a_draft_ends_at_the_closing_marker_of_its_own_id():
    other = markers.closing("zh", "ffffffff")
    note = parse_note(f"{OPEN}\n甲\n{other}\n乙\n{CLOSE}\n")
    (draft,) = note.draft_blocks
    assert note.slice(draft.body) == f"甲\n{other}\n乙\n"


def test_taking_a_marker_away_gives_the_text_back():
    note = parse_note(f"主诉：咳嗽\n{DRAFT}")
    edited = note.edited(Span(6, 6 + len(OPEN) + 1), "", 1)
    assert edited.draft_blocks == ()
    assert [section.id for section in edited.sections] == ["chief_complaint", "diagnosis"]
