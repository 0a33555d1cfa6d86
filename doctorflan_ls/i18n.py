"""User-visible strings in Chinese and English, from ``data/messages.toml``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Literal

Locale = Literal["zh", "en"]

_LONGEST_FIELD = 1000
# What ends a line, moves a terminal's cursor, turns the direction of writing, or is no character.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def locale_of(tag: str | None) -> Locale:
    """The language to speak for a BCP 47 tag as editors send it (``zh-cn``, ``en-GB``, None)."""
    return "zh" if tag is not None and tag.lower().startswith("zh") else "en"


def terminal_locale(environment: Mapping[str, str] = os.environ) -> Locale:
    """The terminal's language, by POSIX's order of variables."""
    tag = next(
        (environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)),
        "",
    )
    return locale_of(tag)


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    # The server answers ``initialize`` before it needs a message.
    import tomllib  # noqa: PLC0415
    from importlib.resources import files  # noqa: PLC0415

    source = files("doctorflan_ls").joinpath("data", "messages.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def one_line(text: str) -> str:
    """``text`` of unknown origin as part of one line: what cannot be shown is escaped, and what is
    far too long for a message is cut.
    """
    if len(text) > _LONGEST_FIELD:
        text = f"{text[:_LONGEST_FIELD]}…"
    return _UNSHOWN.sub(lambda found: ascii(found[0])[1:-1], text)


def message(key: str, locale: Locale, **fields: object) -> str:
    """The message ``key`` in ``locale``; raises KeyError for a key the catalogue lacks."""
    return _catalogue()[key][locale].format_map(fields)
