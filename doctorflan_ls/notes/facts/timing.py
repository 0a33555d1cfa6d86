"""How long a finding has lasted, where the note says so right beside it."""

from __future__ import annotations

import re
from functools import lru_cache

from doctorflan_ls.notes.facts.durations import Duration, find_durations
from doctorflan_ls.text import Span

# What may stand between a finding and its duration.
_AFTER = re.compile(
    r"(?:病史|史|症状|不适|反复发作|发作|约|已|持续|间断|[（(])*"
    r"|\s*(?:[x×]|for(?: the)?(?: past| last)?(?: about| approximately| over)?|of)?\s*"
)
_BEFORE = re.compile(
    r"的?|(?:'s)?[\s-]*(?:history|hx|h/o)?\s*(?:of\s)?\s*(?:\w+\s)?", re.IGNORECASE
)
_MOMENT = re.compile(r"前|\bago\b|yesterday", re.IGNORECASE)


@lru_cache(maxsize=128)
def _durations(text: str) -> tuple[Duration, ...]:
    return tuple(one for one in find_durations(text) if not _MOMENT.search(one.text))


def duration_near(text: str, span: Span) -> str | None:
    """The duration right after the finding (腹痛3天, chest pain for 2 weeks) or before it."""
    for one in _durations(text):
        if one.span.start >= span.end and _AFTER.fullmatch(text, span.end, one.span.start):
            return one.text
    for one in _durations(text):
        if one.span.end <= span.start and _BEFORE.fullmatch(text, one.span.end, span.start):
            return one.text
    return None
