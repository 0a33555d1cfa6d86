"""``doctorflan-ls deidentify``: files in, masked copies out, nothing overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from doctorflan_ls.cli.app import app
from doctorflan_ls.identifiers import kinds

SCHEMA = json.loads(
    (Path(__file__).parent.parent / "schemas/deidentify.schema.json").read_text("utf-8")
)
NOTE = "姓名：张三  电话：13812345678\n患者张三于2024年3月5日就诊于六安市人民医院。\n"
MASKED = "姓名：[姓名1]  电话：[电话1]\n患者[姓名1]于[日期1]就诊于[医院1]。\n"


def run(*arguments, given=None):
    return CliRunner().invoke(
        app, ["--lang", "en", "deidentify", *map(str, arguments)], input=given
    )


@pytest.fixture
def notes(tmp_path):
    folder = tmp_path / "notes"
    (folder / "ward").mkdir(parents=True)
    (folder / "a.txt").write_bytes(NOTE.encode())
    (folder / "ward" / "b.md").write_bytes("姓名：李四\r\n张三为其友\r\n".encode("gb18030"))
    (folder / "scan.png").write_bytes(b"\x89PNG\r\n")
    return folder


def test_one_note_goes_to_standard_output(notes):
    done = run(notes / "a.txt")
    assert (done.exit_code, done.stdout, done.stderr) == (0, MASKED, "")
    assert run("-", given=NOTE).stdout == MASKED


def test_the_json_has_types_values_and_spans(notes):
    found = json.loads(run(notes / "a.txt", "--json").stdout)
    jsonschema.validate(found, SCHEMA)
    for each in found["identifiers"]:
        start, end = each["span"]
        assert NOTE[start:end] == each["value"]
    assert [each["type"] for each in found["identifiers"]] == [
        "name",
        "phone",
        "name",
        "date",
        "hospital",
    ]


def test_the_json_of_a_folder_names_its_files(notes):
    found = json.loads(run(notes, "--json").stdout)
    jsonschema.validate(found, SCHEMA)
    assert [Path(each["path"]).name for each in found["files"]] == ["a.txt", "b.md"]


def test_the_schema_has_every_kind():
    assert SCHEMA["$defs"]["identifier"]["properties"]["type"]["enum"] == list(kinds())


def test_a_folder_is_copied_with_its_names(notes, tmp_path):
    before = {path: path.read_bytes() for path in notes.rglob("*") if path.is_file()}
    done = run(notes, "--output", tmp_path / "out")
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "2/2" in done.stderr
    assert (tmp_path / "out/a.txt").read_bytes().decode() == MASKED
    # No label and no context gives the friend away here, nor does the other file.
    assert (tmp_path / "out/ward/b.md").read_bytes().decode() == "姓名：[姓名1]\r\n张三为其友\r\n"
    assert not (tmp_path / "out/scan.png").exists()
    assert {path: path.read_bytes() for path in before} == before


def test_consistent_is_one_placeholder_in_all_files(notes, tmp_path):
    assert run(notes, "--output", tmp_path / "out", "--consistent").exit_code == 0
    assert (tmp_path / "out/ward/b.md").read_text("utf-8") == "姓名：[姓名2]\n[姓名1]为其友\n"


@pytest.mark.parametrize(
    ("arguments", "masked"),
    [
        (["--keep", "date,hospital"], "患者[姓名1]于2024年3月5日就诊于六安市人民医院。"),
        (["--profile", "safe-harbor"], "患者[姓名1]于2024年就诊于[医院1]。"),
        (
            ["--profile", "safe-harbor", "--keep", "date"],
            "患者[姓名1]于2024年3月5日就诊于[医院1]。",
        ),
        (["--profile", "patient"], "患者[姓名1]于2024年3月5日就诊于六安市人民医院。"),
    ],
)
def test_profiles_and_keep(notes, arguments, masked):
    assert run(notes / "a.txt", *arguments).stdout.splitlines()[1] == masked


def test_no_file_is_overwritten(notes, tmp_path):
    for out in (notes, tmp_path / "notes" / "ward" / ".."):
        done = run(notes, "--output", out)
        assert (done.exit_code, "no file is overwritten" in done.stderr) == (2, True)
    assert (notes / "a.txt").read_bytes() == NOTE.encode()


def test_two_notes_of_one_name_do_not_meet(notes, tmp_path):
    other = tmp_path / "a.txt"
    other.write_text("姓名：王五\n", encoding="utf-8")
    done = run(notes / "a.txt", other, "--output", tmp_path / "out")
    assert done.exit_code == 2
    assert "a.txt" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--keep", "nonsense"], 2, "nonsense"),
        (["--profile", "nonsense"], 2, "safe-harbor"),
        (["missing.txt"], 2, "--output"),
    ],
)
def test_mistakes_are_one_line(notes, arguments, code, said):
    done = run(notes / "a.txt", *arguments)
    assert done.exit_code == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "张三" not in done.stderr


def test_a_file_that_is_no_note_is_said_and_the_others_are_done(notes, tmp_path):
    (notes / "z.txt").write_bytes(b"%PDF-1.7")
    done = run(notes, "--output", tmp_path / "out")
    assert done.exit_code == 3
    assert "z.txt" in done.stderr
    assert (tmp_path / "out/a.txt").exists()
    assert run(notes / "z.txt").exit_code == 3


def test_an_empty_folder_is_said(tmp_path):
    assert run(tmp_path, "--json").exit_code == 2
