"""The command line, in this process where that is enough and as a real program where it is not."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from doctorflan_ls import __version__
from doctorflan_ls.cli import answering, inspect_command, selfcheck, serve
from doctorflan_ls.cli.app import app
from doctorflan_ls.cli.console import padded, width
from doctorflan_ls.cli.drafting import quoted
from doctorflan_ls.cli.examples import examples
from doctorflan_ls.cli.exits import Exit, printable
from doctorflan_ls.cli.session import terminal_locale
from doctorflan_ls.tasks.registry import builtin_tasks

ROOT = Path(__file__).parent.parent
NOTE = """主诉：发热、咳嗽3天。

现病史：3天前受凉后发热，体温38.6℃，否认胸痛。

过敏史：青霉素过敏。
"""
SECRET = "张三丰机密"


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    """No settings of whoever runs the tests, and an empty working directory."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in [name for name in os.environ if name.startswith("DOCTORFLAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DOCTORFLAN_PLUGINS", "")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str, data: str | bytes | None = None):
    return CliRunner().invoke(app, arguments, input=data)


def program(*arguments: str, data: bytes = b"", **options):
    command = [sys.executable, "-m", "doctorflan_ls", *arguments]
    options |= {"capture_output": True, "timeout": 60}
    return subprocess.run(command, input=data, check=False, **options)


def note(text: str | bytes = NOTE, name: str = "note.txt") -> str:
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def schema(name: str):
    return json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


