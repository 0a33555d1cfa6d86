"""Rendering drafts, and the edits that put them into a note and take them out again."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls import insertion
from doctorflan_ls.drafts import Draft, DraftBuilder, Provenance, digest, plain, snippet, to_json
from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Chunk
from doctorflan_ls.notes.markers import closing
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Edit, Span

TASK = get_task("case-summary")
SCHEMA = Path(__file__).parent.parent / "schemas" / "draft.schema.json"
NOTE = "主诉：咳嗽3天\n现病史：3天前受凉。\n"


def draft(*chunks: Chunk, note: str = NOTE, state: str = "ready") -> Draft:
    span = Span(0, len(note))
    origin = Provenance(
        TASK.id, "skeleton", "1", "file:///a", 1, span, digest(note[slice(*span)]), "zh"
    )
    builder = DraftBuilder("ab12", origin)
    for chunk in chunks:
        builder.add(chunk)
    return builder.draft(state)


def edited(text: str, *edits: Edit) -> str:
    for edit in sorted(edits, key=lambda each: each.span, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def inserted(text: str, made: Draft, at: int) -> Note:
    return parse_note(edited(text, insertion.insert(parse_note(text), made, TASK, at)))


def test_gaps_become_tab_stops_and_the_rest_is_literal() -> None:
    made = draft(
        Chunk("价{格}$5\\ "),
        Chunk("【待补充：a}b】", gap="hpi"),
        Chunk("\n二"),
        Chunk("丙", gap="x"),
    )
    assert snippet(made) == "价{格\\}\\$5\\\\ ${1:【待补充：a\\}b】}\n二${2:丙}$0"
    assert plain(made, "\r\n") == "价{格}$5\\ 【待补充：a}b】\r\n二丙"


@pytest.mark.parametrize("state", ["streaming", "ready", "cancelled"])
def test_json_is_what_the_schema_says(state: str) -> None:
    made = draft(Chunk("咳嗽", (Span(3, 5),)), Chunk("？", gap="hpi"), state=state)
    told = to_json(made)
    jsonschema.validate(told, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert told["statements"] == [{"span": [0, 2], "evidence": [{"span": [3, 5]}]}]
    assert told["gaps"] == [{"span": [2, 3], "element": "hpi", "label": "？"}]


def test_a_failed_draft_says_why_in_json() -> None:
    builder = DraftBuilder("ab12", draft().provenance)
    told = to_json(
        builder.draft("failed", ModelUnavailable("engine.model-failed", model="m", reference="1f"))
    )
    jsonschema.validate(told, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert "1f" in str(told["failure"])


def test_a_draft_is_stale_once_its_source_changed() -> None:
    made = draft(Chunk("x"))
    assert not made.is_stale(parse_note(NOTE))
    assert not made.is_stale(parse_note(NOTE + "既往史：无\n"))
    assert made.is_stale(parse_note(NOTE.replace("3天前", "4天前")))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "end"])
def test_a_block_uses_the_line_ends_of_its_note(end: str, last: str) -> None:
    text = f"主诉：咳嗽3天{end}现病史：受凉。" + (end if last else "")
    note = inserted(text, draft(Chunk("一\n二"), note=text), len(text))
    (block,) = note.draft_blocks
    assert note.slice(block.body) == f"一{end}二{end}"
    assert str(note.text).startswith(text)


def test_insertion_goes_behind_the_line_it_was_asked_on() -> None:
    note = inserted(NOTE, draft(Chunk("甲")), 3)
    assert str(note.text).split("\n")[0] == "主诉：咳嗽3天"
    assert str(note.text).split("\n")[2] == "甲"


def test_a_second_draft_never_lands_inside_the_first() -> None:
    first = inserted(NOTE, draft(Chunk("甲\n乙")), 3)
    for at in range(len(first.text)):
        second = inserted(str(first.text), draft(Chunk("丙")), at)
        assert len(second.draft_blocks) == 2


def test_a_model_cannot_end_its_own_block() -> None:
    made = draft(Chunk("甲\n" + closing("zh", "ab12") + "\n医生写的？"))
    (block,) = inserted(NOTE, made, 3).draft_blocks
    assert "医生写的？" in inserted(NOTE, made, 3).slice(block.body)


def test_regenerate_replaces_the_block() -> None:
    note = inserted(NOTE, draft(Chunk("甲")), 3)
    edit = insertion.regenerate(note, note.draft_blocks[0], draft(Chunk("乙")), TASK)
    again = parse_note(edited(str(note.text), edit))
    assert str(again.text) == str(inserted(NOTE, draft(Chunk("乙")), 3).text)


def test_a_snippet_block_keeps_its_last_stop_inside() -> None:
    edit = insertion.insert_snippet(
        parse_note(NOTE), draft(Chunk("甲"), Chunk("？", gap="x")), TASK, 3
    )
    assert edit.text.split("\n")[1] == "甲${1:？}$0"


LINES = st.lists(st.sampled_from(["主诉：咳嗽", "", "現病史", "𠮷$}", "a"]), max_size=5)


@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.data())
def test_discard_gives_the_note_back_and_accept_leaves_the_words(
    lines: list[str], end: str, finished: bool, data: st.DataObject
) -> None:
    text = end.join(lines) + (end if finished else "")
    at = data.draw(st.integers(0, len(text)))
    words = data.draw(st.sampled_from(["甲", "甲\n乙", "甲\n\n乙\n"]))
    note = inserted(text, draft(Chunk(words), note=text), at)
    (block,) = note.draft_blocks
    assert edited(str(note.text), insertion.discard(note, block)) == text
    kept = edited(str(note.text), *insertion.accept(note, block))
    line_end = insertion.line_end_of(note.text)
    assert "DoctorFLAN" not in kept
    assert words.rstrip("\n").replace("\n", line_end) in kept
    assert len(kept) <= len(text) + len(words.replace("\n", line_end)) + len(line_end)
