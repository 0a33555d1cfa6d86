"""Calculators in the editor and on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from doctorflan_ls.cli.app import app
from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.features.actions import CALCULATOR, Action, actions
from doctorflan_ls.features.analysis import analysis
from doctorflan_ls.features.code_lens import code_lenses
from doctorflan_ls.features.evidence import remember, sources
from doctorflan_ls.features.hover import hover
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.features.standing import standing
from doctorflan_ls.insertion import accept, discard
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.text import Span

SCHEMA = Path(__file__).parent.parent / "schemas" / "analysis.schema.json"
NOTE = """女，67岁。
体格检查：T 38.8℃，P 108次/分，R 26次/分，BP 128/76mmHg，SpO2 92%，神志清楚。
辅助检查：肌酐 148μmol/L，尿素 9.6mmol/L，WBC 15.2×10^9/L
诊断：肺炎
"""


def snapshot(text: str = NOTE, locale: str = "zh") -> Snapshot:
    return Snapshot(parse_note(text, "file:///a", 7), locale)


def lines_at(words: str, text: str = NOTE, locale: str = "zh") -> list[str]:
    found = hover(snapshot(text, locale), text.index(words))
    return [] if found is None else found.text.splitlines()


def offered(words: str, text: str = NOTE, **more: object) -> list[Action]:
    at = text.index(words)
    found = actions(snapshot(text), Span(at, at + more.pop("length", 0)), **more)
    return [each for each in found if each.kind.startswith(CALCULATOR)]


def inserted(action: Action, text: str = NOTE) -> str:
    (edit,) = action.edits
    return text[: edit.span.start] + edit.text + text[edit.span.end :]


# Hover


def test_a_value_shows_what_is_calculated_from_it_and_how():
    (line,) = [each for each in lines_at("肌酐") if each.startswith("eGFR")]
    assert "33 mL/min/1.73m²" in line
    assert "Inker" in line
    assert "KDIGO 2012" in line, "the source of the band"
    assert "0.9938^年龄" in line
    (english,) = [each for each in lines_at("肌酐", locale="en") if each.startswith("eGFR")]
    assert "adults with stable creatinine" in english


def test_a_value_shows_what_is_missing_for_a_calculator():
    assert "（病历未提及：体重）" in lines_at("肌酐")[-1]
    assert "NEWS2：7–9（病历未提及：正在吸氧）" in lines_at("R 26")[-1]


def test_a_diagnosis_shows_the_score_that_is_for_it():
    assert lines_at("肺炎")[1].startswith("CURB-65：2")


def test_a_hover_stays_short():
    assert max(len(lines_at(words)) for words in ("R 26", "BP 128", "P 108")) <= 5


def test_a_value_that_no_calculator_uses_is_as_before():
    assert not [each for each in lines_at("C反应", NOTE + "C反应蛋白 126mg/L") if "计算" in each]


def test_far_from_the_start_of_a_long_note_only_its_neighbourhood_is_read():
    filler = "现病史：咳嗽。\n" * 6000
    text = filler + "体格检查：BP 120/75mmHg\n"
    assert [each for each in lines_at("BP 120", text) if "平均动脉压：90" in each]


# Code actions


def test_a_finished_result_is_offered_where_its_inputs_stand():
    kinds = [each.kind.removeprefix(f"{CALCULATOR}.") for each in offered("肌酐")]
    assert kinds == ["curb-65", "sirs", "egfr-ckd-epi-2021"]
    assert not offered("女，67岁", "女，67岁。\n主诉：咳嗽\n")


def test_at_most_four_are_offered_and_none_that_lacks_something():
    found = offered("BP 128")
    assert len(found) == 4
    assert not [each for each in found if "news2" in each.kind]


def test_what_stands_on_the_line_of_the_cursor_goes_first():
    text = "体格检查：BP 120/75mmHg\n辅助检查：Na 140mmol/L，Cl 100mmol/L，碳酸氢根 20mmol/L\n"
    selected = offered("体格", text, length=len(text))
    assert selected[0].kind == f"{CALCULATOR}.mean-arterial-pressure"


@pytest.mark.parametrize(
    ("only", "count"),
    [
        (["refactor.rewrite.doctorflan.calculator.curb-65"], 1),
        (["refactor"], 3),
        (["quickfix"], 0),
        (["refactor.rewrite.doctorflan.calculator"], 3),
    ],
)
def test_kinds_are_respected(only, count):
    assert len(offered("肌酐", only=only)) == count


def test_the_line_stands_between_markers_and_says_what_it_rests_on():
    text = inserted(offered("肌酐")[2])
    (block,) = parse_note(text).draft_blocks
    assert (block.task, block.model.split()[0]) == ("calculator/egfr-ckd-epi-2021", "calculator")
    (line,) = text[block.body.start : block.body.end].splitlines()
    for words in ("33 mL/min/1.73m²", "肌酐 148μmol/L", "67岁", "女", "Inker", "请核对"):
        assert words in line
    assert text.index("诊断：肺炎") == block.span.end


def test_the_same_question_gives_the_same_line():
    assert [each.edits for each in offered("肌酐")] == [each.edits for each in offered("肌酐")]
    assert len({each.edits[0].text for each in offered("肌酐")}) == 3


def test_an_inserted_line_is_accepted_and_discarded_like_any_draft():
    text = inserted(offered("肌酐")[0])
    note = parse_note(text)
    (block,) = note.draft_blocks
    taken = discard(note, block)
    assert text[: taken.span.start] + taken.text + text[taken.span.end :] == NOTE
    kept = text
    for edit in sorted(accept(note, block), key=lambda each: each.span, reverse=True):
        kept = kept[: edit.span.start] + edit.text + kept[edit.span.end :]
    assert "CURB-65：2" in kept
    assert "DoctorFLAN" not in kept


def test_over_an_inserted_line_nothing_offers_to_make_it_again():
    text = inserted(offered("肌酐")[0])
    seen = snapshot(text)
    here = text.index("CURB-65：2")
    found = actions(seen, Span(here, here))
    assert [each.data["op"] for each in found] == ["accept", "discard"]
    assert [each.operation for each in code_lenses(seen)] == ["accept", "discard"]
    assert found[0].title == "接受草稿：CURB-65（我已审核）"


def test_an_inserted_line_is_listed_with_its_title_and_its_evidence():
    action = offered("肌酐")[2]
    text = inserted(action)
    seen = snapshot(text)
    assert action.made is not None
    made = remember(action.made, parse_note(NOTE, "file:///a", 7))
    (row,) = standing(seen, lambda _: made)
    assert (row.title, row.modified) == ("eGFR（CKD-EPI 2021，肌酐）", False)
    (block,) = seen.note.draft_blocks
    rests_on = sources(seen.note, block, made, text.index("（依据：") + 5)
    assert [seen.note.slice(span) for span in rests_on] == ["肌酐 148μmol/L"]


def test_an_unknown_calculator_keeps_its_id_as_title():
    assert snapshot().task_title("calculator/none-such") == "calculator/none-such"


# Analysis and command line


def test_the_analysis_holds_the_calculators():
    found = analysis(snapshot())
    jsonschema.validate(found, json.loads(SCHEMA.read_text(encoding="utf-8")))
    rows = {each["id"]: each for each in found["calculators"]}
    curb = rows["curb-65"]
    assert (curb["value"], curb["low"], curb["high"], curb["missing"]) == (2, 2, 2, [])
    assert curb["because"]["name"] == "pneumonia"
    assert rows["news2"]["value"] is None
    assert rows["news2"]["missing"] == ["正在吸氧"]
    assert all(
        0 <= start < end <= len(NOTE)
        for each in found["calculators"]
        for start, end in (given["span"] for given in each["inputs"])
    )


def test_the_analysis_of_a_part_calculates_from_what_stands_in_it():
    part = Span(NOTE.index("体格检查"), NOTE.index("辅助检查"))
    ids = {each["id"] for each in analysis(snapshot(), part)["calculators"]}
    assert "mean-arterial-pressure" in ids
    assert "egfr-ckd-epi-2021" not in ids


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text(NOTE, encoding="utf-8")
    return str(path)


def run(*arguments: str):
    return CliRunner().invoke(app, arguments)


def test_the_command_lists_results_and_what_is_missing(file):
    shown = run("calculate", file, "--lang", "zh")
    assert shown.exit_code == Exit.OK
    assert "CURB-65" in shown.output
    assert "病历未提及：体重" in shown.output
    assert "Inker" in shown.output


def test_the_command_gives_json_of_chosen_calculators(file):
    shown = run("calculate", file, "--json", "--only", "curb-65", "--only", "qsofa")
    assert [(each["id"], each["value"]) for each in json.loads(shown.output)] == [
        ("curb-65", 2),
        ("qsofa", 1),
    ]


def test_the_command_names_the_calculators_there_are(file):
    shown = run("calculate", file, "--only", "none-such")
    assert shown.exit_code == Exit.USAGE
    assert "curb-65" in shown.output


def test_a_note_without_values_says_so(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("主诉：咳嗽3天\n", encoding="utf-8")
    assert "nothing to calculate" in run("calculate", str(path), "--lang", "en").output
