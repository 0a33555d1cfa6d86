"""What the pages of ``docs/editors`` say can be read by whom it is for, and leads somewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib

import pytest

from tests.editors.pages import PAGES

_NAMES = sorted(page.name for page in PAGES.glob("*.md"))
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
_BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(kind):
    return [
        pytest.param(found["text"], id=name)
        for name in _NAMES
        for found in _BLOCK.finditer((PAGES / name).read_text(encoding="utf-8"))
        if found["kind"] == kind
    ]


@pytest.mark.parametrize("name", _NAMES)
def test_links_lead_somewhere(name):
    for link in _LINK.findall((PAGES / name).read_text(encoding="utf-8")):
        assert (PAGES / link).exists(), link


def test_the_index_leads_to_every_page():
    index = (PAGES / "index.md").read_text(encoding="utf-8")
    assert set(_LINK.findall(index)) >= set(_NAMES) - {"index.md"}


@pytest.mark.parametrize("text", blocks("toml"))
def test_toml_is_toml(text):
    assert tomllib.loads(text)


@pytest.mark.parametrize("text", blocks("json"))
def test_json_is_json(text):
    assert json.loads(text)


@pytest.mark.parametrize("text", blocks("lua"))
def test_lua_is_lua(text, tmp_path):
    if shutil.which("nvim") is None:
        pytest.skip("nvim is not installed here")
    (tmp_path / "init.lua").write_text(text, encoding="utf-8")
    check = f"lua if not loadfile('{tmp_path}/init.lua') then vim.cmd('cquit') end"
    subprocess.run(["nvim", "--headless", "-u", "NONE", "+" + check, "+q"], check=True, timeout=10)
