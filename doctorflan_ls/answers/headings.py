"""A task's titles as models write them: numbered, in bold, in brackets, in another script."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from doctorflan_ls.lexicon import table
from doctorflan_ls.tasks.model import Element

_DECORATION = re.compile(
    r"^(?:[\s>#*_•·【\[［「《“\"‘'-]"
    r"|[（(]?\d{1,2}[)）.、．:：](?!\d)|[一二三四五六七八九十]{1,3}[、.．]"
    r"|[（(][一二三四五六七八九十]{1,3}[)）]|[①-⑳])+"
)
_SEPARATOR = re.compile(r"[】\]］」》]?\s?[:：]|\s[-–—]+(?=\s|$)|——|[】\]］」》]")
_NUMBER = re.compile(r"^[\s#*【\[(（]*(?:\d{1,2}|[一二三四五六七八九十]{1,3})$")
_CLOSING = " \t*_】]］」》”\"’'#"
_ASIDE = re.compile(r"[（(][^（）()]{0,60}[）)]$")
_MARKED = re.compile(r"^\s*#")
_LIKE = 0.82
LONGEST = 60
"""No heading is longer, in code points."""


class Heading(NamedTuple):
    """A line begins with the title of ``key``; ``rest`` is what follows it on the line."""

    key: str
    rest: str


class Titles:
    """The titles of a task's elements, of both languages, as keys."""

    def __init__(self, elements: Iterable[Element], more: Iterable[tuple[str, str]] = ()) -> None:
        """``more`` are further titles with their keys."""
        self._keys: dict[str, str] = {}
        for element in elements:
            for title in (element.title.zh, element.title.en, element.key):
                self._add(title, element.key)
        for title, key in more:
            self._add(title, key)
        self._firsts = {title[0] for title in self._keys}

    def _add(self, title: str, key: str) -> None:
        for form in (title, _ASIDE.sub("", title.strip())):
            if folded := fold(form):
                self._keys.setdefault(folded, key)

    def key(self, title: str) -> str | None:
        """The element whose title this is, or nearly is."""
        folded = fold(_ASIDE.sub("", title.strip(_CLOSING)))
        if folded in self._keys:
            return self._keys[folded]
        near = difflib.get_close_matches(folded, self._keys, 1, _LIKE) if len(folded) > 3 else []
        return self._keys[near[0]] if near else None

    def heading(self, line: str) -> Heading | None:
        """The heading that ``line`` begins with."""
        found = _SEPARATOR.search(line, _start(line), LONGEST)
        if found:
            key = self.key(line[_start(line) : found.start()])
            rest = line[found.end() :].lstrip(" \t*_")
            return Heading(key, rest) if key else None
        # Alone on its line, it is a heading only where it is exactly one, or is marked as one.
        title = line[_start(line) :].strip()
        if not title or len(title) > LONGEST:
            return None
        key = self._keys.get(fold(title.strip(_CLOSING)))
        if key is None and _MARKED.match(line):
            key = self.key(title)
        return Heading(key, "") if key else None

    def may_begin(self, line: str) -> bool:
        """True where the beginning ``line`` of a line may still become a heading."""
        if len(line) > LONGEST:
            return False
        folded = fold(line[_start(line) :])
        return not folded or folded[0] in self._firsts or _NUMBER.match(line) is not None


def _start(line: str) -> int:
    found = _DECORATION.match(line)
    return found.end() if found else 0


def fold(text: str) -> str:
    """``text`` as it is compared: letters only, one case, one width, simplified characters."""
    text = unicodedata.normalize("NFKC", text).casefold().translate(_simplified())
    return "".join(char for char in text if char.isalnum())


@cache
def _simplified() -> dict[int, int]:
    data = table("prompts")["traditional"]
    return str.maketrans(data["from"], data["to"])


__all__ = ["LONGEST", "Heading", "Titles", "fold"]
