"""Terms to complete: the names that begin with what was typed.

The names of one kind stand sorted, so that a keystroke costs a search by halves however many a
plugin brings.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from doctorflan_ls.notes.facts import vocabulary
from doctorflan_ls.notes.facts.vocabulary import Term, TermEntry, TermKind, fold

_LAST = "\U0010ffff"


class Offer(NamedTuple):
    """A name to complete: ``other`` is the term's name in the other language."""

    name: str
    other: str
    code: str = ""
    system: str = ""


def offers(typed: str, kind: TermKind, most: int) -> list[Offer]:
    """The names of ``kind`` that begin with ``typed``, in their order; ``most`` at the most."""
    keys, found = _sorted(kind, vocabulary.current())
    wanted = fold(typed)
    first = bisect_left(keys, wanted)
    last = bisect_left(keys, wanted + _LAST)
    return found[first : min(last, first + most)]


def prepare(terms: vocabulary.Vocabulary) -> None:
    """Sort the diagnoses of ``terms`` now."""
    _sorted("diagnosis", terms)


@lru_cache(maxsize=8)
def _sorted(kind: TermKind, terms: vocabulary.Vocabulary) -> tuple[list[str], list[Offer]]:
    by_key: dict[str, Offer] = {}
    brought = (_of_entry(each) for each in terms.entries if each.offered and each.kind == kind)
    # Those with a code first: of two that are named alike the later one is left out.
    for found in (*brought, *(_of_term(term, kind) for term, _ in vocabulary.table_terms())):
        for offer in found:
            by_key.setdefault(fold(offer.name), offer)
    keys = sorted(by_key)
    return keys, [by_key[key] for key in keys]


def _of_entry(entry: TermEntry) -> Iterator[Offer]:
    english, chinese = entry.names
    for name in entry.zh:
        yield Offer(name, english, entry.code, entry.system)
    for name in entry.en:
        yield Offer(name, chinese, entry.code, entry.system)


def _of_term(term: Term, kind: TermKind) -> Iterator[Offer]:
    if term.kind == kind:
        for name, other in ((term.name_zh, term.name_en), (term.name_en, term.name_zh)):
            if name:
                yield Offer(name, other)
