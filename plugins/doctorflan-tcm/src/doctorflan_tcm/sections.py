"""The sections of TCM records, and which of a note's sections say that it is one."""

from __future__ import annotations

from functools import cache

from doctorflan_ls.notes.headings import SectionKind
from doctorflan_ls.notes.model import Section
from doctorflan_ls.notes.note import Note
from doctorflan_tcm.tables import document

# Sections of the core that stand in TCM records alone.
_CORE = frozenset({"tcm_four_diagnosis", "tongue_pulse", "tcm_diagnosis"})
# Here the core's table says how a section is read; the file only adds headings.
_SHARED = _CORE | {"treatment_plan", "prescription"}


@cache
def kinds() -> tuple[SectionKind, ...]:
    """The sections of ``data/sections.toml``."""
    return tuple(
        SectionKind(
            id=row["id"],
            loinc=None,
            zh=tuple(row["zh"]),
            en=tuple(row["en"]),
            within=tuple(row.get("within", ())),
            weak=row.get("weak", False),
            field=row.get("field", False),
        )
        for row in document("sections")["section"]
    )


@cache
def _own() -> frozenset[str]:
    return frozenset(kind.id for kind in kinds()) - _SHARED


def plain_id(section: Section) -> str:
    """The section's id without the package's name, which the server puts before it."""
    return section.id.rpartition("/")[2]


def is_tcm_record(note: Note) -> bool:
    """True where a section of the note belongs to TCM."""
    return any(plain_id(section) in _CORE | _own() for section in note.sections)
