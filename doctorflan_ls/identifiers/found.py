"""What a detector gives, and how texts are made comparable without moving a character."""

from __future__ import annotations

from typing import NamedTuple

HAN = r"[㐀-鿿〇\U00020000-\U0003ffff]"
"""A Chinese character, in a pattern."""

# Full-width letters, digits and signs have their ASCII form at a fixed distance, one for one.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


class Found(NamedTuple):
    """An identifier's span in code points, and its kind: a table of ``[kinds]``."""

    start: int
    end: int
    kind: str


def half_width(text: str) -> str:
    """The same text with full-width ASCII made narrow; every position stays."""
    return text.translate(_HALF_WIDTH)