def fails(result, code: Exit, *said: str) -> None:
    """One line on standard error, nothing on standard output."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("doctorflan-ls: ")
    for words in said:
        assert words in result.stderr


# The group


def test_version():
    assert run("--version").stdout == f"doctorflan-ls {__version__}\n"


def test_without_arguments_it_says_what_there_is():
    result = run()
    assert result.exit_code == 0
    assert "--stdio" in result.stdout
    assert "draft" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["drfat", "x"], "nearest: draft"),
        (["--sdtio"], "--stdio"),
        (["--lang", "fr", "tasks"], "'zh', 'en'"),
        (["--set", "x", "tasks"], "KEY=VALUE"),
        (["draft"], "TASK FILE"),
        (["draft", "triage"], "TASK FILE"),
        (["draft", "--all", "a", "b"], "TASK FILE"),
        (["draft", "--nope", "a", "b"], "doctorflan-ls draft --help"),
        (["inspect"], "FILE"),
        (["demo", "--example", "zh-chest"], "nearest: zh-chest-pain"),
        (["demo", "--task", "triaje"], "triage"),
        (["tasks", "reconcile", "none.jsonl"], "none.jsonl"),
        (["completion", "cmd"], "'bash', 'zsh', 'fish'"),
        (["--stdio", "--tcp", "127.0.0.1:0"], "only one of"),
        (["--stdio", "tasks"], "only one of"),
        (["--tcp", "localhost"], "--tcp wants HOST:PORT"),
        (["--ws", "::1:99999"], "--ws wants HOST:PORT"),
        (["--node-ipc"], "--node-ipc is not supported"),
        (["--pipe=/tmp/x"], "--pipe is not supported"),
        (["--socket", "1"], "--socket is not supported"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_code_2(arguments, said):
    fails(run(*arguments), Exit.USAGE, said)


def test_messages_are_in_the_language_asked_for(monkeypatch):
    assert "没有这个文件" in run("--lang", "zh", "inspect", "none").stderr
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "没有这个文件" in run("inspect", "none").stderr
    assert "no such file" in run("--lang", "en", "inspect", "none").stderr
    assert "no such file" in run("--set", "language=en", "inspect", "none").stderr


def test_the_language_may_stand_behind_the_command():
    assert "没有这个文件" in run("inspect", "none", "--lang", "zh").stderr
    assert "没有这个文件" in run("tasks", "reconcile", "none", "--lang", "zh").stderr
    assert "no such file" in run("--lang", "zh", "inspect", "--lang", "en", "none").stderr


def test_reconcile_says_what_is_no_copy_of_the_dataset():
    fails(run("tasks", "reconcile", "none.jsonl"), Exit.USAGE, "no such file")
    fails(run("tasks", "reconcile", note()), Exit.USAGE, "neither JSON Lines")


def test_broken_settings_name_their_line():
    Path(".doctorflan.toml").write_text('language = "zh"\n[draft]\nlanguage =', encoding="utf-8")
    assert "line 3" in run("config").stderr
    Path(".doctorflan.toml").write_text("x = [1,\n", encoding="utf-8")
    assert "line 1" in run("config").stderr


@pytest.mark.parametrize(
    ("environment", "locale"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_GB", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({}, "en"),
    ],
)
def test_the_terminals_language(environment, locale):
    assert terminal_locale(environment) == locale


def test_an_internal_error_tells_no_secret_and_ends_with_code_4(monkeypatch):
    def broken(snapshot):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(inspect_command, "analysis", broken)
    result = run("inspect", note())
    fails(result, Exit.FAILED, "internal error (RuntimeError, ref ", "--debug")
    assert SECRET not in result.output
    assert isinstance(run("--debug", "inspect", note()).exception, RuntimeError)


def test_ctrl_c_ends_with_130(monkeypatch):
    def interrupted(snapshot):
        raise KeyboardInterrupt

    monkeypatch.setattr(inspect_command, "analysis", interrupted)
    assert run("inspect", note()).exit_code == Exit.INTERRUPTED


def test_wrong_settings_are_said_and_the_command_goes_on():
    Path(".doctorflan.toml").write_text('[draft]\nlangauge = "zh"\n[plugins]\nallow = []\n')
    result = run("draft", "triage", note())
    assert result.exit_code == 0
    assert result.stderr.count("\n") == 2
    assert "did you mean draft.language?" in result.stderr
    assert "plugins" in result.stderr


# The transports


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:2087", ("127.0.0.1", 2087)),
        ("localhost:0", ("localhost", 0)),
        (":2087", ("127.0.0.1", 2087)),
        ("2087", ("127.0.0.1", 2087)),
        ("[::1]:2087", ("::1", 2087)),
    ],
)
def test_addresses(text, address):
    assert serve.address(text, "--tcp") == address


def _framed(*messages: dict) -> bytes:
    bodies = [json.dumps(message).encode() for message in messages]
    return b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies)


INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"processId": None, "rootUri": None, "capabilities": {}},
}


@pytest.mark.parametrize("extra", [[], ["--clientProcessId=1"]])
def test_editors_start_it_with_stdio(extra):
    shutdown = {"jsonrpc": "2.0", "id": 2, "method": "shutdown"}
    leave = {"jsonrpc": "2.0", "method": "exit"}
    result = program("--stdio", *extra, data=_framed(INITIALIZE, shutdown, leave))
    assert result.returncode == 0
    assert b'"capabilities"' in result.stdout
    assert result.stdout.startswith(b"Content-Length: ")
    assert result.stderr == b""


def test_an_editor_that_just_leaves_is_code_1():
    assert program("--stdio", data=_framed(INITIALIZE)).returncode == 1


# draft


@pytest.mark.parametrize("task", [task.id for task in builtin_tasks()])
def test_every_task_gives_a_draft_with_sound_spans(task):
    result = run("draft", task, note(), "--json")
    assert result.exit_code == 0, result.stderr
    draft = json.loads(result.stdout)
    jsonschema.validate(draft, schema("draft"))
    assert draft["task"] == task
    assert draft["state"] == "ready"
    for statement in draft["statements"]:
        start, end = statement["span"]
        assert 0 <= start < end <= len(draft["text"])
        for evidence in statement["evidence"]:
            assert 0 <= evidence["span"][0] < evidence["span"][1] <= len(NOTE)


def test_a_draft_shows_evidence_gaps_and_that_it_is_a_draft():
    result = run("draft", "case-summary", note())
    assert result.exit_code == 0
    draft, _, rest = result.stdout.partition("Evidence (the note's own words)")
    evidence, _, gaps = rest.partition("Looked for and not in the note")
    assert "[1]" in draft
    assert "[1] line 1" in evidence
    assert gaps.strip()
    assert result.stdout.rstrip().splitlines()[-1].startswith("Draft, to be reviewed by a doctor.")


def test_all_gives_22_drafts():
    result = run("draft", "--all", note(), "--json")
    drafts = json.loads(result.stdout)
    assert [draft["task"] for draft in drafts] == [task.id for task in builtin_tasks()]
    shown = run("draft", "--all", note())
    assert shown.stdout.count("Draft, to be reviewed by a doctor.") == 22


def test_a_dash_reads_standard_input():
    by_name = json.loads(run("draft", "triage", note(), "--json").stdout)
    by_pipe = json.loads(run("draft", "triage", "-", "--json", data=NOTE).stdout)
    assert by_pipe["text"] == by_name["text"]
    assert by_pipe["provenance"]["uri"] == ""


def test_the_language_of_a_draft(monkeypatch):
    def language(*arguments: str) -> str:
        return json.loads(run(*arguments, "--json").stdout)["language"]

    assert language("draft", "triage", note()) == "zh"
    assert language("draft", "triage", note(), "--language", "en") == "en"
    assert language("--set", "draft.language=en", "draft", "triage", note()) == "en"
    monkeypatch.setenv("DOCTORFLAN_DRAFT_LANGUAGE", "en")
    assert language("draft", "triage", note()) == "en"


def test_an_unknown_task_names_the_nearest():
    fails(run("draft", "case-sumary", note()), Exit.USAGE, "case-summary")


@pytest.mark.parametrize("command", [["inspect"], ["draft", "triage"], ["draft", "--all"]])
@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "is empty"), (b" \n", "only blanks"), (b"\x00\x01\x02\x03" * 99, "not a text file")],
)
def test_a_file_that_is_no_note_is_code_3(command, data, said):
    fails(run(*command, note(data)), Exit.BAD_FILE, said)


def test_another_encoding_is_said():
    result = run("inspect", note(NOTE.encode("gb18030")), "--json")
    assert result.stderr == "doctorflan-ls: note.txt: read as gb18030, not UTF-8\n"
    assert json.loads(result.stdout) == json.loads(run("inspect", note(), "--json").stdout)


def test_a_file_name_cannot_write_to_the_terminal():
    assert printable("a\x1b[31m\nb") == "a\ufffd[31m\ufffdb"
    fails(run("inspect", "no\x1b[31m\nfile"), Exit.BAD_FILE)


# inspect


@pytest.mark.parametrize("name", examples())
def test_the_analysis_keeps_its_contract(name):
    text = examples()[name]
    found = json.loads(run("inspect", note(text), "--json").stdout)
    jsonschema.validate(found, schema("analysis"))
    for fact in found["facts"]:
        assert text[slice(*fact["span"])] == fact["text"]
    for section in found["sections"]:
        assert text[slice(*section["heading_span"])].startswith(section["heading"])


@pytest.mark.parametrize("name", examples())
def test_the_analysis_can_be_read_by_people(name):
    result = run("inspect", note(examples()[name]))
    assert result.exit_code == 0
    found = json.loads(run("inspect", note(examples()[name]), "--json").stdout)
    for section in found["sections"]:
        assert section["id"] in result.stdout
    for finding in found["findings"]:
        assert finding["message"] in result.stdout
    assert f"Facts ({len(found['facts'])})" in result.stdout


def test_check_turns_findings_into_code_1():
    long = note(
        "主诉：" + "反复咳嗽、咳痰、气促、胸闷、心悸、乏力、纳差、消瘦、低热、盗汗" * 2 + "3天。\n"
    )
    assert run("inspect", long).exit_code == 0
    assert run("inspect", "--check", long).exit_code == Exit.FOUND


# tasks, config, doctor, demo, completion


def test_tasks_show_how_their_names_are_known():
    rows = [line.split() for line in run("tasks").stdout.splitlines()]
    assert [row[0] for row in rows] == [task.id for task in builtin_tasks()]
    assert [row[-1] for row in rows] == [task.origin for task in builtin_tasks()]
    listed = json.loads(run("tasks", "--json").stdout)
    assert [task["id"] for task in listed] == [task.id for task in builtin_tasks()]


def test_reconcile_writes_what_tasks_then_shows():
    rows = ["Triage", "Surgery Plan", "Medication Plan", "Zzz"]
    copy = note("\n".join(json.dumps({"category": row}) for row in rows), "copy.jsonl")
    result = run("tasks", "reconcile", copy, "--write")
    assert result.exit_code == 0
    assert "surgical-plan: the dataset has Surgery Plan" in result.stdout
    shown = {task["id"]: task for task in json.loads(run("tasks", "--json").stdout)}
    assert shown["surgical-plan"]["category"] == "Surgery Plan"
    origins = [shown[name]["origin"] for name in ("surgical-plan", "medication-plan", "triage")]
    assert origins == ["confirmed", "confirmed", "verified"]
    assert shown["emergency-plan"]["origin"] == "assumed"


def test_config_shows_value_and_source(monkeypatch):
    monkeypatch.setenv("DOCTORFLAN_DRAFT_DEADLINE", "30")
    result = run("--set", "draft.language=zh", "config", "--json")
    shown = json.loads(result.stdout)["settings"]
    assert result.exit_code == 0
    assert shown["draft.language"] == {"value": "zh", "source": "command line", "origin": "--set"}
    assert shown["draft.deadline"]["source"] == "environment"
    assert shown["checks.disabled"] == {"value": [], "source": "default", "origin": ""}
    assert "environment (DOCTORFLAN_DRAFT_DEADLINE)" in run("config").stdout


def test_config_fails_on_a_wrong_setting():
    result = run("--set", "nonsense=1", "config")
    assert result.exit_code == Exit.FOUND
    assert "no setting nonsense (--set); ignored" in result.stderr


def test_doctor_finds_this_installation_whole():
    result = run("doctor", "--json")
    items = {item["name"]: item for item in json.loads(result.stdout)}
    assert {"python", "tasks", "models", "draft", "server", "plugins"} <= set(items)
    assert [item for item in items.values() if item["state"] == "broken"] == []
    assert result.exit_code == 0


def test_doctor_names_what_is_broken_and_the_command_that_mends_it(monkeypatch):
    wanted = ["click>=8.1", "no-such-package>=3", "rich>=999", "none; extra == 'dataset'"]
    monkeypatch.setattr(selfcheck.metadata, "requires", lambda name: wanted)
    result = run("doctor")
    assert result.exit_code == Exit.FOUND
    pip = f"{sys.executable} -m pip install"
    assert f"mend: {pip} 'no-such-package>=3'" in result.stdout
    assert f"mend: {pip} 'rich>=999'" in result.stdout
    assert "needed only where `tasks reconcile` reads a parquet file" in result.stdout
    assert "2 to be mended." in result.stdout


def test_doctor_goes_on_when_drafts_fail(monkeypatch):
    def broken(*arguments):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(answering, "make_drafts", broken)
    result = run("doctor")
    assert result.exit_code == Exit.FOUND
    assert "the check failed (RuntimeError" in result.stdout
    assert "stdio, tcp, ws" in result.stdout
    assert SECRET not in result.output


@pytest.mark.parametrize("name", examples())
def test_demo_of_every_example(name):
    result = run("demo", "--example", name)
    assert result.exit_code == 0
    assert "[1]" in result.stdout
    assert name in run("demo", "--list").stdout


def test_demo_speaks_the_terminals_language(monkeypatch):
    assert "en-copd" in run("demo").stdout
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "草稿，须由医生审核" in run("demo").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell):
    script = run("completion", shell).stdout
    assert "_DOCTORFLAN_LS_COMPLETE" in script
    if shell == "bash" and shutil.which("bash"):
        checked = subprocess.run(["bash", "-n"], input=script, text=True, check=False)
        assert checked.returncode == 0


def test_completion_knows_the_commands(monkeypatch):
    monkeypatch.setenv("_DOCTORFLAN_LS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "doctorflan-ls ta")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert run().stdout == "plain,tasks\n"


# As a real program


def test_colours_only_where_they_are_wanted():
    plain = program("demo")
    assert b"\x1b[" not in plain.stdout
    forced = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert b"\x1b[3" in program("demo", env=forced).stdout
    refused = program("demo", env={**forced, "NO_COLOR": "1"}).stdout
    assert b"\x1b[3" not in refused


def test_output_is_utf8_whatever_the_locale():
    environment = {**os.environ, "PYTHONIOENCODING": "gbk", "PYTHONUTF8": "0"}
    result = program("inspect", note("主诉：发热3天。𠮷\n"), "--json", env=environment)
    assert json.loads(result.stdout.decode())["language"] == "zh"
    shown = program("--lang", "zh", "inspect", note("主诉：发热3天😀。\n"), env=environment)
    assert shown.returncode == 0
    assert shown.stderr == b""


@pytest.mark.skipif(os.name != "posix", reason="POSIX pipes and signals")
def test_a_reader_that_leaves_is_no_error():
    command = [sys.executable, "-m", "doctorflan_ls", "draft", "--all", note(NOTE * 50)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    running.stdout.close()
    assert running.stderr.read() == b""
    assert running.wait(60) == Exit.BROKEN_PIPE


@pytest.mark.skipif(os.name != "posix", reason="POSIX pipes and signals")
def test_a_waiting_command_ends_on_ctrl_c():
    command = [sys.executable, "-m", "doctorflan_ls", "inspect", "-"]
    running = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    # More than a pipe holds: once it is written, the command is reading.
    running.stdin.write(b"x" * 1_000_000)
    running.stdin.flush()
    # A signal between two reads is seen only after the second; let it come to rest in one.
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == Exit.INTERRUPTED
    assert b"Traceback" not in running.stderr.read()


# Text on a terminal


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [("ab", 4, "ab  "), ("发热", 6, "发热  "), ("abcdef", 3, "abcdef")],
)
def test_padding_counts_wide_characters_twice(text, columns, expected):
    assert padded(text, columns) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n b\x1b", "a b"),
        ("abcdefghijkl", "abcdefghi…"),
        ("发热咳嗽三天", "发热咳嗽…"),
    ],
)
def test_quotes_stay_on_one_line(text, expected):
    assert quoted(text, 10) == expected
    assert width(quoted(text, 10)) <= 10
