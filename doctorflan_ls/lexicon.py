"""Words by which a note is searched: section groups, cue words, and whether a word is denied there.

The data is ``data/skeleton.toml``. Facts say more and are asked first; these are for what no fact
covers.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from doctorflan_ls.i18n import Locale

_SENTENCE_END = re.compile(r"[。！？；;!?\r\n]|\.(?=\s|$)")
_CLAUSE_END = re.compile(r"[。！？；;!?\r\n，,]|\.(?=\s|$)")
_CONTRAST = ("但", "而有", "伴有", "出现", " but ", "however", "except", "reports", "endorses")


@cache
def table(name: str) -> dict[str, Any]:
    """The data file ``data/<name>.toml``, read once."""
    source = files("doctorflan_ls").joinpath("data", f"{name}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


@cache
def group(name: str) -> frozenset[str]:
    """The section ids of a group; raises KeyError for a name that is none."""
    return frozenset(table("skeleton")["groups"][name])


@cache
def place(section: str) -> str:
    """The group of ``[places]`` in departments.toml that a section id belongs to."""
    if section == "chief_complaint":
        return section
    if section in ("family_history", "family_social_history"):
        return "family"
    order = ("diagnosis", "history", "exam", "reports", "past", "plan")
    return next((name for name in order if section in group(name)), "other")


@cache
def cues(name: str) -> tuple[str, ...]:
    """The cue words of a group, folded for ``in`` on folded text."""
    return tuple(word.casefold() for word in table("skeleton")["cues"][name])


@cache
def _cue_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    parts = []
    for word in sorted(words, key=len, reverse=True):
        # A Latin cue starts a word (its stem may go on): "ice" is not in "office".
        border = r"(?<![a-z])" if word[:1].isascii() and word[:1].isalpha() else ""
        parts.append(border + re.escape(word))
    return re.compile("|".join(parts) or r"(?!)")


def has_cue(text: str, words: Iterable[str]) -> bool:
    """True where one of ``words`` (folded) is in ``text``; Latin ones at a word's start only."""
    return _cue_pattern(tuple(words)).search(text.casefold()) is not None


def denied_before(text: str, start: int, language: Locale) -> bool:
    """True where a negation stands before ``start`` in the same clause (English: sentence)."""
    ends = _CLAUSE_END if language == "zh" else _SENTENCE_END
    begin = max(start - 80, 0)
    for found in ends.finditer(text, begin, start):
        begin = found.end()
    head = text[begin:start].casefold()
    for contrast in _CONTRAST:
        head = head.rpartition(contrast)[2] if contrast in head else head
    return has_cue(head, cues("negation"))


class Hit(NamedTuple):
    """A listed word at a place of the text, with what it was listed as."""

    start: int
    end: int
    word: str
    value: Any


class WordFinder:
    """Finds many words at once; Latin ones as whole words, without regard to case."""

    def __init__(self, words: Iterable[tuple[str, Any]]) -> None:
        # A C extension that a server without a triage request need not load.
        import ahocorasick  # noqa: PLC0415

        listed: dict[str, list[Any]] = {}
        for word, value in words:
            listed.setdefault(word.casefold(), []).append(value)
        self._machine: Any = ahocorasick.Automaton()
        for word, values in listed.items():
            self._machine.add_word(word, (word, values))
        self._machine.make_automaton()

    def find(self, text: str) -> Iterator[Hit]:
        """Every listed word of ``text``, also where two overlap."""
        folded = text.lower()
        if len(folded) != len(text):
            folded = "".join(low if len(low := char.lower()) == 1 else char for char in text)
        for last, (word, values) in self._machine.iter(folded):
            start, end = last + 1 - len(word), last + 1
            if _inside_word(folded, start, end):
                continue
            for value in values:
                yield Hit(start, end, word, value)


def _inside_word(text: str, start: int, end: int) -> bool:
    before = text[start - 1 : start]
    after = text[end : end + 1]
    head, tail = text[start], text[end - 1]
    return (_latin(head) and _latin(before)) or (_latin(tail) and _latin(after))


def _latin(char: str) -> bool:
    return char.isascii() and char.isalpha()
