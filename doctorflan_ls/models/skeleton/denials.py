"""The items of an English list of denials that no fact covers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctorflan_ls.lexicon import group
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Piece
from doctorflan_ls.text import Span

_DENIES = re.compile(
    r"\b(?:denies|denied|negative for)\s+(?:any\s+|having\s+)?([^.;:\n]+)", re.IGNORECASE
)
_ITEM = re.compile(r"\s*(?:(?:or|and|nor)\s+)?(?:any\s+)?([A-Za-z][A-Za-z '-]*[A-Za-z])\s*(?:,|$)")
_PHRASE = re.compile(
    r"\b(?:in|of|to|at|on|with|when|from|that|after|before|during|while|other|except)\b",
    re.IGNORECASE,
)
# "changes in her vision when she reads" is a sentence, not an item.
_MOST_WORDS = 3


def denied_items(case: Case) -> Iterator[Piece]:
    """The items of up to three words, each with the denial before it as evidence."""
    for sentence in case.sentences(group("negative")):
        found = _DENIES.search(case.text, sentence.start, sentence.end)
        if found is None:
            continue
        for item in _items(case, Span(*found.span(1))):
            if not any(item.overlaps(fact.span) for fact in case.facts_at(sentence)):
                words = case.word("no_finding", finding=case.quote(item))
                yield Piece(words, (Span(found.start(), item.end),))


def _items(case: Case, span: Span) -> Iterator[Span]:
    """The items between the commas of a list of two and more, up to the first with a preposition:
    what follows that may be of its phrase (numbness in his hand, fingers)."""
    start = span.start
    items = []
    for part in case.text[span.start : span.end].split(","):
        found = _ITEM.fullmatch(part)
        if found is None or _PHRASE.search(part):
            break
        items.append(Span(start + found.start(1), start + found.end(1)))
        start += len(part) + 1
    if len(items) > 1:
        yield from (item for item in items if len(case.quote(item).split()) <= _MOST_WORDS)
