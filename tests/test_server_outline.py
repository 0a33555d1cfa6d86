"""The outline kept over edits is the outline made afresh."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.features.symbols import symbols
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.server.outline import OutlineCache
from doctorflan_ls.text import Encoding, Span

EXAMPLE = (
    files("doctorflan_ls").joinpath("examples", "zh-pneumonia.txt").read_text(encoding="utf-8")
)
TITLED = "# 住院记录😀\n主诉：腹痛3天。\r\n现病史：\r无发热。\n# 出院记录\n出院诊断：胃炎\n"
PIECES = st.sampled_from(
    ["", "痛", "\n", "\r", "\r\n", "😀", "主诉：", "\n既往史：无。\n", "# 标题\n", "体格检查"]
)
ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]


def outline(cache: OutlineCache, note: Note, encoding: Encoding) -> object:
    tree = symbols(Snapshot(note, "zh"))
    return json.loads(cache.json(tree, note.text, encoding))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", [EXAMPLE, TITLED], ids=["example", "titled"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_edited_outline_equals_fresh(text: str, encoding: Encoding, data: st.DataObject) -> None:
    note = parse_note(text)
    cache = OutlineCache()
    outline(cache, note, encoding)
    for version in range(2, 2 + data.draw(st.integers(1, 6))):
        size = len(note.text)
        start = data.draw(st.integers(0, size))
        end = min(start + data.draw(st.integers(0, 12)), size)
        cache.edited(Span(start, end), size)
        note = note.edited(Span(start, end), data.draw(PIECES), version)
        if data.draw(st.booleans()):
            assert outline(cache, note, encoding) == outline(OutlineCache(), note, encoding)


def test_symbols_outside_the_edit_are_kept() -> None:
    note = parse_note(TITLED)
    cache = OutlineCache()
    outline(cache, note, "utf-16")
    before = list(cache._known.json)
    at = TITLED.index("3天")
    cache.edited(Span(at, at), len(note.text))
    note = note.edited(Span(at, at), "约", 2)
    outline(cache, note, "utf-16")
    kept = [new is old for new, old in zip(cache._known.json, before, strict=True)]
    assert kept == [False, False, True, True]
