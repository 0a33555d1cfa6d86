"""``doctorflan-ls check`` over files and folders."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from doctorflan_ls.cli.app import app

ROOT = Path(__file__).parent.parent
BAD = "主诉：咳嗽3天\n体格检查：T 48℃，P 80次/分。\n"
WARNED = "主诉：反复咳嗽、咳痰、气喘伴双下肢水肿10余年，加重3天\n"
CLEAN = "主诉：咳嗽3天\n"
DRAFT = (
    "〔DoctorFLAN 草稿 待审核｜诊断｜initial-diagnosis｜skeleton 1｜#ab12〕\n咳嗽3天\n"
    "〔DoctorFLAN 草稿结束｜#ab12〕\n"
)


@pytest.fixture
def ward(tmp_path):
    for name, text in (("a", BAD), ("b", WARNED), ("deep/c", CLEAN), ("deep/d", CLEAN + DRAFT)):
        file = tmp_path / f"{name}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "deep" / "x.bin").write_bytes(b"\0\1\2")
    return tmp_path


def run(*arguments, code=0, **options):
    result = CliRunner().invoke(
        app, ["--lang", "zh", "--no-plugins", "check", *map(str, arguments)], **options
    )
    assert result.exit_code == code, result.output
    return result


def test_a_folder_is_read_to_any_depth_and_each_finding_has_its_place(ward):
    lines = run(ward, code=1).stdout.splitlines()
    assert f"{ward}/a.txt:2:6: 错误: 体温“T 48℃”超出可能范围" in lines[0]
    assert "ZC-09" in lines[0]
    assert [line.split(":")[0].rsplit("/")[-1] for line in lines[:-1]] == [
        "a.txt",
        "b.txt",
        "d.txt",
    ]
    assert lines[-1] == "4份文书：1条错误，1条警告，1条提示；1份草稿待审核"


@pytest.mark.parametrize(
    ("name", "fail_on", "code"),
    [
        *(("a", "error", 1), ("a", "never", 0), ("b", "error", 0), ("b", "warning", 1)),
        *(("deep/c", "information", 0), ("deep/d", "information", 1), ("deep/d", "warning", 0)),
    ],
)
def test_the_exit_code_follows_the_gravest_finding(ward, name, fail_on, code):
    run(ward / f"{name}.txt", "--fail-on", fail_on, code=code)


def test_no_drafts_is_about_drafts_alone(ward):
    assert run(ward, "--no-drafts", code=1).stdout.count("draft-unreviewed") == 1
    assert run(ward / "a.txt", "--no-drafts").stdout.startswith("1份文书：0条错误")


def test_json_has_every_note_and_a_summary(ward):
    found = json.loads(run(ward, "--format", "json", code=1).stdout)
    assert [note["path"].rsplit("/")[-1] for note in found["notes"]] == [
        *("a.txt", "b.txt", "c.txt", "d.txt")
    ]
    row = found["notes"][0]["findings"][0]
    assert (row["rule"], row["span"], row["line"], row["column"]) == ("ZC-09", [13, 18], 2, 6)
    schema = json.loads((ROOT / "schemas" / "check.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(found, schema)
    assert found["summary"]["findings"] == {"error": 1, "warning": 1, "information": 1}


def test_sarif_names_rules_places_and_levels(ward):
    found = json.loads(run(ward, "--format", "sarif", code=1).stdout)
    assert found["version"] == "2.1.0"
    results = found["runs"][0]["results"]
    assert [(each["ruleId"], each["level"]) for each in results] == [
        *(("ZC-09", "error"), ("ZA-04", "warning"), ("draft-unreviewed", "note"))
    ]
    rules = {each["id"] for each in found["runs"][0]["tool"]["driver"]["rules"]}
    assert rules == {"ZC-09", "ZA-04", "draft-unreviewed"}


def test_html_is_one_page_that_escapes_what_it_quotes(ward):
    (ward / "a.txt").write_text("主诉：咳嗽3天\n诊断：{<b>}\n", encoding="utf-8")
    page = ward / "report.html"
    run(ward, "--format", "html", "--output", page, code=1)
    text = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert "http" not in text


def test_many_notes_on_two_processes_come_out_as_on_one(ward):
    for number in range(60):
        (ward / f"n{number:02}.txt").write_text(BAD if number % 3 else CLEAN, encoding="utf-8")
    one, two = (run(ward, "--jobs", jobs, code=1).stdout for jobs in (1, 2))
    assert one == two
    assert one.count("ZC-09") == 41


def test_a_note_that_cannot_be_read_is_named_and_the_others_are_checked(ward):
    result = run(ward / "a.txt", ward / "deep" / "x.bin", ward / "absent.txt", code=3)
    assert "ZC-09" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("1份文书：1条错误")
    assert result.stdout.splitlines()[-1].endswith("2份未能读取")
    assert [name in result.stderr for name in ("x.bin", "absent.txt")] == [True, True]


def test_a_folder_without_notes_is_said(tmp_path):
    assert "没有可检查的文书" in run(tmp_path, code=2).stderr


def test_standard_input_is_a_note():
    assert "ZC-09" in run("-", code=1, input=BAD).stdout


def test_parts_of_several_machines_come_to_the_same_report(ward):
    whole = run(ward, "--format", "json", code=1).stdout
    parts = [ward / f"part{number}.json" for number in (1, 2, 3)]
    for number, part in enumerate(parts, start=1):
        options = ("--shard", f"{number}/3", "--format", "json", "--output", part)
        run(ward, *options, "--fail-on", "never")
    assert run("--merge", *parts, "--format", "json", code=1).stdout == whole
    twice = run("--merge", parts[0], parts[0], parts[1], parts[1], code=2)
    assert not twice.stdout


def test_what_is_no_part_is_said(ward):
    (ward / "part.json").write_text("{}")
    assert "part.json" in run("--merge", ward / "part.json", code=2).stderr
    assert "--shard" in run(ward, "--shard", "3/2", code=2).stderr


@pytest.mark.parametrize(
    "report",
    [
        {"notes": [], "indicators": [{"denominator": 3}]},
        {"notes": [{"path": "a", "findings": [{"x": 1}]}], "indicators": []},
        {"notes": [{"path": "a"}, {"path": "a"}], "indicators": []},
    ],
)
def test_a_report_that_cannot_be_used_is_named(tmp_path, report):
    file = tmp_path / "part.json"
    file.write_text(json.dumps(report), encoding="utf-8")
    assert "part.json" in run("--merge", file, code=2).stderr


@pytest.mark.parametrize("form", ["text", "json", "sarif", "html"])
def test_a_name_that_is_no_utf_8_is_reported(tmp_path, form):
    file = os.fsdecode(os.fsencode(str(tmp_path)) + "/入院.txt".encode("gbk"))
    Path(file).write_text(BAD, encoding="utf-8")
    run(tmp_path, "--format", form, "--output", tmp_path / "report", code=1)
    assert "ZC-09" in (tmp_path / "report").read_text(encoding="utf-8")
