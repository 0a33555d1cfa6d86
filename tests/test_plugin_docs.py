"""The plugin guide says what the SDK does: signatures, budgets, messages; every example runs."""

import importlib
import inspect
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from doctorflan_ls import hookspecs, testing
from doctorflan_ls.cli.app import app
from doctorflan_ls.cli.plugin_commands import all_commands
from doctorflan_ls.hookspecs import BUDGETS
from doctorflan_ls.i18n import message
from doctorflan_ls.notes.brought import read_with
from doctorflan_ls.plugins import Plugins
from doctorflan_ls.plugins.calls import MOST_FAILURES, REST_SECONDS
from doctorflan_ls.plugins.hooks import findings
from doctorflan_ls.plugins.loading import HOOKS, Point
from doctorflan_ls.plugins.report import plugin_rows
from doctorflan_ls.settings import SETTINGS
from doctorflan_ls.testing import QueueModel, draft, note, pytest_plugin
from tests.plugin_packages import install

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "plugins"
PAGES = sorted(GUIDE.rglob("*.md"))
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
_REFERENCE = re.compile(r"\bref [0-9a-f]{4}\b")
_COMMAND = re.compile(
    # Options of the group may stand before the command's name.
    r"doctorflan-ls(?: --(?:set|lang) [^\s`]+| --[^\s`]+)* ([a-z0-9]+(?:-[a-z0-9]+)*)(?: ([a-z]+))?"
)
_PLUGIN_LINK = re.compile(r"\]\((?:\.\./)+plugins/([a-z0-9-]+)\)")
NOTE = """\
主诉：咳嗽3天。
体格检查：疼痛评分4分。
初步诊断：肺炎。
出院医嘱：遵医嘱服药，1周后复查血常规。
"""

# What is done wrong to a page's example: its message is on the page.
FAULTS = {
    "register_tasks": ("vitals:", "vitales:"),
    "register_models": ('kind="skeleton"', 'kind="rules"'),
    "register_sections": ("伤口情况", "主诉"),
    "register_checks": ('{"score": match[1]}', "{}"),
    "register_terms": ("肺气虚证", "证"),
    "register_commands": ('command("ward-phone")', 'command("draft")'),
    "draft_context": ("    if task.id", "    raise ValueError\n    if task.id"),
    "amend_prompt": ("prompt.told(LINES[prompt.language])", "LINES[prompt.language]"),
    "check_draft": ("at + len(VAGUE)", "at + 10**6"),
    "record_event": ('"WARD_JOURNAL"', '"NO_SUCH_VARIABLE"'),
}


def text(*parts: str) -> str:
    return GUIDE.joinpath(*parts).read_text(encoding="utf-8")


def page(hook: str) -> str:
    return text("hooks", f"{hook}.md")


def blocks(source: str, language: str = "python") -> list[str]:
    return [body for name, body in _BLOCK.findall(source) if name == language]


