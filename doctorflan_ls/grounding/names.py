"""Diagnoses, findings and procedures of a draft: named by the record at all, asserted alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from doctorflan_ls.grounding.drugs import mapped
from doctorflan_ls.grounding.hits import Hit
from doctorflan_ls.grounding.record import Record, group, key_of
from doctorflan_ls.grounding.table import table
from doctorflan_ls.notes.facts import vocabulary
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.notes.model import Fact

_ALLERGY: Final = re.compile(r"过敏|allerg", re.IGNORECASE)
_KINDS: Final = ("diagnosis", "symptom", "sign", "procedure")
_WORD: Final = re.compile(r"[a-z]{4,}")
_BRACKETED: Final = re.compile(r"\([^()]*\)$")
_ALIKE: Final = 0.6
_SHORTEST: Final = 2
_CLAIMED: Final = frozenset({"present", "possible", "historical"})


def check(fact: Fact, record: Record, before: str = "", after: str = "") -> Iterator[Hit]:
    """What the record does not name, or asserts the other way round.

    ``before`` is what stands before the fact in the draft, ``after`` what follows it.
    """
    if after.lstrip()[:1] in (":", "："):
        return  # 既往手术：… is a label
    if _ALLERGY.search(fact.text):
        return  # looked up as an allergy
    known = record.by_key.get((group(fact), key_of(fact)), [])
    if not known:
        known = _parts(fact, record)
    if known:
        yield from _asserted(fact, known, record, before)
    elif not (
        key_of(fact) in table().vague or named(fact, record) or not mapped(fact.name, record)
    ):
        yield Hit(fact.span, "GR-NEG" if fact.assertion == "denied" else "GR-DX")


def _parts(fact: Fact, record: Record) -> list[Fact]:
    """The record's facts that hold the words of this one, or that this one holds."""
    spans = [
        span
        for match in vocabulary.matches(fact.text, *_KINDS)
        for span in record.terms.get((match.term.name_en or match.term.name_zh).lower(), ())
    ]
    mine = vocabulary.fold(fact.text)
    found = (each for span in spans for each in record.facts_at(span) if each.kind in _KINDS)
    return [each for each in found if _within(mine, vocabulary.fold(each.text))]


def _within(one: str, other: str) -> bool:
    return one in other or other in one


def _asserted(fact: Fact, known: list[Fact], record: Record, before: str) -> Iterator[Hit]:
    said = {each.assertion for each in known}
    # What is named where the reader makes no fact of it (如出现发热) may say anything.
    if record.is_dialogue or key_of(fact) in record.unread:
        return
    if any(each.assertion == "present" and record.is_asked(each.span) for each in known):
        return
    if fact.assertion == "denied" and said <= _CLAIMED:
        yield Hit(fact.span, "GR-NEG", known[0].text, known[0].span)
    elif fact.assertion in _CLAIMED and said <= {"denied", "family"}:
        if "family" in said and table().relatives.search(before):
            return
        yield Hit(fact.span, "GR-NEG", _words(known[0], record), known[0].span)


def _words(fact: Fact, record: Record) -> str:
    """The clause of the record that denies it, so that the denial can be read."""
    start = max(record.text.rfind(stop, 0, fact.span.start) for stop in "。；;\n，,.") + 1
    return record.text[start : fact.span.end].strip()[-60:]


def named(fact: Fact, record: Record) -> bool:
    """True where the record has the name, one of its other names, a longer or a shorter one."""
    if key_of(fact) in record.terms:
        return True
    text = _BRACKETED.sub("", half_width(fact.text)).removeprefix("伴")
    written = "".join(vocabulary.fold(text).split())
    if written in record.squeezed:
        return True
    terms = [match.term for match in vocabulary.matches(fact.text, *_KINDS)]
    if any((term.name_en or term.name_zh).lower() in record.terms for term in terms):
        return True
    if fact.kind in ("symptom", "sign") and _worded_alike(written, record):
        return True
    names = {fact.name, *(name for term in terms for name in (term.name_en, term.name_zh))}
    return any(_spelled(name, record) for name in names if name)


def _worded_alike(written: str, record: Record) -> bool:
    """True where the record has most of a Chinese finding's pairs of characters."""
    if written.isascii():
        return False
    pairs = [written[at : at + 2] for at in range(len(written) - 1)]
    return sum(pair in record.squeezed for pair in pairs) >= _ALIKE * len(pairs)


def _spelled(name: str, record: Record) -> bool:
    folded = vocabulary.fold(half_width(name))
    if "".join(folded.split()) in record.squeezed:
        return True
    if folded.isascii():
        words = _WORD.findall(folded)
        return bool(words) and all(word[:5] in record.folded for word in words)
    return any(
        len(known) >= _SHORTEST and (known in folded or folded in known)
        for known in record.chinese_names
    )
