"""Vim with ALE, with the configuration of ``docs/editors/vim.md``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editors.conftest import DRAFT, NOTE, needs
from tests.editors.pages import config

pytestmark = pytest.mark.slow
_ALE = Path("/usr/share/vim-ale")


@pytest.fixture
def vim(ward):
    needs("vim", "tmux")
    if not _ALE.is_dir():
        pytest.skip("the Debian package vim-ale is not installed here")
    ward.write(".vim/vimrc", config("vim", "ale"))
    terminal = ward.open("vim", "-n", str(ward.path))
    terminal.shows("> please complete")
    return terminal


def save(vim):
    vim.type(":w")
    vim.keys("Enter")


def choose(vim, label):
    """Choose by its number what the list on the screen calls ``label``."""
    vim.shows("Type number")
    [line] = [each for each in vim.screen().splitlines() if label in each]
    vim.type(line.split(")")[0].strip())
    vim.keys("Enter")


def test_findings_and_hover(vim):
    vim.shows("an allergy to 青霉素 is recorded")
    vim.type("5Gl")
    vim.type("K")
    vim.shows("Drug: 阿莫西林")


def test_a_draft_of_the_whole_note_its_evidence_and_its_acceptance(ward, vim):
    vim.type("grA")
    choose(vim, "Draft: Triage")
    vim.shows(DRAFT)
    save(vim)
    ward.saves("the draft", f"{NOTE}{DRAFT}分诊", "感染科（依据：发热）")
    vim.type("/感染科")
    vim.keys("Enter")
    vim.type("K")
    vim.shows("Evidence")
    vim.type("gd")
    # The right line; its columns are bytes where the protocol counts characters.
    vim.shows("1,4-3")
    vim.type("/感染科")
    vim.keys("Enter")
    vim.type("gra")
    choose(vim, "Accept draft")
    vim.hides(DRAFT)
    save(vim)
    ward.saves("what was accepted", f"{NOTE}急诊征象", "感染科（依据：发热）")
    ward.saves_without(DRAFT)


def test_discard(ward, vim):
    vim.type("grA")
    choose(vim, "Draft: Case summary")
    vim.shows(DRAFT)
    save(vim)
    ward.saves("the draft", f"{DRAFT}病例总结")
    vim.type(f"/{DRAFT}")
    vim.keys("Enter")
    vim.type("gra")
    choose(vim, "Discard draft")
    vim.hides(DRAFT)
    save(vim)
    ward.saves_the_note()
