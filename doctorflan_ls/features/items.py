"""What completion offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from doctorflan_ls.text import Span


@dataclass(frozen=True, slots=True)
class Item:
    """``span`` becomes ``text``; ``data`` is all that ``resolve`` needs."""

    label: str
    kind: Literal["section", "task", "term"]
    span: Span
    text: str
    snippet: bool
    filter_text: str
    sort_text: str
    detail: str
    data: Mapping[str, object]
