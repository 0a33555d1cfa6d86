"""What a doctor is warned of in a model's words: values the record lacks, drugs the patient is
allergic to.

It warns of what it can tell and clears nothing: words without a warning are as unverified as ever.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from doctorflan_ls.cross_allergy import relation, worded
from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.prompts.render import word

# A number with a unit of a dose, a measurement or a laboratory value.
_VALUE = re.compile(
    r"(?<![\d.])\d+(?:\.\d+)?\s?(?:[×x]\s?10\S{1,3}/L|%|℃|°\s?[CF]"
    r"|(?:[mk]?g|[muµμ]g|mcg|[md]?L|IU|U|mmol|[uµμ]mol|mEq|mmHg|kPa|ng|pg|单位|毫克|微克|毫升|克"
    r"|units?|tablets?|puffs?|片|粒|支|滴)(?![A-Za-z])(?:/(?:kg|d[Ll]|m?[Ll]|min|h|d|日|次))?)"
)
_MOST = 8


def values_not_recorded(note: Note, words: str) -> list[str]:
    """The values in ``words`` that stand nowhere in ``note``, in order, eight at the most."""
    known = {_plain(found[0]) for found in _VALUE.finditer(str(note.text))}
    found = {_plain(each[0]): each[0] for each in _VALUE.finditer(words)}
    return [value for plain, value in found.items() if plain not in known][:_MOST]


def allergy_conflicts(note: Note, words: str, language: Locale) -> Iterator[str]:
    """Each drug that ``words`` name against a recorded allergy, as a line for the doctor."""
    allergens = [f for f in note.facts if f.kind == "allergy" and f.assertion != "denied"]
    if not allergens:
        return
    facts = parse_note(words).facts
    told = [fact.span for fact in facts if fact.kind == "allergy"]
    drugs = (fact for fact in facts if fact.kind == "drug" and fact.status != "avoid")
    # Where the model itself speaks of the allergy there is nothing to warn of.
    named = {fact.name: fact for fact in drugs if not any(fact.span.overlaps(at) for at in told)}
    for drug in named.values():
        for allergen in allergens:
            how = relation(drug, allergen)
            if how is not None:
                yield word(
                    "conflict",
                    language,
                    drug=drug.text,
                    allergen=allergen.text,
                    relation=worded(how).in_(language),
                )
                break


def _plain(value: str) -> str:
    return "".join(unicodedata.normalize("NFKC", value).casefold().split())


__all__ = ["allergy_conflicts", "values_not_recorded"]
