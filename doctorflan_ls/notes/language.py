"""The language of a note, by its letters."""

from __future__ import annotations

import re

from doctorflan_ls.i18n import Locale

_CJK = re.compile("[\u3400-\u9fff]+")
_LATIN = re.compile("[A-Za-z]+")
# A Chinese word is two characters, an English one five and a blank: a Chinese note full of drug
# names and units stays Chinese.
_LATIN_PER_CJK = 3


def letters(text: str) -> tuple[int, int]:
    """How many Chinese characters and how many Latin letters ``text`` has."""
    latin = sum(map(len, _LATIN.findall(text)))
    if text.isascii():
        return 0, latin
    return sum(map(len, _CJK.findall(text))), latin


def language_of(chinese: int, latin: int) -> Locale:
    """The language of a text with so many letters of each; Chinese where it has none."""
    return "zh" if chinese * _LATIN_PER_CJK >= latin else "en"
