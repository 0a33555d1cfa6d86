"""The detectors' data, read when it is first needed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

# A column's value or one of several between bars; comments are read too, and do no harm.
_CHINESE = re.compile(r"(?<![㐀-鿿])[㐀-鿿]{2,}")
_LONGEST = 4


@cache
def table() -> dict[str, Any]:
    """``data/identifiers.toml``."""
    return _read("identifiers.toml")


@cache
def names(which: str) -> dict[str, Any]:
    """``data/names/<which>.toml``."""
    return _read("names", f"{which}.toml")


@cache
def medical_words() -> frozenset[str]:
    """The Chinese words of ``data/terms``, and their beginnings of two to four characters."""
    folder = files("doctorflan_ls").joinpath("data", "terms")
    found: set[str] = set()
    for source in folder.iterdir():
        if source.name.endswith(".tsv"):
            for word in _CHINESE.findall(source.read_text(encoding="utf-8")):
                found.update(word[:length] for length in range(2, min(len(word), _LONGEST) + 1))
    return frozenset(found)


def _read(*path: str) -> dict[str, Any]:
    source = files("doctorflan_ls").joinpath("data", *path)
    return tomllib.loads(source.read_text(encoding="utf-8"))


def longest_first(words: Iterable[str]) -> list[str]:
    """In the order in which an alternation has to try them."""
    return sorted(words, key=len, reverse=True)


def any_of(words: Iterable[str]) -> str:
    """A pattern of any of the words, the longest that fits."""
    return "|".join(map(re.escape, longest_first(words)))
