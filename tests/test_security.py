"""What docs/security.md promises, as far as it can be looked at without a server's process."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.overlay import overlaid
from doctorflan_ls.checks.run import check
from doctorflan_ls.checks.runaway import can_run_away
from doctorflan_ls.checks.table import rule_files
from doctorflan_ls.cli import deidentify_command
from doctorflan_ls.cli.app import app
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.score.book import score_tables
from doctorflan_ls.settings import load
from scripts.licences import licences, not_permissive, runtime_packages

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "doctorflan_ls"
# A terminal obeys these: a title, a colour in two ways, and letters in another order.
OBEYED = "\x1b]0;owned\x07\x9b31m\u202e"
FOLDERS = {"models": "models", "plugins": "tasks"}
LETTERS = set("\x1b\x07\x9b\u202e")
NOTE = (
    "门诊病历\n主诉：反复咳嗽、咳痰、气喘伴双下肢水肿10余年，加重3天\n现病史：T 50℃，无明显诱因"
    "出现咳嗽，伴气促，无发热，无胸痛，无咯血，自服药物后无好转，为进一步诊治来院。\n诊断：肺炎\n"
)


class Source(NamedTuple):
    """A module of the package: what it imports, and what it calls by name."""

    name: str
    imports: set[str]
    calls: set[str]


@cache
def sources() -> tuple[Source, ...]:
    return tuple(map(source, sorted(PACKAGE.rglob("*.py"))))


def source(path: Path) -> Source:
    imports, calls = set(), set()
    for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(each, ast.Import):
            imports |= {name.name for name in each.names}
        elif isinstance(each, ast.ImportFrom) and each.module:
            imports |= {each.module, *(f"{each.module}.{name.name}" for name in each.names)}
        elif isinstance(each, ast.Call):
            calls.add(dotted(each.func))
    return Source(path.relative_to(PACKAGE).as_posix(), imports, calls)


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


NETWORK = (
    *(
        "socket",
        "ssl",
        "http.client",
        "urllib.request",
        "httpcore2",
        "httpx",
        "requests",
        "aiohttp",
    ),
    *("websockets", "socketserver", "ftplib", "smtplib", "xmlrpc", "asyncio.open_connection"),
)


def test_the_only_modules_that_know_the_network_are_these():
    found = {
        module.name
        for module in sources()
        for each in module.imports
        if any(each == known or each.startswith(f"{known}.") for known in NETWORK)
    }
    assert found == {
        # A model's server, and the judge of an evaluation, both at hosts of the settings.
        *("models/openai/chat.py", "models/openai/exchange.py", "models/openai/wire.py"),
        "evaluation/judge_client.py",
        # Who listens.
        *("server/network.py", "server/tcp.py", "server/web.py", "server/ws.py"),
    }


PROGRAMS = {
    "testing/server.py": "the server under test, for plugins' authors",
    "cli/checking.py": "its own workers",
    "server/web.py": "the user's browser, at the user's command",
}


def test_the_only_modules_that_start_a_program_are_these():
    modules = {"subprocess", "multiprocessing", "webbrowser", "pty"}
    names = re.compile(r"os\.(?:system|popen|exec\w*|spawn\w*|posix_spawn\w*|startfile|fork\w*)")
    found = {
        module.name
        for module in sources()
        if module.imports & modules or any(map(names.fullmatch, module.calls))
    }
    assert found == PROGRAMS.keys()


def test_no_text_is_ever_run():
    forbidden = {"eval", "exec", "compile", "__import__", "pickle", "marshal", "shelve", "dill"}
    loaders = ("yaml.load", "yaml.full_load", "yaml.unsafe_load", "torch.load", "np.load")
    for module in sources():
        assert not module.calls & forbidden, module.name
        assert not module.imports & forbidden, module.name
        assert not any(each.endswith(loaders) for each in module.calls), module.name
    # It sees what it is for.
    assert {"yaml.parse", "socket.getaddrinfo"} <= set().union(*(each.calls for each in sources()))


def test_no_page_of_ours_takes_text_for_html():
    pages = [
        path
        for client in ("web", "vscode")
        for path in (ROOT / "clients" / client / "src").rglob("*.ts")
    ]
    if not pages:
        pytest.skip("the clients are not beside the package")
    wrong = re.compile(
        r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b"
        r"|supportHtml: true|isTrusted: true"
    )
    assert [path.name for path in pages if wrong.search(path.read_text(encoding="utf-8"))] == []


# Files of rules, whose patterns run over every note


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+",
        r"(?:[\u4e00-\u9fff]+)+#",
        r"(\s*\w+\s*)*",
        r"((a*)*)*b",
        r"(a|b+)*c",
        r"(?:x?a+)+$",
        r"(?:a{1,50}){2,}",
        r"(?=(?:a+)+b)",
    ],
)
def test_a_pattern_that_can_take_for_ever_is_known(pattern):
    assert can_run_away(pattern)


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def test_an_ordinary_pattern_is_not_taken_for_one():
    own = [r"(?:\d+,)*\d", r"a+b+", r"(?:a+)?", r"(?:(?:a+)b)+", r"(?:[^()]*\([^()]*\))*", "("]
    assert not any(map(can_run_away, [*own, *texts(rule_files())]))


@pytest.mark.parametrize(
    "source",
    [
        '[data.basic.placeholders]\npattern = "(?:[\\u4e00-\\u9fff]+)+#"\n',
        '[data.basic.vitals.temperature]\npattern = "(?:(\\\\d+)*)*x"\n',
    ],
)
def test_a_rule_file_cannot_keep_the_server_busy_for_ever(source):
    made = overlaid({"ours.toml": source})
    (problem,) = made.problems
    assert "pattern" in problem.user_message("en")
    long = NOTE + "反复咳嗽咳痰气喘" * 40 + "1" * 60
    assert check(parse_note(long), CheckOptions(table=made.table)) == check(parse_note(long))


@pytest.mark.parametrize(
    "source",
    [
        '[rule.ZA-04]\nzh = "主诉{count:>9999999999}字，限{limit}字"\n',
        '[rule.ZA-04]\nzh = "主诉{count:>{limit}}字"\n',
        '[data.arithmetic.problems.sum]\nzh = "{shown:9999999999}不符（{total}，{sum}）"\n',
    ],
)
def test_nor_take_all_memory_for_a_message(source):
    made = overlaid({"ours.toml": source})
    (problem,) = made.problems
    assert problem.key == "rules.bad-value"
    assert check(parse_note(NOTE), CheckOptions(table=made.table)) == check(parse_note(NOTE))


def test_nor_can_a_table_of_points(tmp_path):
    own = (PACKAGE / "data" / "scores" / "zhejiang_tcm_inpatient_2021.toml").read_text("utf-8")
    assert own.count('says = "过敏"') == 1
    file = tmp_path / "ours.toml"
    file.write_text(own, encoding="utf-8")
    assert score_tables(str(file)).problems == ()
    file.write_text(own.replace("过敏", "(?:敏+)+x"), encoding="utf-8")
    chosen = score_tables(str(file))
    assert chosen.tables == ()
    (problem,) = chosen.problems
    assert "says" in problem.user_message("en")


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(
    "raw",
    [
        {"checks": {"rules": ["/tmp/evil.toml"]}},
        {"checks": {"score_table": "/tmp/evil.TOML"}},
        {"checks.rules": ["~/evil.toml"]},
    ],
)
def test_neither_a_workspace_nor_a_shared_servers_client_names_a_file_of_rules(
    tmp_path, raw, shared
):
    (tmp_path / "ward").mkdir()
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    if shared:
        resolved = load(None, raw, environment=environment, shared=True)
    else:
        lines = [
            f'"{key}" = {json.dumps(value)}' if "." in key else f"[{key}]\n{_toml(value)}"
            for key, value in raw.items()
        ]
        (tmp_path / "ward" / ".doctorflan.toml").write_text("\n".join(lines), encoding="utf-8")
        resolved = load(tmp_path / "ward", environment=environment)
    checks = resolved.settings.checks
    assert (checks.rules, checks.score_table) == ((), "")
    (problem,) = resolved.problems
    assert problem.key == ("settings.untrusted-client" if shared else "settings.untrusted")


def _toml(table: dict[str, object]) -> str:
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in table.items())


def test_a_workspace_may_still_choose_a_table_that_comes_with_the_server(tmp_path):
    (tmp_path / ".doctorflan.toml").write_text('[checks]\nscore_table = "off"\n', encoding="utf-8")
    resolved = load(tmp_path, environment={"XDG_CONFIG_HOME": str(tmp_path / "xdg")})
    assert resolved.settings.checks.score_table == "off"
    assert resolved.problems == ()


# The terminal


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """A folder whose file's name and words would write to a terminal."""
    if os.name == "nt":
        pytest.skip("Windows has no such names")
    monkeypatch.chdir(tmp_path)
    name = "a\x1b[31mx\n<b>::error::.txt"
    text = (
        NOTE.replace("咳嗽，", f"咳嗽{OBEYED}，").replace("肺炎", f"肺炎{OBEYED}")
        + "平素体健。" * 90
    )
    Path(name).write_text(text, encoding="utf-8")
    return name


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["check", "--score"],
        ["check", "--format", "html"],
        ["inspect"],
        ["draft", "case-summary"],
        ["draft", "triage"],
        ["calculate"],
    ],
    ids=" ".join,
)
def test_nothing_of_a_note_or_its_name_is_obeyed_by_a_terminal(hostile, command):
    result = CliRunner().invoke(app, [*command, hostile])
    assert result.exit_code in (0, 1), result.output
    assert not LETTERS & set(result.output)


