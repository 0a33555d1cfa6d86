"""English street addresses, postal codes, hospitals and companies that no label introduces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from doctorflan_ls.identifiers.found import Found
from doctorflan_ls.identifiers.tables import any_of, names

_WORD = r"[A-ZÀ-ÞŁŚŠŽŘČ][\w'’.\-]*"


def english_places(text: str) -> Iterator[Found]:
    """Addresses with a house's number, ZIP codes behind a state, hospitals and companies."""
    for kind, pattern in _patterns():
        for found in pattern.finditer(text):
            if kind not in {"hospital", "organization"} or _is_named(found[0]):
                start, end = found.span("value")
                yield Found(start, end, kind)


def _is_named(value: str) -> bool:
    """False for Local Hospital: no word that is a name."""
    data = names("english")
    common = {*data["not_hospitals"], *data["companies"], *data["not_names"]}
    kinds = {word for each in data["hospitals"] for word in each.split()}
    return any(
        word not in common and word not in kinds for word in value.split() if word[0].isupper()
    )


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    data = names("english")
    street = any_of(data["streets"])
    unit = r"(?:,? ?\n? ?(?:Apt|Suite|Ste|Unit|Room|Rm|Apartment|Flat|Box)\.? ?#?\w{1,6})"
    state = f"(?:{any_of(data['states'])})"
    town = rf"(?:(?:[,\s]{{1,3}}(?:{_WORD}|nan)){{1,6}}[,\s]{{1,3}}\d{{5}}(?:-\d{{4}})?)"
    name = rf"(?:\d{{1,3}}(?:st|nd|rd|th)|{_WORD})(?: {_WORD}){{0,3}}?"
    at = (
        r"(?i:liv(?:es?|ed|ing)|resid(?:es?|ed|ing)|located|arrived|meet \w+|sent|moved"
        r"|address(?: is)?:?|offices? (?:is|are)) ?(?:in|at|to|on)? ?"
    )
    house = r"\d{1,6}[A-Z]?(?: \d{1,5})?"
    box = r"(?:P\.?O\.? Box \d{1,6}|(?:PSC|Unit|CMR) \d{3,5},? Box \d{3,5})"
    words = rf"(?: (?:{_WORD}|do|de|da|del|la|of)){{1,5}}"
    city = rf"{_WORD}(?: {_WORD}){{0,2}}, {state} \d{{5}}(?:-\d{{4}})?"
    hospital, company = any_of(data["hospitals"]), any_of(data["companies"])
    sources = (
        ("address", rf"{house} (?:[NSEW]\.? )?{name} (?:{street})\b\.?{unit}{{0,2}}{town}?", ""),
        ("address", rf"{box}{town}?", ""),
        ("address", city, ""),
        ("address", rf"\d{{2,6}} (?:{_WORD} ){{1,4}}\d{{1,5}}\.?{unit}", ""),
        ("address", rf"{house}{words}(?: \d{{1,5}}\.?)?{unit}{{0,2}}{town}?", at),
        ("zip", r"(?:GIR 0AA|[A-Z]{1,2}\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2})", ""),
        ("hospital", rf"(?:St\. )?(?:{_WORD} ){{1,4}}(?:{hospital})", ""),
        ("organization", rf"{_WORD}(?:,? {_WORD}){{0,2}},? (?:and {_WORD} )?(?:{company})", ""),
        ("bed", r"(?:[Bb]ed|Room|Rm\.?) #?\d{1,4}[A-Z]?(?![.%]\d)(?! ?(?:days|hours|rest|mg))", ""),
    )
    return tuple(
        (kind, re.compile(rf"(?<![\w.\-/]){before}(?P<value>{source})(?!\w)"))
        for kind, source, before in sources
    )
