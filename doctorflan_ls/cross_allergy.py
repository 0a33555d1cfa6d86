"""A drug held against a recorded allergy: the same substance, the same class, a related one.

Substances and classes are those of the drug tables (``data/terms``); what counts as a class and
what is related is in ``data/cross_allergy.toml``. No interaction and no dose is known here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from doctorflan_ls.notes.facts.vocabulary import Vocabulary, current, scan
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.tasks.model import Bilingual

Relation = Literal["same_substance", "same_class", "related_class"]

_KINDS = ("drug", "drug_class")


@dataclass(frozen=True, slots=True)
class _Table:
    classes: frozenset[str]
    related: frozenset[str]
    words: Mapping[str, Bilingual]


@cache
def _table() -> _Table:
    source = files("doctorflan_ls").joinpath("data", "cross_allergy.toml")
    data = tomllib.loads(source.read_text(encoding="utf-8"))
    words = {key: Bilingual(**row) for key, row in data["words"].items()}
    return _Table(frozenset(data["classes"]), frozenset(data["related"]), words)


def drug_groups(fact: Fact) -> frozenset[str]:
    """The class or classes (``group`` of the drug tables) of a drug or an allergen."""
    return _terms(fact.text, current())[1]


def relation(drug: Fact, allergen: Fact) -> Relation | None:
    """How ``drug`` is related to ``allergen``; None where the tables know of nothing."""
    if _substances(drug) & _substances(allergen):
        return "same_substance"
    table, one, other = _table(), drug_groups(drug), drug_groups(allergen)
    if one & other & table.classes:
        return "same_class"
    return "related_class" if one & table.related and other & table.related else None


def worded(relation: Relation) -> Bilingual:
    """The relation in words."""
    return _table().words[relation]


def _substances(fact: Fact) -> frozenset[str]:
    return _terms(fact.text, current())[0] | {fact.name.casefold()}


@lru_cache(maxsize=4096)
def _terms(text: str, _vocabulary: Vocabulary) -> tuple[frozenset[str], frozenset[str]]:
    """The substances and the classes that ``text`` names: with another vocabulary, others."""
    terms = [match.term for match in scan(text) if match.term.kind in _KINDS]
    classes = {term.extra[1] for term in terms if len(term.extra) > 1} - {"", "other"}
    return frozenset(term.name_en or term.name_zh for term in terms), frozenset(classes)
