"""National indicators over several notes."""

from __future__ import annotations

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.notes.context import Context, read_moment
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.score import score, table_for
from doctorflan_ls.score.indicators import Row, indicators
from doctorflan_ls.score.tables import default_tables
from doctorflan_ls.text import Span

ADMISSION = "入院记录\n主诉：咳嗽3天\n现病史：3天前咳嗽。\n"


def rates(*rows: Row) -> dict[str, tuple[int, int]]:
    return {each.id: (each.numerator, each.denominator) for each in indicators(rows)}


def admission(start: str, end: str) -> Row:
    context = Context(admission_time=read_moment(start), record_time=read_moment(end))
    return Row(parse_note(ADMISSION), (), None, context)


def test_the_share_that_was_written_in_time() -> None:
    told = rates(
        admission("2024-03-05 10:00", "2024-03-06 10:00"),
        admission("2024-03-05 10:00", "2024-03-06 10:01"),
        admission("2024-03-05", "2024-03-05"),
        admission("2024-03-05", "2024-03-09"),
    )
    assert told["MER-TL-01"] == (2, 4)


def test_what_cannot_be_told_is_in_no_rate() -> None:
    told = rates(
        # The minute would decide.
        admission("2024-03-05", "2024-03-06"),
        # Written before the admission: one of the two is wrong.
        admission("2024-03-05 10:00", "2024-03-04 10:00"),
        Row(parse_note(ADMISSION), ()),
        Row(parse_note("出院记录\n出院诊断：肺炎\n"), ()),
    )
    assert told["MER-TL-01"] == (0, 0)
    assert told["MER-TL-03"] == (0, 0)


def test_times_that_the_note_says_count_too() -> None:
    text = "出院记录\n出院时间：2024-03-05 10:00\n记录时间：2024-03-05 12:00\n出院诊断：肺炎\n"
    assert rates(Row(parse_note(text), ()))["MER-TL-03"] == (1, 1)


def test_copied_progress_notes() -> None:
    note = parse_note("病程记录\n2024-03-05 10:00\n患者无不适。\n")
    copied = Finding(rule_table().rules["ZC-06"], Span(0, 4), {"share": "99"})
    told = rates(Row(note, ()), Row(note, (copied,)), Row(parse_note(ADMISSION), (copied,)))
    assert told["MER-TQ-07"] == (1, 2)


def test_records_of_grade_a() -> None:
    note = parse_note(ADMISSION)
    table = table_for(note.doc_type, default_tables())
    assert table is not None
    given = score((), note, table)
    assert rates(Row(note, (), given), Row(note, ()))["MER-TQ-09"] == (1, 1)


def test_each_names_its_source_in_both_languages() -> None:
    for each in indicators([]):
        assert each.id in each.source.zh
        assert each.id in each.source.en
        assert (each.numerator, each.denominator) == (0, 0)
