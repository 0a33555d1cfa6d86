"""What stands beside the text: findings, colours, marks, lenses, and the way to the evidence."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.drafts import DraftBuilder, Provenance, digest
from doctorflan_ls.features.code_lens import code_lenses
from doctorflan_ls.features.diagnostics import diagnostics
from doctorflan_ls.features.evidence import remember, sources
from doctorflan_ls.features.inlay_hints import inlay_hints
from doctorflan_ls.features.semantic_tokens import semantic_tokens
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.features.standing import standing
from doctorflan_ls.insertion import insert
from doctorflan_ls.models.base import Chunk
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span

OPENING = "〔DoctorFLAN 草稿 待审核｜病例总结｜case-summary｜skeleton 1｜#ab12〕"
CLOSING = "〔DoctorFLAN 草稿结束｜#ab12〕"
NOTE = f"""门诊病历
主诉：咳嗽3天
体格检查：T 38.6℃，P 80次/分
既往史：否认高血压。
诊断：肺炎
{OPENING}
血压 180/100 mmHg
诊断：胃炎
{CLOSING}
"""


def snapshot(text: str, locale: str = "zh", disabled: tuple[str, ...] = ()) -> Snapshot:
    checks = CheckOptions(disabled=frozenset(disabled))
    return Snapshot(parse_note(text, "file:///a", 7), locale, checks=checks)


def shown(text: str, **more: object) -> list[tuple[str, str, str]]:
    seen = snapshot(text, **more)
    return [(each.code, each.severity, seen.note.slice(each.span)) for each in diagnostics(seen)]


# Findings


def test_findings_come_in_order_with_their_rule_and_place() -> None:
    note = "门诊病历\n就诊时间：2025-03-02 10:20\n科别：呼吸科\n主诉：咳嗽\n体格检查：T 50℃\n"
    found = shown(note)
    assert ("ZA-05", "warning", "咳嗽") in found
    assert ("ZC-09", "error", "T 50℃") in found
    assert {each[0] for each in found[:2]} == {"ZO-01", "ZC-02"}, "what is missing stands above"


def test_a_finding_names_its_source() -> None:
    (found,) = [each for each in diagnostics(snapshot("主诉：咳嗽\n")) if each.code == "ZA-05"]
    assert "病历书写基本规范" in found.message


def test_a_draft_that_waits_is_reported_on_its_first_line() -> None:
    found = [each for each in shown(NOTE) if each[0] == "draft-unreviewed"]
    assert found == [("draft-unreviewed", "information", OPENING)]
    assert not [each for each in shown(NOTE, disabled=("draft-unreviewed",)) if "draft" in each[0]]


def test_nothing_is_found_inside_a_draft() -> None:
    impossible = NOTE.replace("180/100 mmHg", "180/400 mmHg，T 60℃")
    assert not [each for each in shown(impossible) if each[0] == "ZC-09"]


def test_what_a_whole_note_lacks_is_seen_where_its_first_line_is_empty() -> None:
    found = shown("\n\n门诊病历\n主诉：咳嗽3天\n")
    assert {words for code, _, words in found if code == "ZO-01"} == {"门诊病历"}


def test_the_same_is_said_once() -> None:
    found = diagnostics(snapshot(NOTE))
    assert len(found) == len(set(found))


# Colours


def coloured(text: str, span: Span | None = None) -> list[tuple[str, str, str]]:
    seen = snapshot(text)
    return [
        (seen.note.slice(each.span), each.type, " ".join(each.modifiers))
        for each in semantic_tokens(seen, span)
    ]


def test_headings_values_and_drafts_have_colours_of_their_own() -> None:
    found = coloured(NOTE)
    assert ("主诉", "namespace", "") in found
    assert ("T 38.6℃", "number", "abnormal") in found
    assert ("P 80次/分", "number", "") in found
    assert ("高血压", "type", "denied") in found
    assert ("肺炎", "type", "") in found
    assert (OPENING, "comment", "draft marker") in found
    assert ("诊断：胃炎", "comment", "draft") in found


@given(
    st.text(alphabet="主诉：诊断 咳嗽3天T38.6℃\r\n〔DoctorFLAN草稿结束｜#ab12〕𠮷", max_size=120),
    st.data(),
)
@settings(deadline=None)
def test_tokens_are_in_order_on_one_line_and_apart(text: str, data: st.DataObject) -> None:
    whole = NOTE + text
    start = data.draw(st.integers(0, len(whole)))
    span = Span(start, data.draw(st.integers(start, len(whole))))
    seen = snapshot(whole)
    for asked in (None, span):
        found = semantic_tokens(seen, asked)
        assert all(one.span.end <= two.span.start for one, two in pairwise(found))
        for token in found:
            words = seen.note.slice(token.span)
            assert words.strip()
            assert "\n" not in words
            assert "\r" not in words
    inside = [each for each in semantic_tokens(seen) if span.contains(each.span)]
    assert set(inside) <= set(semantic_tokens(seen, span))


# Marks


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("体格检查：T 38.6℃，P 80次/分\n", ["T 38.6℃↑"]),
        ("辅助检查：血钾 2.9mmol/L\n", ["血钾 2.9mmol/L↓"]),
        ("辅助检查：血钾 2.9mmol/L↓\n", []),
        ("体格检查：T 36.5℃\n", []),
    ],
)
def test_a_value_out_of_its_range_is_marked_once(text: str, marks: list[str]) -> None:
    seen = snapshot(text)
    hints = inlay_hints(seen, Span(0, len(text)))
    found = []
    for hint in hints:
        (fact,) = [each for each in seen.note.facts if each.span.end == hint.offset]
        found.append(seen.note.slice(fact.span) + hint.label)
        assert "参考范围" in hint.tooltip
    assert found == marks


def test_no_value_of_a_draft_is_marked() -> None:
    assert [hint.label for hint in inlay_hints(snapshot(NOTE), Span(0, len(NOTE)))] == ["↑"]


# Reviews


def test_a_draft_has_three_lenses() -> None:
    seen = snapshot(NOTE)
    lenses = code_lenses(seen)
    assert [lens.operation for lens in lenses] == ["accept", "discard", "regenerate"]
    assert {(seen.note.slice(lens.span), lens.block) for lens in lenses} == {(OPENING, "ab12")}


def drafted(line_end: str = "\n") -> tuple[str, object]:
    note = parse_note(f"主诉：咳嗽3天{line_end}既往史：糖尿病5年。{line_end}", "file:///a", 1)
    origin = Provenance(
        "case-summary", "skeleton", "1", note.uri, 1, Span(0, len(note.text)), digest("x"), "zh"
    )
    builder = DraftBuilder("ab12", origin)
    words = str(note.text)
    for said, quoted in (("主诉：", ""), ("咳嗽3天", "咳嗽3天"), ("\n糖尿病5年\n", "糖尿病5年。")):
        at = words.find(quoted)
        evidence = (Span(at, at + len(quoted)),) if quoted else ()
        builder.add(Chunk(said, evidence))
    draft = builder.draft("ready")
    edit = insert(note, draft, get_task("case-summary"), 0)
    text = note.edited(edit.span, edit.text, 2).text
    return str(text), remember(draft, note)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_statement_leads_to_what_it_rests_on(line_end: str) -> None:
    text, made = drafted(line_end)
    note = parse_note(text, "file:///a", 2)
    (block,) = note.draft_blocks
    inside = text.index("糖尿病5年", block.body.start)
    assert [note.slice(span) for span in sources(note, block, made, inside + 2)] == ["糖尿病5年。"]
    moved = parse_note("门诊病历\n" + text.replace("糖尿病5年。", "高血压", 1), "file:///a", 3)
    (block,) = moved.draft_blocks
    inside = str(moved.text).index("糖尿病5年", block.body.start)
    assert sources(moved, block, made, inside) == [], "the note no longer says it"


def test_what_rests_on_the_whole_note_does_so_with_the_draft_in_its_middle() -> None:
    note = parse_note("主诉：咳嗽3天\n既往史：糖尿病5年。\n", "file:///a", 1)
    whole = Span(0, len(note.text))
    origin = Provenance("triage", "skeleton", "1", note.uri, 1, whole, digest("x"), "zh")
    builder = DraftBuilder("ab12", origin)
    builder.add(Chunk("记录中未识别到急诊征象", (whole,)))
    draft = builder.draft("ready")
    made = remember(draft, note)
    edit = insert(note, draft, get_task("triage"), 0)
    later = note.edited(edit.span, edit.text, 2)
    (block,) = later.draft_blocks
    assert block.span.start < len(later.text) - 10, "it stands between the two lines"
    (found,) = sources(later, block, made, block.body.start)
    assert later.slice(found).startswith("主诉")
    assert later.slice(found).endswith("糖尿病5年。")


def test_drafts_that_wait_are_listed_with_what_became_of_their_words() -> None:
    text, made = drafted()
    for change, modified in ((text, False), (text.replace("\n糖尿病5年\n", "\n糖尿病6年\n"), True)):
        (row,) = standing(snapshot(change), lambda _: made)
        assert (row.id, row.task, row.title, row.modified) == (
            "ab12",
            "case-summary",
            "病例总结",
            modified,
        )
    (row,) = standing(snapshot(text), lambda _: None)
    assert row.modified is None
