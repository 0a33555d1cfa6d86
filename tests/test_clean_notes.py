"""The project's own notes, written as a careful doctor writes them: nothing is found in them.

A file is named after its document type; a second one of a type has more words behind a hyphen.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from doctorflan_ls.checks.run import check
from doctorflan_ls.features.diagnostics import Shown, report
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.notes.doctype import doc_types
from doctorflan_ls.notes.note import Note, parse_note

FOLDER = Path(__file__).parent / "clean"
NAMES = sorted(each.stem for each in FOLDER.glob("*.txt"))
each_note = pytest.mark.parametrize("name", NAMES)


def read(name: str) -> Note:
    # Line ends as they are: one of the notes has those of Windows.
    with (FOLDER / f"{name}.txt").open(encoding="utf-8", newline="") as file:
        return parse_note(file.read(), f"file:///{name}.txt")


def test_every_document_type_has_a_clean_note():
    written = {name.partition("-")[0] for name in NAMES}
    assert written == {each.id for each in doc_types()}


def test_the_usual_line_ends_are_both_there():
    assert {"\r\n" in str(read(name).text) for name in NAMES} == {True, False}


@each_note
def test_it_says_itself_what_document_it_is(name: str):
    note = read(name)
    kind = name.partition("-")[0]
    assert (note.doc_type, note.stated_type) == (kind, kind)


@each_note
def test_it_has_its_parts(name: str):
    note = read(name)
    assert len(note.sections) >= 3
    assert note.language == next(each.language for each in doc_types() if each.id == note.doc_type)


@each_note
def test_nothing_is_found_in_it(name: str):
    note = read(name)
    said = [
        (each.rule.id, each.rule.severity, note.slice(each.span), each.message("en"))
        for each in check(note)
    ]
    assert said == []


@each_note
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_nothing_stands_beside_it(name: str, locale: str):
    assert report(Snapshot(read(name), locale), Shown()).diagnostics == ()
