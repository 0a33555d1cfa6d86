"""Where a text says who somebody is: labelled fields, numbers, names, places and dates.

Labels are ``data/identifiers.toml``, names and places ``data/names``. docs/privacy.md says what is
not found.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from doctorflan_ls.identifiers import occurrences
from doctorflan_ls.identifiers.dates import plain_dates
from doctorflan_ls.identifiers.fields import labelled
from doctorflan_ls.identifiers.found import Found, half_width
from doctorflan_ls.identifiers.names_en import english_names
from doctorflan_ls.identifiers.names_zh import chinese_names
from doctorflan_ls.identifiers.numbers import is_identity, is_luhn, plain_numbers
from doctorflan_ls.identifiers.places_en import english_places
from doctorflan_ls.identifiers.places_zh import chinese_places
from doctorflan_ls.identifiers.tables import table

__all__ = ["Found", "everywhere", "find", "half_width", "is_identity", "is_luhn", "kinds", "table"]

_DETECTORS = (
    labelled,
    plain_numbers,
    chinese_names,
    english_names,
    chinese_places,
    english_places,
    plain_dates,
)


def find(text: str) -> list[Found]:
    """All that is found in a text, in no order; spans may overlap, the likelier kind first."""
    text = half_width(text)
    return [found for detect in _DETECTORS for found in detect(text)]


def kinds() -> tuple[str, ...]:
    """Every kind, as ``data/identifiers.toml`` has them."""
    return tuple(table()["kinds"])


def everywhere(texts: Sequence[str], keep: Collection[str] = ()) -> list[list[Found]]:
    """For each text its identifiers in order, none overlapping another, but kinds of ``keep``.

    A value that one of the texts gives away is found in all of them.
    """
    return occurrences.everywhere(texts, find, keep)
