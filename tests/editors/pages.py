"""The configurations of ``docs/editors``: a test runs the very text that the page shows."""

from __future__ import annotations

import re
from pathlib import Path

PAGES = Path(__file__).resolve().parents[2] / "docs" / "editors"
# A block that a test runs is announced by a comment, which the rendered page does not show.
_BLOCK = re.compile(
    r"^<!-- config: (?P<name>\S+) -->\n```\w*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


def config(page: str, name: str) -> str:
    """The block ``name`` of the page ``page`` (without ``.md``)."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    [found] = [each["text"] for each in _BLOCK.finditer(text) if each["name"] == name]
    return found