@pytest.mark.parametrize("command", [["models", "list"], ["tasks"], ["draft", "trap"]])
def test_nor_of_what_models_and_task_files_say_of_themselves(tmp_path, command):
    words = json.dumps(OBEYED)
    folder = tmp_path / "models" / "trap"
    folder.mkdir(parents=True)
    told = f"[{{}}]\nzh = {words}\nen = {words}\n"
    (folder / "model.toml").write_text(
        'id = "trap"\nversion = "1"\nkind = "openai"\nlanguages = ["zh", "en"]\n'
        f"licence = {words}\nsource = {words}\n{told.format('description')}{told.format('limits')}"
        '[remote]\nurl = "http://10.0.0.5/v1"\nmodel = "ward"\n',
        encoding="utf-8",
    )
    task = (PACKAGE / "tasks" / "data" / "triage.toml").read_text(encoding="utf-8")
    task = task.replace('id = "triage"', 'id = "trap"').replace('"verified"', '"plugin"')
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "trap.toml").write_text(
        re.sub(r'\b(zh|en) = "', lambda found: found[0] + words[1:-1], task), encoding="utf-8"
    )
    (tmp_path / "n.txt").write_text(NOTE, encoding="utf-8")
    models, tasks = (f"{key}.folder={tmp_path / name}" for key, name in FOLDERS.items())
    settings = ["--set", models, "--set", tasks]
    file = [str(tmp_path / "n.txt")] if command[0] == "draft" else []
    result = CliRunner().invoke(app, [*settings, *command, *file])
    assert result.exit_code == 0, result.output
    assert "owned" in result.output or "trap" in result.output
    assert not LETTERS & set(result.output)


