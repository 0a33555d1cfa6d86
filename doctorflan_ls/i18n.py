"""User-visible strings in Chinese and English, from ``data/messages.toml``."""

from __future__ import annotations

from functools import cache
from typing import Literal

Locale = Literal["zh", "en"]


def locale_of(tag: str | None) -> Locale:
    """The language to speak for a BCP 47 tag as editors send it (``zh-cn``, ``en-GB``, None)."""
    return "zh" if tag is not None and tag.lower().startswith("zh") else "en"


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    # The server answers ``initialize`` before it needs a message.
    import tomllib  # noqa: PLC0415
    from importlib.resources import files  # noqa: PLC0415

    source = files("doctorflan_ls").joinpath("data", "messages.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def message(key: str, locale: Locale, **fields: object) -> str:
    """The message ``key`` in ``locale``; raises KeyError for a key the catalogue lacks."""
    return _catalogue()[key][locale].format_map(fields)
