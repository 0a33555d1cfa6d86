"""Emacs, with eglot and with lsp-mode, as ``docs/editors/emacs.md`` configures them."""

from __future__ import annotations

import subprocess

import pytest

from tests.editors.conftest import DRAFT, NOTE, needs
from tests.editors.pages import config

pytestmark = pytest.mark.slow

# Nothing is compiled in a home folder that is thrown away.
_EARLY = "(setq native-comp-deferred-compilation nil inhibit-startup-screen t)\n"


def emacs(ward, client, *libraries):
    needs("emacs", "tmux")
    for library in libraries:
        command = ["emacs", "--batch", "-l", library]
        found = subprocess.run(command, capture_output=True, check=False, timeout=20)
        if found.returncode:
            pytest.skip(f"{library} for Emacs is not installed here")
    ward.write(".emacs.d/early-init.el", _EARLY)
    ward.write(".emacs.d/init.el", config("emacs", client))
    terminal = ward.open("emacs", "-nw", str(ward.path))
    # The note's findings: an error, a warning.
    terminal.shows("Flymake[1 1]")
    return terminal


@pytest.fixture
def eglot(ward):
    return emacs(ward, "eglot", "eglot")


@pytest.fixture
def lsp_mode(ward):
    return emacs(ward, "lsp-mode", "lsp-mode", "company")


def choose(emacs, label, question="Pick an action"):
    emacs.shows(question)
    emacs.type(label)
    emacs.keys("Tab", "Enter")


def go_to(emacs, text):
    """To the end of ``text``, searched from the top."""
    emacs.keys("M-<", "C-s")
    emacs.type(text)
    emacs.shows(f"I-search: {text}")
    # A command after the search, without which ElDoc says nothing of where it ended.
    emacs.keys("Enter", "C-b")


class TestEglot:
    def test_findings_and_hover(self, eglot):
        go_to(eglot, "莫西林")
        eglot.shows("an allergy to 青霉素 is recorded")
        eglot.shows("Drug: 阿莫西林")
        eglot.keys("M-x")
        eglot.type("flymake-show-buffer-diagnostics")
        eglot.keys("Enter")
        eglot.shows("doctorflan")

    def test_a_typed_task_becomes_its_draft_and_is_accepted(self, ward, eglot):
        eglot.keys("M->")
        eglot.type("/")
        eglot.keys("C-M-i")
        eglot.shows("Possible completions")
        eglot.type("Tri")
        eglot.keys("C-M-i")
        eglot.shows(DRAFT)
        eglot.keys("C-x", "C-s")
        ward.saves("the draft", f"{NOTE}{DRAFT}分诊", "感染科（依据：发热）")
        ward.saves_without("/Tri")
        go_to(eglot, "感染科")
        eglot.shows("Evidence")
        eglot.keys("C-c", "h")
        eglot.shows("*eldoc*")
        eglot.keys("C-x", "1", "M-.")
        eglot.shows("All L1 ")
        go_to(eglot, "感染科")
        eglot.keys("C-c", "a")
        choose(eglot, "Acc")
        eglot.hides(DRAFT)
        eglot.keys("C-x", "C-s")
        ward.saves("what was accepted", f"{NOTE}急诊征象", "感染科（依据：发热）")
        ward.saves_without(DRAFT)

    def test_a_code_action_and_discard(self, ward, eglot):
        eglot.keys("C-c", "a")
        choose(eglot, "Draft: Case")
        eglot.shows("Proceed?")
        eglot.type("y")
        eglot.shows(DRAFT)
        eglot.keys("C-x", "C-s")
        ward.saves("the draft", f"{DRAFT}病例总结")
        go_to(eglot, DRAFT)
        eglot.keys("C-c", "a")
        choose(eglot, "Dis")
        eglot.hides(DRAFT)
        eglot.keys("C-x", "C-s")
        ward.saves_the_note()


class TestLspMode:
    def test_findings_and_hover(self, lsp_mode):
        lsp_mode.keys("M-x")
        lsp_mode.type("flymake-show-buffer-diagnostics")
        lsp_mode.keys("Enter")
        lsp_mode.shows("an allergy to 青霉素 is recorded")
        lsp_mode.keys("C-x", "1")
        go_to(lsp_mode, "莫西林")
        lsp_mode.keys("C-c", "l", "h", "h")
        lsp_mode.shows("Drug: 阿莫西林")

    def test_a_typed_task_becomes_its_draft_and_is_accepted(self, ward, lsp_mode):
        lsp_mode.keys("M->")
        lsp_mode.type("/fz")
        # Completes when it has answered what was typed: earlier keys interrupt it.
        lsp_mode.shows("/fz")
        lsp_mode.keys("C-M-i")
        lsp_mode.shows(DRAFT)
        lsp_mode.keys("C-x", "C-s")
        # Not indented: an indented marker is none.
        ward.saves("the draft", f"{NOTE}{DRAFT}分诊", "\n1. 感染科（依据：发热）")
        ward.saves_without("/fz")
        go_to(lsp_mode, "感染科")
        lsp_mode.keys("C-c", "l", "h", "h")
        lsp_mode.shows("Evidence")
        lsp_mode.keys("C-x", "1", "M-.")
        lsp_mode.shows("All L1 ")
        go_to(lsp_mode, "感染科")
        lsp_mode.keys("C-c", "l", "a", "a")
        choose(lsp_mode, "Acc", "Select code action")
        lsp_mode.hides(DRAFT)
        lsp_mode.keys("C-x", "C-s")
        ward.saves("what was accepted", f"{NOTE}急诊征象", "感染科（依据：发热）")
        ward.saves_without(DRAFT)

    def test_a_code_action_and_discard(self, ward, lsp_mode):
        lsp_mode.keys("C-c", "l", "a", "a")
        choose(lsp_mode, "Draft: Case", "Select code action")
        lsp_mode.shows(DRAFT)
        lsp_mode.keys("C-x", "C-s")
        ward.saves("the draft", f"{DRAFT}病例总结")
        go_to(lsp_mode, DRAFT)
        lsp_mode.keys("C-c", "l", "a", "a")
        choose(lsp_mode, "Dis", "Select code action")
        lsp_mode.hides(DRAFT)
        lsp_mode.keys("C-x", "C-s")
        ward.saves_the_note()
