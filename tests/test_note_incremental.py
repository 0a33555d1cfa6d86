"""An edited note reads as a fresh one does, and everything it reports is a span of its text."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from doctorflan_ls.notes import facts, markers, sentences
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.text import Span

OPENING = markers.opening("zh", "病例总结", "case-summary", "skeleton 0.1.0", "1a2b3c4d")
CLOSING = markers.closing("zh", "1a2b3c4d")

PIECES = [
    "主诉：反复咳嗽2周。",
    "现病史：患者女，46岁，2周前受凉后咳嗽，无发热。",
    "既往史，否认高血压，",
    "现病史\n（1）病史摘要\n",
    "（2）主诉\n",
    "体格检查：T 37.2℃，P 80次/分，BP 120/80mmHg。",
    "生命体征体温：36.5℃",
    "一般情况：好，",
    "辅助检查\n",
    "1.心电图\n",
    "2.胸片\n",
    "【专科情况】",
    "**诊断**：",
    "初步诊断：1.急性支气管炎",
    "一、",
    "PMH: asthma DH: salbutamol ",
    "ASSESSMENT AND PLAN\n",
    "A: ",
    "## Plan\n",
    "HPI: The patient is a 60-year-old man whose story keeps going past the margin\nof it. ",
    "He denies chest pain. Dr. Lee saw him. ",
    "FH - mother: migraine\n",
    "白细胞 12.3×10^9/L，",
    "既往史无特殊。",
    OPENING + "\n",
    CLOSING + "\n",
    OPENING,
    CLOSING,
    "入院记录\n",
    "---\n",
    "---",
    "doc_type: 出院记录\n",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    " ",
    "\u3000",
    "：",
    "，",
    "。",
    ":",
    "\u2028",
    "\x0c",
    "\x85",
    "😀",
    "ａ",
    "１",
    "(",
    "【",
    "】",
    "〔",
    "x" * 70,
    "无" * 40,
    "痛，" * 400,
]

# Few lists of pieces begin as front matter does.
front_strategy = st.sampled_from(("", "", "---\n", "---\ndoc_type: 出院记录\n"))
text_strategy = st.tuples(
    front_strategy, st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
).map("".join)
edit_strategy = st.tuples(
    st.floats(0, 1), st.integers(0, 40), st.lists(st.sampled_from(PIECES), max_size=3).map("".join)
)


def view(note: Note) -> tuple[object, ...]:
    return (
        str(note.text),
        note.language,
        note.doc_type,
        note.stated_type,
        note.front,
        note.front_matter,
        note.patient,
        note.draft_blocks,
        note.sections,
        note.facts,
    )


def assert_spans(note: Note) -> None:
    size = len(note.text)
    open_: list[Span] = []
    for section in note.sections:
        assert 0 <= section.span.start <= section.heading_span.start
        assert section.span.end <= size
        assert section.span.contains(section.heading_span)
        assert section.span.contains(section.body)
        assert section.body.start >= section.heading_span.end
        assert note.slice(section.heading_span) == section.heading
        del open_[section.level - 1 :]
        assert all(outer.contains(section.span) for outer in open_)
        open_.append(section.span)
        assert len(open_) == section.level
    for fact in note.facts:
        assert 0 <= fact.span.start < fact.span.end <= size
        assert note.slice(fact.span) == fact.text
    for draft in note.draft_blocks:
        assert draft.span.contains(draft.body)
        inside = [s for s in note.sections if draft.span.contains(s.heading_span)]
        assert not inside
        assert not note.facts_in(draft.span)


@settings(deadline=None, max_examples=300)
@given(text_strategy, st.lists(edit_strategy, max_size=8))
def test_an_edited_note_equals_a_fresh_one(start, edits):
    note = parse_note(start)
    for version, (place, length, replacement) in enumerate(edits, 1):
        at = int(place * len(note.text))
        if version % 2:
            view(note)
        note = note.edited(Span(at, at + length), replacement, version)
        assert note.version == version
    assert view(note) == view(parse_note(str(note.text)))
    assert_spans(note)


@settings(deadline=None, max_examples=60)
@given(
    st.tuples(
        front_strategy, st.lists(st.sampled_from(PIECES), min_size=60, max_size=160).map("".join)
    ).map("".join),
    st.lists(edit_strategy, max_size=6),
)
def test_an_edited_long_note_equals_a_fresh_one(start, edits):
    note = parse_note(start)
    view(note)
    for version, (place, length, replacement) in enumerate(edits, 1):
        at = int(place * len(note.text))
        note = note.edited(Span(at, at + length), replacement, version)
        assert note.sections == parse_note(str(note.text)).sections
    assert view(note) == view(parse_note(str(note.text)))


@settings(deadline=None, max_examples=150)
@given(st.text())
@example("\ud800")
@example("〔")
@example("【】：")
@example("\r")
def test_anything_at_all_can_be_read(text):
    note = parse_note(text)
    assert len(note.text) == len(text)
    assert_spans(note)


@settings(deadline=None, max_examples=100)
@given(text_strategy, st.floats(0, 1))
def test_what_is_found_at_a_place_agrees_with_the_whole(text, place):
    note = parse_note(text)
    at = int(place * len(text))
    section = note.section_at(at)
    before = [one for one in note.sections if one.span.start <= at]
    assert section == (before[-1] if before else None)
    span = Span(at, at + 50)
    assert note.facts_in(span) == tuple(f for f in note.facts if f.span.overlaps(span))
    ids = {one.id for one in note.sections[:3]}
    assert note.sections_of(*ids) == tuple(one for one in note.sections if one.id in ids)


@settings(deadline=None, max_examples=200)
@given(text_strategy, st.floats(0, 1))
def test_a_text_cut_at_a_block_end_has_the_same_sentences(text, place):
    end = sentences.block_end(text, int(place * len(text)), len(text))
    if end is None:
        return
    whole = list(sentences.sentences(text, 0, len(text)))
    first = list(sentences.sentences(text[:end], 0, end))
    second = [
        Span(s.start + end, s.end + end)
        for s in sentences.sentences(text[end:], 0, len(text) - end)
    ]
    assert first + second == whole


def test_a_block_the_edit_did_not_touch_is_shared():
    text = "".join(f"现病史：第{n}次就诊，{'咳嗽无痰。' * 60}\n" for n in range(30))
    old = parse_note(text)
    new = old.edited(Span(len(text) // 2, len(text) // 2), "痛", 1)
    known = {id(block) for block in old._blocks}
    fresh = [block for block in new._blocks if id(block) not in known]
    assert [block.text.count("痛") for block in fresh] == [1]


def test_only_the_text_under_a_span_is_read_for_its_facts(monkeypatch):
    read = []
    extract = facts.extract
    monkeypatch.setattr(facts, "extract", lambda one: (read.append(one.text), extract(one))[1])
    note = parse_note("患者女，46岁。\n" + "现病史：咳嗽2周。\n" * 500)
    note.facts_in(Span(2000, 2005))
    assert 0 < len(read) < 10
