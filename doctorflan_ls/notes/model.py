"""What a note is read into: sections and facts, each a span of the note's text.

All offsets are Unicode code points of the note's text, half open, as in ``inspect --json``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from doctorflan_ls.i18n import Locale
from doctorflan_ls.text import Span

FactKind = Literal[
    "age",
    "sex",
    "chief_complaint",
    "vital",
    "lab",
    "drug",
    "allergy",
    "symptom",
    "sign",
    "diagnosis",
    "procedure",
    "date",
]
Assertion = Literal["present", "denied", "possible", "historical", "family"]
Flag = Literal["H", "L", "N", "POS", "NEG"]
DrugStatus = Literal["current", "new", "changed", "stopped", "avoid"]
DiagnosisRole = Literal[
    "initial", "admission", "discharge", "preoperative", "postoperative", "working", "past"
]
Sex = Literal["male", "female"]


# A named tuple, because after a key all facts behind it stand elsewhere.
class Fact(NamedTuple):
    """One typed finding of a note.

    ``text`` is the note's own words at ``span``. ``name`` is the canonical name (``temperature``,
    ``WBC``, a drug's or disease's name in the note's language). ``value`` is a number where the
    note gives one number, else the words as written (``100/60``, ``1:160``, ``female``); ``unit``
    is the unit as written. What a note does not say has no fact: absence is never ``denied``.
    """

    kind: FactKind
    text: str
    span: Span
    name: str
    value: float | str | None = None
    unit: str | None = None
    flag: Flag | None = None
    dose: str | None = None
    route: str | None = None
    frequency: str | None = None
    status: DrugStatus | None = None
    assertion: Assertion = "present"
    duration: str | None = None
    role: DiagnosisRole | None = None
    section: str = ""

    def moved(self, by: int) -> Fact:
        """The same fact, ``by`` code points further on."""
        start, end = self[2]
        return tuple.__new__(Fact, (*self[:2], Span(start + by, end + by), *self[3:]))


# A named tuple, because a 1 MB note has thousands of them after every keystroke.
class Section(NamedTuple):
    """A headed part of a note.

    ``id`` is a canonical id of ``data/sections.toml`` (``other`` for a heading that is plainly one
    but has no canonical id). ``span`` runs from the heading to the last character before the next
    section of the same or a higher level, trailing blanks left out, so child sections lie inside
    it; ``body`` starts after the heading and its colon and ends before the first child section.
    ``level`` counts from 1. ``loinc`` is None where the table has no code.
    """

    id: str
    heading: str
    heading_span: Span
    span: Span
    body: Span
    level: int
    loinc: str | None


@dataclass(frozen=True, slots=True)
class Sentence:
    """The unit facts are read from: its text, and where it stands.

    ``section`` is the canonical id of the innermost section (empty before the first heading).
    ``sex`` and ``age_years`` are the patient's where the note says them: reference ranges need
    them.
    """

    text: str
    section: str
    language: Locale
    sex: Sex | None = None
    age_years: float | None = None


@dataclass(frozen=True, slots=True)
class DraftBlock:
    """An unreviewed draft inside the note: from its opening to its closing marker line.

    ``span`` includes both marker lines and the line end of the last; ``body`` is what stands
    between them. Nothing inside is read as a section or a fact: a draft is no evidence.
    """

    id: str
    task: str
    model: str
    span: Span
    body: Span
