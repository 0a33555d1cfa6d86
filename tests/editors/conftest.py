"""Real editors with the real server, on an invented note; skipped where an editor is not here."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.editors.terminal import Terminal, eventually

NOTE = (
    "主诉：发热3天。\n"
    "现病史：患者3天前受凉后发热，最高39.2℃，伴咳嗽，无胸痛。\n"
    "既往史：对青霉素过敏。\n"
    "诊疗计划：\n"
    "阿莫西林 0.5g 口服 每日3次。\n"
)
# What every draft's opening line begins with.
DRAFT = "〔DoctorFLAN 草稿 待审核｜"


class Ward:
    """A folder with a note in it, and the editor that is open on the note."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "note.txt"
        self.path.write_text(NOTE, encoding="utf-8")
        self.terminal: Terminal | None = None
        # Editors start what `doctorflan-ls` is for them: that of the Python that runs the tests.
        self.environment = {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "TERM": "screen-256color",
            "DOCTORFLAN_PLUGINS": "",
        }

    @property
    def saved(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def write(self, name: str, text: str) -> Path:
        """A file of the editor's configuration, ``name`` relative to the home folder."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def open(self, *command: str) -> Terminal:
        self.terminal = Terminal(list(command), self.home / "tmux", self.environment)
        return self.terminal

    def saves(self, what: str, *wanted: str) -> None:
        """Wait until each of ``wanted`` stands in the saved file."""
        eventually(what, lambda: all(each in self.saved for each in wanted), lambda: self.saved)

    def saves_without(self, *gone: str) -> None:
        """Wait until none of ``gone`` stands in the saved file."""
        eventually(
            f"a file without {gone}",
            lambda: not any(each in self.saved for each in gone),
            lambda: self.saved,
        )

    def saves_the_note(self) -> None:
        """Wait until the saved file is the note as it was."""
        eventually("the note as it was", lambda: self.saved == NOTE, lambda: self.saved)


@pytest.fixture
def ward(tmp_path):
    made = Ward(tmp_path)
    yield made
    if made.terminal is not None:
        made.terminal.close()


def needs(*programs: str) -> None:
    """Skip where one of ``programs`` is not installed."""
    for program in (*programs, "doctorflan-ls"):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        if shutil.which(program, path=path) is None:
            pytest.skip(f"{program} is not installed here")
