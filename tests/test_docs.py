"""What the documents say is what the program does."""

import importlib
import importlib.util
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from doctorflan_ls.cli.app import _COMMANDS, app
from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.settings import SETTINGS

ROOT = Path(__file__).parent.parent
_IMPORTED = re.compile(r"^\s*from (doctorflan_ls\S*) import (\w+)$", re.MULTILINE)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _generate():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "scripts" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["schemas/settings.schema.json", "docs/settings.md", "README.md"])
def test_generated_files_are_current(name):
    path = ROOT / name
    expected = _generate().generated()[path]
    assert path.read_text(encoding="utf-8") == expected, "run: python -m scripts.generate"


@pytest.mark.parametrize("part", ["demo", "tasks", "help"])
def test_the_readme_has_its_generated_parts(part):
    assert README.count(f"<!-- {part}: scripts/generate.py -->") == 1


def test_readme_starts_with_the_two_commands():
    first_screen = "\n".join(README.splitlines()[:40])
    assert "doctorflan-ls demo" in first_screen
    assert "-m pytest" in first_screen


def test_every_setting_is_documented():
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for setting in SETTINGS.values():
        assert f"`{setting.key}`" in page
        assert f"`{setting.variable}`" in page


def test_every_exit_code_is_documented():
    for code in Exit:
        assert re.search(rf"^\| {int(code)} \| ", README, re.MULTILINE), code


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_has_help(name):
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_local_links_lead_somewhere():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
        for link in links:
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_what_the_pages_import_is_there():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *ROOT.glob("plugins/*/README.md")]
    lines = [
        (page.name, line)
        for page in pages
        for line in _IMPORTED.findall(page.read_text(encoding="utf-8"))
    ]
    assert lines
    for name, (module, wanted) in lines:
        found = importlib.import_module(module)
        if not hasattr(found, wanted):
            assert importlib.util.find_spec(f"{module}.{wanted}"), f"{name}: {module}.{wanted}"
