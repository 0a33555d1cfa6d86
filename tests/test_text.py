"""``Text`` against a plain string, in all three encodings."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctorflan_ls import text as text_module
from doctorflan_ls.text import Position, Span, Spans, Text

ENCODINGS = ("utf-8", "utf-16", "utf-32")
CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}

LINE_ENDS_AND_NOT = ("\n", "\r\n", "\r", "\x0c", "\x0b", "\x85", "\u2028", "\u2029")
CHARACTERS = (
    "a",
    "é",
    "e\u0301",
    "痛",
    "３７．２",
    "😀",
    "👨\u200d👩\u200d👧",
    "𠀀",
    "℃",
    " ",
    "\t",
    "\x00",
    "\ufeff",
)
PIECES = st.sampled_from((*LINE_ENDS_AND_NOT, *CHARACTERS, "体温 37.2℃"))
TEXTS = st.lists(PIECES, max_size=30).map("".join)
EDITS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), TEXTS), max_size=12)


class Reference:
    """The plainest buffer that follows LSP 3.17: one string, split anew for each question."""

    def __init__(self, text: str) -> None:
        self.text = text

    def lines(self) -> list[tuple[int, int]]:
        """Start and end of each line's content."""
        spans, start = [], 0
        for found in re.finditer("\r\n|\n|\r", self.text):
            spans.append((start, found.start()))
            start = found.end()
        return [*spans, (start, len(self.text))]

    def offset(self, line: int, character: int, encoding: str) -> int:
        lines = self.lines()
        if line < 0:
            return 0
        if line >= len(lines):
            return len(self.text)
        start, end = lines[line]
        units = 0
        for at in range(start, end):
            units += width(self.text[at], encoding)
            if units > character:
                return at
        return end

    def position(self, offset: int, encoding: str) -> tuple[int, int]:
        offset = min(max(offset, 0), len(self.text))
        lines = self.lines()
        line = max(n for n, (start, _) in enumerate(lines) if start <= offset)
        start, end = lines[line]
        return line, sum(width(one, encoding) for one in self.text[start : min(offset, end)])


def width(character: str, encoding: str) -> int:
    codec, size = CODECS[encoding]
    return len(character.encode(codec)) // size


def agree(text: Text, reference: Reference) -> None:
    plain = reference.text
    assert str(text) == plain
    assert len(text) == len(plain)
    lines = reference.lines()
    assert text.line_count == len(lines)
    assert [tuple(text.line_span(line)) for line in range(len(lines))] == lines
    for encoding in ENCODINGS:
        for offset in range(-1, len(plain) + 2):
            position = text.position(offset, encoding)
            assert position == reference.position(offset, encoding)
            assert text.line_of(offset) == position.line
        for line in range(-1, len(lines) + 1):
            for character in (0, 1, 2, 3, 5, 8, 1000):
                found = text.offset(Position(line, character), encoding)
                assert found == reference.offset(line, character, encoding)


def run(start: str, edits: list[tuple[int, int, str]]) -> None:
    text, reference = Text(start), Reference(start)
    for at, length, replacement in edits:
        before, was = text, reference.text
        text = text.replaced(Span(at, at + length), replacement)
        reference.text = was[:at] + replacement + was[at:][length:]
        assert str(before) == was
        agree(text, reference)
    agree(text, reference)


@settings(deadline=None, max_examples=600)
@given(TEXTS, EDITS)
def test_edits_agree_with_a_plain_buffer(start, edits):
    run(start, edits)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@settings(deadline=None, max_examples=200)
@given(start=TEXTS, edits=EDITS)
def test_edits_agree_where_every_edit_meets_chunk_borders(size, start, edits):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "_CHUNK", size)
        run(start, edits)


@settings(deadline=None, max_examples=500)
@given(TEXTS, st.integers(0, 60), st.integers(0, 60), st.integers(1, 9))
def test_a_slice_is_a_slice(plain, start, end, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "_CHUNK", size)
        assert Text(plain).slice(Span(start, end)) == plain[start:end]


@settings(deadline=None, max_examples=500)
@given(TEXTS, st.integers(0, 60), st.sampled_from(ENCODINGS))
def test_every_offset_outside_a_line_end_has_its_own_position(plain, at, encoding):
    text = Text(plain)
    offset = min(at, len(plain))
    back = text.offset(text.position(offset, encoding), encoding)
    inside_crlf = plain[offset - 1 : offset + 1] == "\r\n" and offset > 0
    assert back == offset - 1 if inside_crlf else back == offset


@settings(deadline=None, max_examples=200)
@given(st.text())
def test_any_string_has_a_text(plain):
    text = Text(plain)
    assert len(text) == len(plain)
    assert str(text).encode("utf-8").decode("utf-8") == str(text)


@pytest.mark.parametrize(
    "separator", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
)
def test_only_the_three_lsp_line_ends_end_a_line(separator):
    assert Text(f"体温{separator}37.2℃").line_count == 1


@pytest.mark.parametrize(
    ("encoding", "character", "offset"),
    [
        ("utf-8", 3, 1),
        ("utf-8", 4, 1),
        ("utf-8", 7, 2),
        ("utf-16", 1, 1),
        ("utf-16", 2, 1),
        ("utf-16", 3, 2),
        ("utf-32", 2, 2),
    ],
)
def test_a_position_inside_a_character_is_its_start(encoding, character, offset):
    assert Text("痛😀。").offset(Position(0, character), encoding) == offset


def test_a_lone_surrogate_becomes_a_replacement_character():
    assert str(Text("a\ud83db")) == "a\ufffdb"
    assert str(Text("ab").replaced(Span(1, 1), "\ude00")) == "a\ufffdb"


def test_a_span_outside_the_text_is_clamped():
    assert str(Text("腹痛").replaced(Span(-5, 1), "头")) == "头痛"
    assert str(Text("腹痛").replaced(Span(2, 99), "3天")) == "腹痛3天"
    assert str(Text("腹痛").replaced(Span(9, 3), "3天")) == "腹痛3天"


def test_a_line_that_does_not_exist_has_no_span():
    with pytest.raises(IndexError):
        Text("腹痛").line_span(1)


def test_an_edit_shares_the_chunks_it_did_not_touch():
    text = Text("无特殊。\n" * 10_000)
    edited = text.replaced(Span(20_000, 20_001), "痛")
    shared = {id(chunk) for chunk in text._chunks} & {id(chunk) for chunk in edited._chunks}
    assert len(text._chunks) - len(shared) <= 3


SPANS = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda ends: Span(*sorted(ends)))


@given(spans=st.lists(SPANS, max_size=12), wanted=SPANS)
def test_overlapping_spans(spans: list[Span], wanted: Span) -> None:
    expected = {at for at, span in enumerate(spans) if span.overlaps(wanted)}
    found = list(Spans(spans).overlapping(wanted))
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert Spans(spans).overlap(wanted) == bool(expected)
