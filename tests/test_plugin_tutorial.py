"""The tutorial, run as a reader runs it: every command, every file, and what it says is printed."""

import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "plugins" / "tutorial.md"
_BLOCK = re.compile(
    r"(?:^Write `(?P<path>[^`]+)`:\n\n)?^```(?P<language>\w+)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SECONDS = re.compile(r"\d+\.\d+ ?s\b")
_MARK = "--- end of block"


class Block(NamedTuple):
    """A fenced block; ``path`` is that of a file to write."""

    path: str
    language: str
    body: str


def blocks() -> list[Block]:
    found = _BLOCK.finditer(PAGE.read_text(encoding="utf-8"))
    return [Block(each["path"] or "", each["language"], each["body"]) for each in found]


def script(page: list[Block]) -> str:
    """The page as one shell script that stops at the first command that fails."""
    lines = ["set -e"]
    for number, block in enumerate(page):
        if block.path:
            # A leading ~ is the shell's to expand.
            lines.append(f'mkdir -p "$(dirname {block.path})"')
            lines.append(f"cat > {block.path} <<'END_OF_FILE'\n{block.body}END_OF_FILE")
        elif block.language == "sh":
            lines.append(f"{block.body}echo '{_MARK} {number}'")
    return "\n".join(lines)


def environment(home: Path) -> dict[str, str]:
    """A reader's: nothing of this run but its Python and what pip may fetch from."""
    ours = re.compile(r"DOCTORFLAN_|XDG_|PYTEST_|PYTHON|COV_|VIRTUAL_ENV|LC_|LANG")
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    python = home / "python"
    python.mkdir(parents=True)
    (python / "python3").symlink_to(Path(sys.executable).resolve())
    kept["PATH"] = os.pathsep.join((str(python), kept.get("PATH", os.defpath)))
    kept |= {"HOME": str(home), "LANG": "C.UTF-8", "DOCTORFLAN": str(ROOT), "PIP_QUIET": "1"}
    kept["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    if all(importlib.util.find_spec(name) for name in ("hatchling", "editables")):
        # Without a network; where one of them is not here, pip fetches it.
        kept |= {"PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"}
    return kept


def share_packages(venv: Path) -> None:
    """Let the environment that the page makes find the packages of this one.

    ``venv`` leaves what is in its folder; nothing has to be fetched for the page's installations.
    """
    scheme = "nt_venv" if os.name == "nt" else "posix_venv"
    site = sysconfig.get_path("purelib", scheme, {"base": str(venv), "platbase": str(venv)})
    Path(site).mkdir(parents=True)
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(site) / "shared.pth").write_text("\n".join(sorted(ours)) + "\n", encoding="utf-8")


def plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in _SECONDS.sub("N s", text).strip().splitlines())


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the page is for a Unix shell")
def test_the_tutorial_runs_from_its_first_to_its_last_command(tmp_path):
    page = blocks()
    folder = tmp_path / "empty"
    share_packages(folder / "venv")
    done = subprocess.run(
        ["bash", "-c", script(page)],
        cwd=folder,
        env=environment(tmp_path / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    shown = printed(page, done.stdout)
    for number, block in enumerate(page):
        if block.language == "text" and not block.path:
            ran = max(each for each in shown if each < number)
            assert plain(block.body) in plain(shown[ran]), f"{block.body}\nnot in\n{shown[ran]}"


def printed(page: list[Block], output: str) -> dict[int, str]:
    """What each block of commands printed, by the block's number."""
    parts = re.split(rf"^{_MARK} (\d+)\n", output, flags=re.MULTILINE)
    found = {int(number): text for text, number in zip(parts[::2], parts[1::2], strict=False)}
    commands = [n for n, block in enumerate(page) if block.language == "sh" and not block.path]
    assert list(found) == commands
    return found


def test_every_block_of_the_tutorial_is_used():
    """A file that is written, commands, their output, or the editor's configuration."""
    page = blocks()
    assert len(page) == PAGE.read_text(encoding="utf-8").count("```") / 2
    others = {block.language for block in page if not block.path} - {"sh", "text"}
    assert others == {"lua"}
    (lua,) = (block.body for block in page if block.language == "lua")
    assert lua in (ROOT / "docs" / "editors" / "neovim.md").read_text(encoding="utf-8")
