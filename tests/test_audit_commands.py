"""The trail on the command line: recorded by `draft`, listed, verified, exported."""

import json
import sys
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from doctorflan_ls.audit import Event
from doctorflan_ls.audit.reading import rows
from doctorflan_ls.audit.store import Store
from doctorflan_ls.cli.app import app
from tests.test_audit import NOTE, ROOT, event, five, path, tampered

__all__ = ["five", "path"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("LC_ALL", "C")
    (folder / "note.txt").write_text(NOTE, encoding="utf-8")
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_a_draft_of_the_command_line_is_recorded(run, own_state):
    assert run("--set", "audit.user=dr.li", "draft", "triage", "note.txt").exit_code == 0
    result = run("audit", "list", "--json")
    (row,) = json.loads(result.stdout)
    schema = json.loads((ROOT / "schemas" / "audit.schema.json").read_text("utf-8"))
    jsonschema.validate([row], schema)
    assert (row["user"], row["kind"], row["outcome"]) == ("dr.li", "draft", "ready")
    assert row["identifiers"]["task"] == "triage"
    assert "triage" in run("audit", "list").stdout
    verified = run("audit", "verify")
    assert verified.exit_code == 0
    assert row["hash"] in verified.stdout
    assert "咳嗽".encode() not in Path(own_state, "audit.sqlite3").read_bytes()
    assert run("audit", "list", "--since", "2999-01-01", "--json").stdout == "[]\n"
    assert len(json.loads(run("audit", "list", "--since", "2020-01-01", "--json").stdout)) == 1


def test_where_it_is_off_nothing_is_written(run, own_state):
    assert run("--set", "audit.enabled=false", "draft", "triage", "note.txt").exit_code == 0
    assert list(Path(own_state).iterdir()) == []


@pytest.mark.parametrize("path", ["note.txt/audit.sqlite3", "relative"])
def test_a_draft_is_given_where_nothing_can_be_recorded(run, tmp_path, path):
    path = f"{tmp_path}/work/{path}" if "/" in path else path
    result = run("--set", f"audit.path={path}", "draft", "triage", "note.txt")
    assert result.exit_code == 0
    assert result.stdout
    (line,) = result.stderr.splitlines()
    assert "1 audit events could not be written" in line
    assert "audit.path" in line


def test_verify_names_the_first_wrong_row(run, five, tmp_path):
    setting = ("--set", f"audit.path={five}")
    head = list(rows(five))[-1].hash
    assert run(*setting, "audit", "verify", "--head", head.upper()).exit_code == 0
    wrong = run(*setting, "audit", "verify", "--head", "1" * 64)
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    tampered(five, "UPDATE events SET user = 'x' WHERE seq >= 3")
    found = run(*setting, "audit", "verify")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "row 3 " in found.stderr
    assert "第 3 行" in run(*setting, "--lang", "zh", "audit", "verify").stderr
    tampered(five, "UPDATE events SET counts = 'x' WHERE seq = 3")
    assert run(*setting, "audit", "list").exit_code == 4


def test_lines_are_exported_and_no_file_is_written_over(run, five):
    setting = ("--set", f"audit.path={five}")
    assert run(*setting, "audit", "export", "--format", "jsonl", "--output", "out").exit_code == 0
    lines = [json.loads(line) for line in Path("out").read_text("utf-8").splitlines()]
    assert lines == [row.to_json() for row in rows(five)]
    again = run(*setting, "audit", "export", "--format", "jsonl", "--output", "out")
    assert again.exit_code == 4
    assert "name a file" in again.stderr
    assert run("audit", "list", "--since", "yesterday").exit_code == 2


# FHIR

REVIEWS = [
    (event(1), "dr.li"),
    (event(2, outcome="failed"), ""),
    (Event("review", "accepted", 2.0, {"draft": "d1", "task": "triage", "model": "m",
                                       "model_version": "1"},
           {"reviewed": "b" * 64, "draft": "b" * 64, "source": "c" * 64}), "dr.li"),
    (Event("review", "edited", 3.0, {"draft": "d2"}, {"reviewed": "d" * 64}), ""),
    (Event("review", "accepted", 3.5, {"draft": "d4"}), ""),
    (Event("review", "discarded", 4.0, {"draft": "d3", "reason": "style"}), "dr.li"),
    (Event("review", "regenerated", 4.0, {"draft": "d3"}), "dr.li"),
    (Event("feedback", "dismissed", 5.0, {"rule": "r/1"}), "dr.li"),
]  # fmt: skip


@pytest.fixture
def exported(path, run):
    pytest.importorskip("fhir.resources")
    Store(path).append(REVIEWS)
    result = run("--set", f"audit.path={path}", "audit", "export", "--format", "fhir")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_row_is_a_valid_audit_event(exported, path):
    from fhir.resources.R4B.auditevent import AuditEvent  # noqa: PLC0415  (an extra)
    from fhir.resources.R4B.bundle import Bundle  # noqa: PLC0415  (an extra)

    Bundle.model_validate(exported)
    resources = [each["resource"] for each in exported["entry"]]
    events = [each for each in resources if each["resourceType"] == "AuditEvent"]
    assert len(events) == len(REVIEWS)
    for each, row in zip(events, rows(path), strict=True):
        AuditEvent.model_validate(each)
        assert datetime.fromisoformat(each["recorded"]) == datetime.fromisoformat(row.at)
        details = {d["type"]: d["valueString"] for d in each["entity"][-1]["detail"]}
        assert (details["row"], details["row_hash"]) == (str(row.seq), row.hash)
        assert [agent["requestor"] for agent in each["agent"]] == [True, False]
    codes = [(each["type"]["code"], each["action"], each["outcome"]) for each in events]
    assert codes == [
        ("originate", "C", "0"),
        ("originate", "C", "4"),
        ("verify", "U", "0"),
        ("amend", "U", "0"),
        ("verify", "U", "0"),
        ("deprecate", "D", "0"),
        ("deprecate", "D", "0"),
        ("110100", "E", "0"),
    ]
    assert len({each["fullUrl"] for each in exported["entry"]}) == len(exported["entry"])


def test_only_what_was_accepted_has_a_provenance(exported):
    from fhir.resources.R4B.provenance import Provenance  # noqa: PLC0415  (an extra)

    resources = [each["resource"] for each in exported["entry"]]
    first, second = (each for each in resources if each["resourceType"] == "Provenance")
    Provenance.model_validate(first)
    assert first["target"][0]["identifier"]["value"] == "b" * 64
    doctor, software = first["agent"]
    assert doctor["who"]["identifier"]["value"] == "dr.li"
    assert software["type"]["coding"][0]["code"] == "assembler"
    assert software["who"]["display"] == "doctorflan-ls: m 1"
    assert [each["role"] for each in first["entity"]] == ["source", "revision"]
    assert second["activity"]["coding"][0]["code"] == "edited"
    assert "entity" not in second


def test_without_the_extra_one_line_says_how_to_get_it(five, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "fhir.resources.R4B.bundle", None)
    result = run(
        "--set", f"audit.path={five}", "audit", "export", "--format", "fhir", "--output", "o"
    )
    assert (result.exit_code, result.stdout) == (4, "")
    assert "pip install 'doctorflan-ls[fhir]'" in result.stderr
    assert not Path("o").exists()


def test_an_empty_trail_is_an_empty_bundle(run):
    pytest.importorskip("fhir.resources")
    result = run("audit", "export", "--format", "fhir")
    assert json.loads(result.stdout) == {"resourceType": "Bundle", "type": "collection"}
