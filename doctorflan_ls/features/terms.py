"""Completion of terms in the sections of their kind: diagnoses, with codes of plugins."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctorflan_ls.features.items import Item
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.lexicon import group
from doctorflan_ls.notes.facts.offers import Offer, offers
from doctorflan_ls.notes.facts.vocabulary import TermKind
from doctorflan_ls.text import Span

# Which group of sections a kind is written in.
_WHERE: tuple[tuple[str, TermKind], ...] = (("diagnosis", "diagnosis"),)
_LONGEST = 40
_MOST = 50
_CHINESE = re.compile(r"[\u3400-\u9fff][\u3400-\u9fffA-Za-z0-9]*$")
# A name may have several words: from the first one that starts one.
_ENGLISH = re.compile(r"[A-Za-z][A-Za-z0-9'-]*(?: [A-Za-z0-9'-]+)*$")
_LEAST_LATIN = 3


def complete_terms(snapshot: Snapshot, offset: int) -> tuple[Item, ...]:
    """The names that go on from what stands before ``offset``, which is not in a draft."""
    note = snapshot.note
    section = note.section_at(offset)
    # At the end of a section's text the cursor is behind its last character.
    if section is None and offset:
        section = note.section_at(offset - 1)
    if section is None:
        return ()
    kind = next((kind for name, kind in _WHERE if section.id in group(name)), None)
    if kind is None or any(b.span.start <= offset < b.span.end for b in note.draft_blocks):
        return ()
    start = max(note.text.line_span(note.text.line_of(offset)).start, offset - _LONGEST)
    written = note.slice(Span(start, offset))
    for typed in _typed(written):
        found = offers(typed, kind, _MOST)
        if found:
            span = Span(offset - len(typed), offset)
            return tuple(_item(offer, span, typed, rank) for rank, offer in enumerate(found))
    return ()


def _typed(written: str) -> Iterator[str]:
    """What may be the beginning of a name, the longest first."""
    chinese = _CHINESE.search(written)
    if chinese is not None:
        yield from (chinese[0][at:] for at in range(len(chinese[0])))
        return
    english = _ENGLISH.search(written)
    if english is not None:
        words = english[0].split(" ")
        for at in range(len(words)):
            name = " ".join(words[at:])
            if len(name) >= _LEAST_LATIN:
                yield name


def _item(offer: Offer, span: Span, typed: str, rank: int) -> Item:
    coded = f"{offer.system} {offer.code}".strip() if offer.code else ""
    return Item(
        label=offer.name,
        kind="term",
        span=span,
        text=offer.name,
        snippet=False,
        # What was typed may be a part of a longer run of characters: the search was ours.
        filter_text=typed,
        sort_text=f"{rank:03}",
        detail="  ".join(filter(None, (coded, offer.other))),
        data={},
    )
