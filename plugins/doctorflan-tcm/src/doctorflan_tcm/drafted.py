"""What is to be said about the herbs of a draft."""

from __future__ import annotations

from collections.abc import Iterator

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.drafts import Draft
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Spans
from doctorflan_tcm import limits
from doctorflan_tcm.checks import MOST, clashes_in, prescribed
from doctorflan_tcm.herbs import Mention, mentions


def findings(note: Note, draft: Draft) -> list[Finding]:
    """Clashes and doses among the herbs of the draft, and clashes with the note's prescription.

    Each stands at the herb in the draft's text. A placeholder names no herb.
    """
    gaps = Spans(gap.span for gap in draft.gaps)
    told = [herb for herb in mentions(draft.text) if not gaps.overlap(herb.span)]
    if not told:
        return []
    found = [*clashes_in(draft.text, told), *limits.above(told)]
    found += _with_note(note, told, {each.span for each in found})
    return sorted(found, key=lambda each: each.span)[:MOST]


def _with_note(note: Note, told: list[Mention], said: set[object]) -> Iterator[Finding]:
    """A herb that the draft adds to a prescription of the note, and that clashes with it."""
    recorded = prescribed(note)
    names = {herb.name for herb in recorded}
    seen: set[frozenset[str]] = set()
    for herb in told:
        if herb.name in names or herb.span in said:
            continue
        for other in recorded:
            key = frozenset((herb.name, other.name))
            found = limits.clash(herb, other, limits.WITH_NOTE) if key not in seen else None
            if found:
                seen.add(key)
                yield found
