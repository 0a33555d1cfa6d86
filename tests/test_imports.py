"""Imports go one way, and nothing heavy is imported before it is needed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "doctorflan_ls"
HEAVY = {"numpy", "torch", "transformers", "onnxruntime", "pyarrow"}
# What the command line needs and the server's start must not pay for.
COMMAND_LINE = {"rich", "tomlkit", "packaging", "importlib.metadata", "click.shell_completion"}


def _loaded_after(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint(*sys.modules, sep='\\n')"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(result.stdout.split())


def test_the_contracts_of_the_architecture_hold():
    # In a process of its own: it sets up logging for the whole process.
    code = "import sys; from importlinter.cli import lint_imports_command as lint; lint()"
    command = [sys.executable, "-c", code, "--no-cache"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "code",
    [
        "import doctorflan_ls.server.stdio, doctorflan_ls.server.connection",
        "from doctorflan_ls.cli.app import app; import doctorflan_ls.cli.serve",
        "from doctorflan_ls.notes.note import parse_note; parse_note('主诉：发热3天。').facts",
        "from doctorflan_ls.engine import Engine; Engine().close()",
    ],
)
def test_nothing_heavy_is_imported_early(code):
    assert not _loaded_after(code) & HEAVY


def test_starting_the_server_imports_nothing_of_the_command_line():
    code = "import doctorflan_ls.cli.app, doctorflan_ls.cli.serve, doctorflan_ls.server.stdio"
    assert not _loaded_after(code) & COMMAND_LINE


@pytest.mark.parametrize("package", ["features", "notes", "tasks", "checks"])
def test_pure_packages_do_no_io_and_do_not_await(package):
    forbidden = re.compile(r"^\s*(async def|import (socket|subprocess|asyncio)\b)", re.MULTILINE)
    for path in (PACKAGE / package).rglob("*.py"):
        assert not forbidden.search(path.read_text(encoding="utf-8")), path.name


def test_only_the_command_line_prints():
    for path in PACKAGE.rglob("*.py"):
        if "cli" not in path.relative_to(PACKAGE).parts:
            source = path.read_text(encoding="utf-8")
            assert not re.search(r"^\s*(print|click\.echo)\(", source, re.MULTILINE), path.name