def headings(source: str) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    plain = _BLOCK.sub("", source)
    titles = re.findall(r"^#+ (.*)$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.fixture
def ward(tmp_path, monkeypatch):
    """Loads a source as the plugin ``ward``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load(source: str) -> Plugins:
        (tmp_path / "ward.py").write_text(source, encoding="utf-8")
        importlib.invalidate_caches()
        point = Point("ward", "1.0", "ward", lambda: importlib.import_module("ward"))
        plugins = Plugins(None, lambda: [point])
        registry = plugins.load()
        read_with(registry.sections, registry.terms)
        return plugins

    yield load
    sys.modules.pop("ward", None)


# Each hook's page


@pytest.mark.parametrize("hook", HOOKS)
def test_a_page_has_the_hooks_signature_maturity_and_budget(hook):
    function = getattr(hookspecs, hook)
    lines = page(hook).splitlines()
    assert lines[0] == f"# {hook}({', '.join(inspect.signature(function).parameters)})"
    maturity = re.search(r"Maturity: (\w+)\.", function.__doc__)[1]
    assert f"- Maturity: {maturity}" in lines
    assert f"- Budget: {BUDGETS[hook]:g} s" in lines


@pytest.mark.parametrize("hook", HOOKS)
def test_a_page_names_real_plugins_that_use_the_hook(hook):
    used_by = page(hook).split("- Used by:")[1].split("\n\n")[0]
    names = _PLUGIN_LINK.findall(used_by)
    assert names
    row = next(line for line in text("index.md").splitlines() if f"(hooks/{hook}.md)" in line)
    assert _PLUGIN_LINK.findall(row) == names
    for name in names:
        source = ROOT / "plugins" / name / "src"
        implemented = re.compile(rf"@hookimpl\ndef {hook}\(")
        assert any(implemented.search(file.read_text("utf-8")) for file in source.rglob("*.py")), (
            name
        )


@pytest.mark.parametrize("hook", HOOKS)
def test_a_pages_example_does_what_its_test_says(hook, ward, request):
    example, checks = blocks(page(hook))
    plugins = ward(example)
    assert [problem.error.user_message("en") for problem in plugins.problems] == []
    assert list(plugins.plugins[0].hooks) == [hook]
    given = {"doctorflan_plugins": plugins, "doctorflan_model": QueueModel()}
    space = {"__name__": hook}
    exec(compile(checks, f"{hook}.md", "exec"), space)
    tests = [each for name, each in space.items() if name.startswith("test_")]
    assert tests
    for test in tests:
        names = inspect.signature(test).parameters
        test(**{name: given.get(name) or request.getfixturevalue(name) for name in names})
    assert plugins.plugins[0].caller.failure is None


@pytest.mark.parametrize("hook", HOOKS)
def test_a_page_has_the_message_of_a_failure(hook, ward):
    example = blocks(page(hook))[0]
    right, wrong = FAULTS[hook]
    assert right in example
    plugins = ward(example.replace(right, wrong))
    read = note(NOTE).note
    model = QueueModel(["请核对。"])
    for task in ("treatment-plan", "discharge-instruction"):
        draft(plugins, task, read)
    draft(plugins, "medication-plan", read, model=model)
    findings(plugins, read)
    problems: list = []
    list(all_commands(plugins, app.list_commands(click.Context(app)), problems))
    (row,) = plugin_rows(plugins, "en")
    said = [row["reason"], *(problem.user_message("en") for problem in problems)]
    shown = "".join(blocks(page(hook), "text"))
    expected = [_REFERENCE.sub("ref 1a2b", line) for line in filter(None, said)]
    assert len(expected) == 1
    assert expected[0] + "\n" == shown


# The index


def test_the_index_has_every_hook_with_its_budget():
    rows = {}
    for line in text("index.md").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if found := re.match(r"\[`(\w+)`\]\(hooks/\1\.md\)", cells[0]):
            rows[found[1]] = cells
    assert tuple(rows) == HOOKS
    for hook, (_, _, maturity, budget, _) in rows.items():
        assert maturity == re.search(r"Maturity: (\w+)\.", getattr(hookspecs, hook).__doc__)[1]
        assert budget == f"{BUDGETS[hook]:g} s"


def test_the_index_has_every_budget():
    others = BUDGETS.keys() - set(HOOKS)
    for name in others:
        assert f"| `{name}` | {BUDGETS[name]:g} s |" in text("index.md")


def test_the_index_has_the_numbers_of_the_fence():
    assert (MOST_FAILURES, REST_SECONDS) == (3, 300)
    assert "three times in a row" in text("index.md")
    assert "five minutes" in text("index.md")


# Testing a plugin


@pytest.mark.parametrize("name", testing.__all__)
def test_every_name_of_the_test_kit_is_on_its_page(name):
    assert f"`{name}" in text("testing.md")


@pytest.mark.parametrize("name", ["doctorflan_plugins", "doctorflan_model", "doctorflan_server"])
def test_every_fixture_is_on_the_page(name):
    assert hasattr(pytest_plugin, name)
    assert f"`{name}`" in text("testing.md")


@pytest.mark.slow
def test_the_examples_of_the_test_kit_run(tmp_path):
    """In a plugin as `plugins new` makes it, as its author would run them."""
    made = CliRunner().invoke(app, ["plugins", "new", "ward-handover", "--into", str(tmp_path)])
    assert made.exit_code == 0, made.output
    project = tmp_path / "ward-handover"
    examples = blocks(text("testing.md"))
    for number, example in enumerate(examples):
        (project / "tests" / f"test_page_{number}.py").write_text(example, encoding="utf-8")
    site = tmp_path / "site"
    install(site, project)
    paths = os.pathsep.join((str(site), str(ROOT)))
    environment = {k: v for k, v in os.environ.items() if k != "DOCTORFLAN_PLUGINS"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "page"]
    done = subprocess.run(
        command,
        cwd=project,
        env=environment | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tests = sum(len(re.findall(r"^\s*def test_", example, re.MULTILINE)) for example in examples)
    assert tests >= 6


# Hospital IT


@pytest.mark.slow
def test_wheels_are_pinned_by_their_hashes(tmp_path):
    """The page's script, and pip with what it wrote: a wheel that was changed is refused."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel = folder / "ward_tasks-1.0-py3-none-any.whl"
    _make_wheel(wheel)
    (script,) = blocks(text("hospital-it.md"))
    done = _run(tmp_path, "-c", script)
    assert re.fullmatch(r"ward-tasks==1\.0 --hash=sha256:[0-9a-f]{64}\n", done.stdout)
    (tmp_path / "requirements.txt").write_text(done.stdout, encoding="utf-8")
    options = "--no-index --find-links wheels --require-hashes -r requirements.txt"
    assert f"pip install {options}" in text("hospital-it.md")
    command = ("-m", "pip", "install", *options.split(), "--target", "installed")
    assert _run(tmp_path, *command).returncode == 0
    assert (tmp_path / "installed" / "ward_tasks" / "__init__.py").exists()
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("ward_tasks/more.py", "")
    refused = _run(tmp_path, *command[:-1], "again")
    assert refused.returncode == 1
    assert "DO NOT MATCH THE HASHES" in refused.stderr


def _make_wheel(path: Path) -> None:
    info = "ward_tasks-1.0.dist-info"
    files = {
        "ward_tasks/__init__.py": "",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: ward-tasks\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def _run(folder: Path, *command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("key", ["plugins.wrong-api", "plugins.trouble", "plugins.restart"])
def test_hospital_it_reads_the_real_messages(key):
    fields = {
        "plugins.wrong-api": {"plugin": "ward", "wanted": 2, "api": hookspecs.API},
        "plugins.trouble": {"count": 1, "names": "ward"},
        "plugins.restart": {},
    }
    assert message(key, "en", **fields[key]) in text("hospital-it.md")


# What all pages name


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_links_lead_somewhere(file):
    source = file.read_text(encoding="utf-8")
    for link in _LINK.findall(source):
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), link
        if anchor:
            assert anchor in headings(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_commands_settings_and_variables_exist(file):
    source = file.read_text(encoding="utf-8")
    for name, sub in _COMMAND.findall(source):
        _check_command(name, sub)
    spans = re.findall(r"`([a-z]+\.[a-z_-]+)`", source)
    for span in spans:
        section = span.partition(".")[0]
        if section in {"checks", "models", "network", "plugins"} and not span.endswith(".md"):
            assert span in SETTINGS, span
    known = {each.variable for each in SETTINGS.values()}
    known |= {"DOCTORFLAN_API", "DOCTORFLAN_PLUGINS"}
    for variable in re.findall(r"\bDOCTORFLAN_[A-Z_]+", source):
        assert variable in known, variable


def _check_command(name: str, sub: str) -> None:
    # Commands that the pages' own plugins add.
    if name in {"ward-phone", "icd10"}:
        return
    context = click.Context(app)
    assert name in app.list_commands(context), name
    found = app.get_command(context, name)
    if isinstance(found, click.Group) and sub:
        assert sub in found.list_commands(context), f"{name} {sub}"


def test_every_page_is_reached_from_the_index():
    linked = {
        (GUIDE / link.partition("#")[0]).resolve() for link in _LINK.findall(text("index.md"))
    }
    assert set(PAGES) - {GUIDE / "index.md"} <= linked
