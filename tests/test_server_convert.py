"""Conversion between spans and ranges, and documents against a plain buffer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctorflan_ls.server.convert import Places
from doctorflan_ls.server.documents import Change, Documents
from doctorflan_ls.text import Position, Span, Text

TEXTS = st.text(alphabet="a主𠮷é\u0301１\n\r\f\u2028", max_size=40)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32"])
_UNITS = {
    "utf-8": lambda text: len(text.encode()),
    "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "utf-32": len,
}


@given(TEXTS, ENCODINGS, st.integers(0, 45), st.integers(0, 45))
def test_a_range_comes_back(text, encoding, first, second):
    places = Places(Text(text), encoding)
    # The middle of a CRLF has no position of its own.
    offsets = [o for o in range(len(text) + 1) if text[o - 1 : o + 1] != "\r\n"]
    span = Span(*sorted((offsets[first % len(offsets)], offsets[second % len(offsets)])))
    converted = places.range(span)
    start, end = (Position(**converted[key]) for key in ("start", "end"))
    assert places.span((start, end)) == span
    assert places.span((end, start)) == span


@given(TEXTS, ENCODINGS, st.data())
def test_many_positions_are_each_position(text, encoding, data):
    edited = Text("主诉\r" * 2000).replaced(Span(4094, 4094), text)
    text = data.draw(st.sampled_from([Text(text), edited]))
    offsets = data.draw(st.lists(st.integers(0, len(text))))
    expected = {offset: text.position(offset, encoding) for offset in offsets}
    assert text.positions(offsets, encoding) == expected


@given(TEXTS, ENCODINGS, st.data())
@settings(max_examples=200)
def test_changes_equal_a_plain_buffer(text, encoding, data):
    document = Documents().open("u", 1, text)
    plain = text
    for version in range(2, 6):
        start = data.draw(st.integers(0, len(plain)))
        end = data.draw(st.integers(start, len(plain)))
        if any(plain[at - 1 : at + 1] == "\r\n" for at in (start, end)):
            continue
        inserted = data.draw(TEXTS)
        ends = tuple(_position(plain, at, encoding) for at in (start, end))
        if version == 3:
            _ = document.note
        document.apply([Change(inserted, ends)], version, encoding)
        plain = plain[:start] + inserted + plain[end:]
        assert str(document.text) == plain
        assert document.version == version
    assert str(document.note.text) == plain
    assert document.note.version == document.version


def _position(text, offset, encoding):
    """The specification's definition, written plainly."""
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    line = before.rpartition("\n")[2]
    return Position(before.count("\n"), _UNITS[encoding](line))


def test_a_reader_that_fails_leaves_the_text_right(monkeypatch, caplog):
    document = Documents().open("u", 1, "主诉：发热")
    note = document.note
    monkeypatch.setattr(type(note), "edited", lambda *_: 1 / 0)
    document.apply([Change("咳嗽", (Position(0, 3), Position(0, 5)))], 2, "utf-16")
    assert str(document.text) == "主诉：咳嗽"
    assert str(document.note.text) == "主诉：咳嗽"
    assert document.note.version == 2
    assert "ZeroDivisionError" in caplog.text
    assert "咳嗽" not in caplog.text


@pytest.mark.parametrize(
    "change", [Change("新文"), Change("新文", (Position(0, 0), Position(9, 9)))]
)
def test_full_changes(change):
    document = Documents().open("u", 1, "旧\n文")
    document.apply([change], 2, "utf-16")
    assert str(document.text) == "新文"
