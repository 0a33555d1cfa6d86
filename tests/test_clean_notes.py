"""The project's own notes, written as a careful doctor writes them: nothing is found in them.

A file is named after its document type; a second one of a type has more words behind a hyphen.
"""

from __future__ import annotations

from collections.abc import Callable
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


def written(name: str) -> str:
    # Line ends as they are: one of the notes has those of Windows.
    with (FOLDER / f"{name}.txt").open(encoding="utf-8", newline="") as file:
        return file.read()


def read(name: str) -> Note:
    return parse_note(written(name), f"file:///{name}.txt")


def test_every_document_type_has_a_clean_note():
    there = {name.partition("-")[0] for name in NAMES}
    assert there == {each.id for each in doc_types()}


def test_one_has_the_line_ends_of_windows():
    assert "\r\n" in written("progress_note")


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


def found(note: Note) -> list[tuple[str, str, str]]:
    return [(each.rule.id, note.slice(each.span), each.message("en")) for each in check(note)]


@each_note
def test_nothing_is_found_in_it(name: str):
    assert found(read(name)) == []


STORED: dict[str, Callable[[str], str]] = {
    "line ends of Windows": lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n"),
    "no last line end": str.rstrip,
    "a blank at each line's end": lambda text: text.replace("\n", " \n"),
    "no front matter": lambda text: text.rpartition("\n---\n")[2],
}


@each_note
@pytest.mark.parametrize("way", STORED)
def test_nor_however_it_is_stored(name: str, way: str):
    assert found(parse_note(STORED[way](written(name)), f"file:///{name}.txt")) == []


@each_note
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_nothing_stands_beside_it(name: str, locale: str):
    assert report(Snapshot(read(name), locale), Shown()).diagnostics == ()


# What is said of allergies; the others say that there are none, or do not speak of them.
ALLERGENS = {
    "admission_record": {"青霉素"},
    "admission_record-gynaecology": {"磺胺"},
    "admission_record-obstetric": {"芒果"},
    "admission_record-psychiatry": {"头孢克洛"},
    "consult_note": {"trimethoprim/sulfamethoxazole"},
    "discharge_record": {"青霉素"},
    "discharge_summary": {"lisinopril"},
    "discharge_summary-obstetric": {"latex"},
    "first_progress_note": {"青霉素"},
    "history_and_physical": {"codeine"},
    "history_and_physical-ed": {"sulfa"},
    "history_and_physical-uk": {"penicillin"},
    "orders": {"青霉素"},
    "rescue_record": {"头孢呋辛"},
    "soap_note-eye": {"neomycin"},
}


@each_note
def test_its_allergies_are_read(name: str):
    allergies = [each for each in read(name).facts if each.kind == "allergy"]
    there = {each.name for each in allergies if each.assertion == "present"}
    assert there == ALLERGENS.get(name, set())


@pytest.mark.parametrize(
    ("name", "sex", "years"),
    [
        ("admission_record-neonate", "male", 0),
        ("admission_discharge_24h", "female", 2),
        ("outpatient_initial-paediatric", "male", 5),
        ("discharge_record-cardiology", "male", 57),
        ("discharge_record-haematology", "female", 9),
        ("emergency-poisoning", "female", 19),
        ("first_progress_note-dka", "male", 22),
        ("difficult_case_discussion", "female", 27),
        ("operative_note", "male", 66),
        ("soap_note-paediatric", "female", 4),
        ("discharge_summary-obstetric", "female", 30),
    ],
)
def test_the_patient_is_read(name: str, sex: str, years: int):
    patient = read(name).patient
    assert patient.age_years is not None
    assert (patient.sex, int(patient.age_years)) == (sex, years)


@each_note
def test_it_loses_no_points(name: str):
    snapshot = Snapshot(read(name), "zh")
    score = snapshot.score(snapshot.findings())
    assert score is None or score.points in (None, 100)
