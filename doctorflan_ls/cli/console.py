"""Coloured output: colours on a terminal alone, and never where NO_COLOR is set."""

from __future__ import annotations

import json
import re
import sys
from typing import Any
from unicodedata import east_asian_width

from rich.console import Console
from rich.text import Text

HEADING = "bold"
ID = "cyan"
QUIET = "dim"
GOOD = "green"
GAP = "yellow"
BAD = "bold red"
MARK = "bold magenta"


# A terminal obeys some of these, whoever wrote them; the last two rows turn the order of letters.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # rich would end the process with code 1; the group knows a better end.
        raise BrokenPipeError

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401  (rich's own signature)
        """Print ``objects``; what a terminal would obey comes from rich alone."""
        super().print(*map(_harmless, objects), **options)


def _harmless(shown: object) -> object:
    if isinstance(shown, str):
        return harmless(shown)
    if isinstance(shown, Text):
        shown = shown.copy()
        # As long as it was, so that its styles stay where they are.
        shown.plain = harmless(shown.plain)
    return shown


def console() -> Console:
    """Standard output. Nothing that is shown is read as markup or obeyed; no line is wrapped."""
    return _Console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def print_json(value: object) -> None:
    """``value`` as indented JSON in UTF-8, whatever the terminal's encoding."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()


def harmless(text: str) -> str:
    """``text`` without what a terminal would obey, as long as it was."""
    return _OBEYED.sub("\ufffd", text)


def padded(text: str, columns: int) -> str:
    """``text`` filled with blanks to a width in terminal columns; wide characters take two."""
    return text + " " * max(columns - width(text), 0)


def width(text: str) -> int:
    """The terminal columns of ``text``."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
