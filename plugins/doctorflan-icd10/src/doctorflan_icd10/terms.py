"""The codes as terms to complete."""

from __future__ import annotations

from collections.abc import Iterator

from doctorflan_icd10.catalogue import offered
from doctorflan_ls.notes.facts.vocabulary import TermEntry

# What the server takes as a name: 痔 is no use to complete, and a few titles are whole sentences.
_SHORTEST, _LONGEST = 2, 120


def terms() -> Iterator[TermEntry]:
    """A term for each code on offer; notes are read by the server's own vocabulary alone."""
    for each in offered():
        zh, en = _fitting(each.zh), _fitting((each.title, *each.en))
        if zh or en:
            yield TermEntry(
                kind="diagnosis",
                zh=zh,
                en=en,
                code=each.code,
                system="ICD-10",
                recognised=False,
                offered=True,
            )


def _fitting(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if _SHORTEST <= len(name) <= _LONGEST)
