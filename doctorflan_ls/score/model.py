"""A table of points, and what a note comes to by it. The format is told in ``data/scores/``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

Grade = Literal["A", "B", "C"]
"""甲, 乙 and 丙."""

Reason = Literal["document", "points", "text"]
"""Why an item is not judged: it is another document's, its points are not known, or text cannot
tell."""

ANY = "*"
"""All documents of the table."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A finding of ``rule`` costs ``points``: once, or ``each`` time.

    Only a finding whose Chinese message holds ``says``, and only where the part ``missing`` has no
    content, where these are given.
    """

    rule: str
    points: float
    why: Bilingual
    says: re.Pattern[str] | None = None
    missing: str | None = None
    each: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """What can lose ``points`` at the most; judged in ``documents`` (none: text cannot tell).

    Where none of ``sections`` has content and one of the rules ``missing`` says so, all of it is
    lost. ``unknown`` are the rules that concern it and whose points are not known.
    """

    title: Bilingual
    points: float
    documents: tuple[str, ...]
    sections: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    costs: tuple[Cost, ...] = ()
    unknown: tuple[str, ...] = ()
    not_judged: Bilingual | None = None

    @property
    def is_priced(self) -> bool:
        """True where a finding can cost something."""
        return bool(self.costs or self.missing)


@dataclass(frozen=True, slots=True)
class VetoItem:
    """A defect that decides the grade or costs points for the whole, by its ``kind``.

    A finding of one of ``rules`` is it, where none of the parts ``missing`` has content.
    """

    title: Bilingual
    kind: str
    rules: tuple[str, ...]
    missing: tuple[str, ...] = ()
    documents: tuple[str, ...] = (ANY,)


@dataclass(frozen=True, slots=True)
class Effect:
    """What ``at_least`` so many vetoes of ``kind`` do; the last that applies decides.

    ``minus`` points are taken off once, ``points`` is the most that is left, ``grade`` the best.
    """

    kind: str
    at_least: int
    minus: float = 0
    points: float | None = None
    grade: Grade | None = None


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """A table of points; ``lowest`` are the lowest points of each grade but the last.

    ``passing`` is the lowest that passes, where the table knows no grades. ``source`` and
    ``limits`` say where it is from and what of it is not known.
    """

    id: str
    title: Bilingual
    source: Bilingual
    limits: Bilingual
    documents: tuple[str, ...]
    items: tuple[Item, ...]
    vetoes: tuple[VetoItem, ...] = ()
    effects: tuple[Effect, ...] = ()
    start: float = 100
    lowest: tuple[tuple[Grade, float], ...] = ()
    passing: float | None = None
    default: bool = False

    def judges(self, documents: tuple[str, ...], doc_type: str | None) -> bool:
        """True where ``doc_type`` is one of ``documents``, an item's or a veto's."""
        return doc_type in self.documents and (ANY in documents or doc_type in documents)


@dataclass(frozen=True, slots=True)
class Lost:
    """``points`` that a finding of ``rule`` at ``span`` costs; ``whole`` where the item is lost
    for having no content, which follows from its weight."""

    rule: str
    points: float
    why: Bilingual
    span: Span
    item: Bilingual
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Vetoed:
    """A veto item that the finding of ``rule`` at ``span`` is; ``counts`` where its effect is
    known."""

    rule: str
    kind: str
    title: Bilingual
    span: Span
    counts: bool


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A finding that concerns ``item`` and whose points the table does not say."""

    rule: str
    item: Bilingual
    span: Span


@dataclass(frozen=True, slots=True)
class NotJudged:
    """An item, or a side of it (``why``), that was not judged; ``points`` is what it weighs."""

    item: Bilingual
    points: float
    reason: Reason
    why: Bilingual | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """What the text of one note comes to by ``table``, for a person to check.

    ``points`` and ``grade`` are the most and the best that it can come to, None where the table as
    it is known cannot say them. ``judged`` is the weight of the items that were judged: the others
    are taken as not having lost anything.
    ``is_passed`` is None where the table has grades.
    """

    table: ScoreTable
    points: float | None
    grade: Grade | None
    is_passed: bool | None
    judged: float
    lost: tuple[Lost, ...]
    vetoes: tuple[Vetoed, ...]
    unpriced: tuple[Unpriced, ...]
    not_judged: tuple[NotJudged, ...]
