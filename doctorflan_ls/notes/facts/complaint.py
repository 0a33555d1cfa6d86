"""The chief complaint (主诉): its words, and how long it has lasted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from doctorflan_ls.notes.facts.durations import find_durations
from doctorflan_ls.notes.facts.numbers import fact_at
from doctorflan_ls.notes.model import Fact, Sentence

_EDGES: Final = " \t\r\n。．.；;，,、:：•*-“”\"'"
_LINK: Final = re.compile(
    r"(?:\b(?:x|for|since|over|of|the|past|last|about|approximately|history|from)|[×约近])\s*$",
    re.IGNORECASE,
)
_CONTENT: Final = re.compile(r"\w")


def find(sentence: Sentence) -> Iterable[Fact]:
    """The complaint that ``sentence`` states, where it stands in the chief complaint section.

    ``name`` is the complaint without its duration; ``duration`` is the first one written. A note
    whose section has several sentences takes the first fact as its chief complaint.
    """
    if sentence.section != "chief_complaint":
        return
    text = sentence.text
    start, end = len(text) - len(text.lstrip(_EDGES)), len(text.rstrip(_EDGES))
    if start >= end or not _CONTENT.search(text, start, end):
        return
    fact = fact_at(text, "chief_complaint", start, end, text[start:end])
    durations = find_durations(fact.text)
    if not durations:
        yield fact
        return
    first = durations[0]
    before = _trimmed(fact.text[: first.span.start])
    after = fact.text[first.span.end :].strip(_EDGES)
    yield fact._replace(name=before or after or fact.text, duration=first.text)


def _trimmed(words: str) -> str:
    words = words.strip(_EDGES)
    while link := _LINK.search(words):
        words = words[: link.start()].strip(_EDGES)
    return words
