"""What notes are read with beside the tables of ``data/``: sections and terms of plugins.

One set for the process, because a note must be read one way wherever it stands. It changes as a
whole and at one moment; a note that was read before must be read again by whoever keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable

from doctorflan_ls.notes import heading_scan, headings
from doctorflan_ls.notes.facts import assertion, offers, vocabulary
from doctorflan_ls.notes.facts.vocabulary import TermEntry
from doctorflan_ls.notes.headings import SectionKind


def read_with(kinds: Iterable[SectionKind], entries: Iterable[TermEntry]) -> bool:
    """Read with these, in the place of those before; False where nothing changes."""
    wanted = tuple(kinds), tuple(entries)
    if wanted == (headings.brought_kinds(), vocabulary.brought_entries()):
        return False
    headings.set_kinds(wanted[0])
    heading_scan.forget_pattern()
    vocabulary.set_entries(wanted[1])
    assertion.forget_scopes()
    offers.forget()
    return True
