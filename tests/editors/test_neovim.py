"""Neovim with the configuration that ``docs/editors/neovim.md`` has for versions before 0.11."""

from __future__ import annotations

import pytest

from tests.editors.conftest import DRAFT, NOTE, needs
from tests.editors.pages import config

pytestmark = pytest.mark.slow


@pytest.fixture
def nvim(ward):
    needs("nvim", "tmux")
    ward.write(".config/nvim/init.lua", config("neovim", "before-0.11"))
    terminal = ward.open("nvim", "-n", str(ward.path))
    # The first findings say that the server has read the note.
    terminal.shows("■")
    return terminal


def save(nvim):
    nvim.keys("Escape")
    nvim.type(":w")
    nvim.keys("Enter")


def choose(nvim, label):
    """Choose by its number what a list on the screen calls ``label``."""
    nvim.shows(label)
    [line] = [each for each in nvim.screen().splitlines() if label in each]
    nvim.type(line.split(":")[0].strip())
    nvim.keys("Enter")


def test_findings_and_hover(nvim):
    nvim.shows("阿莫西林 0.5g 口服 每日3次: an allergy to 青霉素 is recorded")
    nvim.type("5Gl")
    nvim.type("K")
    nvim.shows("Drug: 阿莫西林")
    nvim.keys("Escape")
    nvim.keys("C-w")
    nvim.type("d")
    nvim.shows("Diagnostics:")


def test_a_typed_task_becomes_its_draft_and_is_accepted(ward, nvim):
    nvim.keys("G", "o")
    nvim.type("/fz")
    nvim.keys("C-x", "C-o")
    choose(nvim, "Triage")
    nvim.shows(DRAFT)
    save(nvim)
    ward.saves("the draft", f"{NOTE}{DRAFT}分诊", "感染科（依据：发热）")
    ward.saves_without("/fz")
    # What a statement rests on: its words by hover, their place by definition.
    nvim.type("/感染科")
    nvim.keys("Enter")
    nvim.type("K")
    nvim.shows("Evidence")
    nvim.type("gd")
    nvim.shows("1,10")
    nvim.type("/感染科")
    nvim.keys("Enter")
    nvim.type("gra")
    choose(nvim, "Accept draft")
    nvim.hides(DRAFT)
    save(nvim)
    ward.saves("what was accepted", "感染科（依据：发热）")
    ward.saves_without(DRAFT)
    assert ward.saved.startswith(NOTE)


def test_a_task_of_a_long_list(ward, nvim):
    nvim.keys("G", "o")
    nvim.type("/")
    nvim.keys("C-x", "C-o")
    choose(nvim, "Case summary")
    nvim.shows(DRAFT)
    save(nvim)
    ward.saves("the draft", f"{NOTE}{DRAFT}病例总结")


def test_a_code_action_and_discard(ward, nvim):
    nvim.type("gra")
    choose(nvim, "Draft: Case summary")
    nvim.shows(DRAFT)
    save(nvim)
    ward.saves("the draft", f"{DRAFT}病例总结")
    nvim.type(f"/{DRAFT}")
    nvim.keys("Enter")
    nvim.type("gra")
    choose(nvim, "Discard draft")
    nvim.hides(DRAFT)
    save(nvim)
    ward.saves_the_note()
