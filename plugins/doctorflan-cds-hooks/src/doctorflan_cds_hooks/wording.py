"""Every word that a user reads, from ``data/words.toml``, and the data files themselves."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from doctorflan_ls.i18n import Locale
from doctorflan_ls.tasks.model import Bilingual


@cache
def data(name: str) -> Mapping[str, Any]:
    """The data file ``name`` of this package, read once."""
    source = files("doctorflan_cds_hooks").joinpath("data", f"{name}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def bilingual(row: Mapping[str, str]) -> Bilingual:
    """A ``{ zh, en }`` of a data file."""
    return Bilingual(row["zh"], row["en"])


def say(key: str, locale: Locale, **fields: object) -> str:
    """The words ``key`` in ``locale``; raises KeyError for a key that the file lacks."""
    return bilingual(data("words")[key]).in_(locale).format_map(fields)
