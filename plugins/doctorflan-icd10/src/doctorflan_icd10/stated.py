"""The code of a diagnosis as a note states it; none rather than a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from doctorflan_icd10.catalogue import by_name, data
from doctorflan_ls import lexicon
from doctorflan_ls.notes.facts.vocabulary import fold, matches
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span

# Longer than any word of stated.toml.
_WINDOW = 24
_PLURALS = ("", "s", "es")


@cache
def sections() -> frozenset[str]:
    """Ids of the sections whose diagnoses are those of this patient, now."""
    # English notes have assessment and plan in one section.
    return lexicon.group("diagnosis") | {"assessment_plan"}


def is_stated(fact: Fact) -> bool:
    """True for a diagnosis that the note says the patient has."""
    return fact.kind == "diagnosis" and fact.assertion == "present" and fact.section in sections()


def stated(note: Note) -> Iterator[Fact]:
    """The diagnoses that ``note`` says the patient has, in the order they stand."""
    return (fact for fact in note.facts if is_stated(fact))


def code_of(note: Note, fact: Fact) -> str | None:
    """The code of ``fact``; None where its words say more, or something else, than a known name."""
    before = note.slice(Span(max(fact.span.start - _WINDOW, 0), fact.span.start))
    after = note.slice(Span(fact.span.end, min(fact.span.end + _WINDOW, len(note.text))))
    if _pattern("changing_before").search(before) or _pattern("changing_after").search(after):
        return None
    code = _known(fact.text)
    if code is None:
        inside = matches(fact.text, "diagnosis")
        if len(inside) == 1 and fact.text[: inside[0].start] in _harmless():
            code = _known(fact.text[inside[0].start : inside[0].end])
    return None if code in data("stated")["without_site"] else code


def _known(name: str) -> str | None:
    """The code of ``name``, which may carry a plural ending."""
    folded = fold(name)
    found = (by_name().get(folded.removesuffix(each)) for each in _PLURALS if folded.endswith(each))
    return next((code for code in found if code is not None), None)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(data("stated")[name], re.IGNORECASE)


@cache
def _harmless() -> frozenset[str]:
    return frozenset(("", *data("stated")["harmless_before"]))
