"""What every reader of numbers shares: half-width text at the same offsets, and powers of ten."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from doctorflan_ls.notes.model import Fact, FactKind
from doctorflan_ls.text import Span

_HALF: Final = {
    **{wide: wide - 0xFEE0 for wide in range(0xFF10, 0xFF1A)},
    **{wide: wide - 0xFEE0 for wide in range(0xFF21, 0xFF3B)},
    **{wide: wide - 0xFEE0 for wide in range(0xFF41, 0xFF5B)},
    **str.maketrans("．／％：（）＋－＜＞～＝＊［］＾＃＆", "./%:()+-<>~=*[]^#&"),
    **str.maketrans("‑–—−﹣∕⁄∶﹕μ×✕╳　\xa0˂˃", "-----//::µxxx  <>"),
}
_WIDE: Final = re.compile("[" + "".join(map(re.escape, map(chr, _HALF))) + "]")
_DIGIT: Final = re.compile(r"[0-9０-９]")


@lru_cache(maxsize=256)
def half_width(text: str) -> str:
    """``text`` with full-width digits, letters and signs made half-width, offset for offset.

    Commas and full stops between Chinese clauses stay as they are: they end a value.
    """
    return text.translate(_HALF) if _WIDE.search(text) else text


def has_digit(text: str) -> bool:
    """True where ``text`` holds a decimal digit, half- or full-width."""
    return _DIGIT.search(text) is not None


def number(text: str) -> float | None:
    """The number that half-width ``text`` writes (``1,200`` is 1200), or None."""
    try:
        return float(text.replace(",", "").strip())
    except ValueError:
        return None


def fact_at(source: str, kind: FactKind, start: int, end: int, name: str) -> Fact:
    """A fact over ``source[start:end]``, blanks at both ends left out."""
    while start < end and source[start].isspace():
        start += 1
    while end > start and source[end - 1].isspace():
        end -= 1
    return Fact(kind, source[start:end], Span(start, end), name)