def test_a_masked_note_is_shown_harmless_and_piped_whole(hostile, monkeypatch):
    piped = CliRunner().invoke(app, ["deidentify", hostile]).stdout_bytes.decode()
    assert OBEYED in piped

    class Terminal:
        def __init__(self):
            self.buffer = self
            self.data = b""

        def isatty(self):
            return True

        def flush(self):
            pass

        def write(self, data):
            self.data += data

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    deidentify_command._print(piped)
    assert not LETTERS & set(terminal.data.decode())
    assert len(terminal.data.decode()) == len(piped)


def test_sarif_has_a_uri_in_the_place_of_a_uri(hostile):
    found = json.loads(CliRunner().invoke(app, ["check", "--format", "sarif", hostile]).stdout)
    (uri, *_) = [
        each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for each in found["runs"][0]["results"]
    ]
    assert uri == "a%1B%5B31mx%0A%3Cb%3E%3A%3Aerror%3A%3A.txt"


# Folders of somebody else


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("command", [["check"], ["deidentify", "--json"]], ids=" ".join)
def test_a_folder_with_pipes_and_links_is_read_to_its_end(tmp_path, command):
    ward = tmp_path / "ward"
    ward.mkdir()
    (ward / "n.txt").write_text(NOTE, encoding="utf-8")
    os.mkfifo(ward / "pipe.txt")
    (tmp_path / "outside.txt").write_text("主诉：别处的秘密3天\n", encoding="utf-8")
    (ward / "link.txt").symlink_to(tmp_path / "outside.txt")
    (ward / "loop").symlink_to(ward, target_is_directory=True)
    result = CliRunner().invoke(app, [*command, str(ward)])
    assert result.exit_code in (0, 1)
    assert "n.txt" in result.output
    assert "pipe.txt" not in result.output
    assert "link.txt" not in result.output


def test_the_folder_that_one_stands_in_runs_no_code(tmp_path):
    (tmp_path / "trap.py").write_text("open('ran', 'a').write('plugin')\n", encoding="utf-8")
    for name in ("click", "yaml", "pluggy"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'a').write('x')\n", encoding="utf-8")
    package = tmp_path / "trap-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: trap\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[doctorflan_ls]\ntrap = trap\n")
    (tmp_path / "n.txt").write_text("---\nseverity: 病危\n---\n" + NOTE, encoding="utf-8")
    kept = {key: each for key, each in os.environ.items() if not key.startswith("DOCTORFLAN_")}
    command = [sys.executable, "-m", "doctorflan_ls", "check", "--fail-on", "never", "n.txt"]
    environment = {**kept, "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ran").exists()


# What the project is made of


def test_every_package_that_is_installed_with_it_has_a_permissive_licence():
    found = licences(runtime_packages())
    assert len(found) > 20
    assert not_permissive(found) == {}


# The page


def test_every_test_that_the_page_names_is_there():
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|clients)/[\w./-]+)(?:::([\w.]+))?`", page)
    assert len(named) > 40
    for file, name in named:
        if file.startswith("clients/") and not (ROOT / "clients").exists():
            continue
        assert (ROOT / file).is_file(), file
        if name:
            body = (ROOT / file).read_text(encoding="utf-8")
            assert re.search(rf"^\s*(?:async )?def {name}\(", body, re.MULTILINE), (file, name)
