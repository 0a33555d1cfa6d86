"""Kate, on a display that nobody sees, with the configuration of ``docs/editors/kate.md``."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.editors.conftest import DRAFT, NOTE, needs
from tests.editors.desktop import Desktop
from tests.editors.pages import config
from tests.editors.terminal import eventually

pytestmark = pytest.mark.slow


class Kate:
    """Kate on the ward's note. What the server tells it is kept: its screen cannot be read."""

    def __init__(self, ward) -> None:
        self.ward = ward
        self._told = ward.home / "told"
        real = shutil.which("doctorflan-ls", path=str(Path(sys.executable).parent))
        script = f'#!/bin/sh\n"{real}" "$@" | tee -a "{self._told}"\n'
        ward.write("bin/doctorflan-ls", script).chmod(0o755)
        ward.write(".config/kate/lspclient/settings.json", config("kate", "servers"))
        runtime = ward.home / "run"
        runtime.mkdir(mode=0o700)
        path = f"{ward.home / 'bin'}:{ward.environment['PATH']}"
        environment = {**ward.environment, "PATH": path, "XDG_RUNTIME_DIR": str(runtime)}
        self.desktop = Desktop(["kate", "-b", "-n", str(ward.path)], environment, "kate")

    def start(self) -> None:
        # It asks whether the server may be started.
        self.desktop.has_windows(2)
        self.desktop.keys("Return")
        self.desktop.has_windows(1)
        self.hears("textDocument/publishDiagnostics", "ZY-01")

    def hears(self, *wanted: str) -> None:
        """Wait until each of ``wanted`` is among what the server told; forget it."""

        def heard() -> bool:
            said = self._told.read_text("utf-8") if self._told.exists() else ""
            return all(each in said for each in wanted)

        eventually(f"{wanted} from the server", heard)
        self._told.write_text("", "utf-8")
        # Until it is on the screen.
        time.sleep(0.5)

    def choose(self, count: int) -> None:
        """The item ``count`` of the code actions at the cursor."""
        self.desktop.keys("alt+Return")
        self.hears('"kind"')
        self.desktop.keys(*["Down"] * count, "Return")

    def saves(self, what: str, *wanted: str) -> None:
        time.sleep(0.5)
        self.desktop.keys("ctrl+s")
        self.ward.saves(what, *wanted)


@pytest.fixture
def kate(ward):
    needs("kate", "Xvfb", "xdotool")
    made = Kate(ward)
    try:
        made.start()
        yield made
    finally:
        made.desktop.close()


def test_findings_and_hover(kate):
    # Over the drug of the fifth line: its finding, in a window of its own.
    kate.desktop.point(110, 190)
    eventually("a tool tip", lambda: len(kate.desktop.windows()) == 2)
    # Over the temperature of the second.
    kate.desktop.point(330, 136)
    kate.hears('"contents"', "39.2")


def test_a_typed_task_becomes_its_draft_and_is_accepted(ward, kate):
    kate.desktop.keys("ctrl+End")
    kate.desktop.type("/tri")
    kate.desktop.keys("ctrl+space")
    kate.hears(DRAFT)
    kate.desktop.keys("Return")
    # Kate leaves the "/"; the draft is one nevertheless.
    kate.saves("the draft", f"{NOTE}/{DRAFT}分诊", "感染科（依据：发热）")
    # To what a statement of the draft rests on: where the next character goes.
    kate.desktop.keys("Up", "Up", "Home", *["Right"] * 4)
    time.sleep(0.5)
    kate.desktop.keys("alt+l", "Return")
    time.sleep(0.5)
    kate.desktop.type("X")
    kate.saves("the place", "主诉：X发热")
    kate.desktop.keys("BackSpace", "ctrl+End", "Up", "Up", "Up")
    kate.choose(1)
    kate.saves("what was accepted", f"{NOTE}急诊征象")
    ward.saves_without(DRAFT)


def test_a_code_action_and_discard(ward, kate):
    kate.choose(1)
    kate.saves("the draft", DRAFT)
    kate.desktop.keys("ctrl+Home", "Down", "Down")
    kate.choose(2)
    time.sleep(0.5)
    kate.desktop.keys("ctrl+s")
    ward.saves_the_note()


def test_a_quick_fix_of_a_finding_applies_no_task(ward, kate):
    kate.desktop.keys("Down", "Down", "Down", "Down", "ctrl+period")
    kate.hears('"result"')
    # What was typed is saved, and it alone.
    kate.desktop.type("X")
    kate.saves("what was typed", "X")
    assert ward.saved.replace("X", "") == NOTE
