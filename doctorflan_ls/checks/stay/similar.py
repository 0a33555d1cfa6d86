"""How alike two texts are once what may differ is taken away: dates, titles, signatures, marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, NamedTuple

from doctorflan_ls.checks.stay.moments import WRITTEN
from doctorflan_ls.notes import doctype

_TIME = re.compile(WRITTEN)
_SIGNED = re.compile(r"签名|签字|记录者|(?:医师|医生)\s*[:：]")
_NUMBERED = re.compile(r"(?m)^[ \t\u3000]*[（(]?\d{1,2}[)）.．、](?!\d)")
_SHORT_LINE = 40


class Likeness(NamedTuple):
    """``kind`` is ``same``, ``percent`` or ``run``; ``n`` are per cent or characters."""

    kind: str
    n: int


@lru_cache(maxsize=256)
def essence(text: str) -> str:
    """The letters and digits of what a note tells."""
    lines = (line for line in text.splitlines() if not _is_frame(line))
    kept = _NUMBERED.sub("", "\n".join(lines))
    plain = unicodedata.normalize("NFKC", _TIME.sub("", kept)).casefold()
    return "".join(each for each in plain if each.isalnum())


def _is_frame(line: str) -> bool:
    """True for a title, a time alone, and a signature."""
    bare = _TIME.sub("", line).strip()
    return len(bare) <= _SHORT_LINE and (
        not bare or bool(_SIGNED.search(bare)) or doctype.by_title(bare) is not None
    )


def likeness(
    one: str, two: str, limits: Mapping[str, Any], least: str = "least_chars"
) -> Likeness | None:
    """How ``one`` is alike to ``two``, which are essences; None where it is not enough."""
    if min(len(one), len(two)) < limits[least]:
        return None
    if one == two:
        return Likeness("same", 100)
    if max(len(one), len(two)) > limits["most_chars"]:
        return None
    numbers = (float(limits["alike"]), int(limits["block_chars"]), float(limits["block_part"]))
    return _compared(one, two, *numbers)


@lru_cache(maxsize=512)
def _compared(one: str, two: str, alike: float, block: int, part: float) -> Likeness | None:
    matcher = SequenceMatcher(None, two, one, autojunk=False)
    if matcher.real_quick_ratio() >= alike and matcher.quick_ratio() >= alike:
        ratio = matcher.ratio()
        if ratio >= alike:
            # 99 at the most: what is not equal is not said to be.
            return Likeness("percent", min(int(ratio * 100), 99))
    needed = max(block, int(part * len(one)))
    if len(two) >= needed and _shares(one, two, block):
        size = matcher.find_longest_match().size
        if size >= needed:
            return Likeness("run", size)
    return None


def _shares(one: str, two: str, block: int) -> bool:
    """True where a run of half a block, cut at fixed places of ``two``, stands in ``one``: there is
    one in every common run of a block."""
    step = max(block // 2, 1)
    return any(two[at : at + step] in one for at in range(0, len(two) - step + 1, step))
