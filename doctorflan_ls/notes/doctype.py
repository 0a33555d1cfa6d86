"""The type of a document, by its title or its sections; ``data/doc_types.toml`` is the table."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes.headings import normal

HEAD = 2000
"""A title stands within the first so many code points."""

_TITLE_LINES = 12
_LONGEST_TITLE = 40
_AROUND = " \t\u3000#*=_-—【】[]《》()（）:："


@dataclass(frozen=True, slots=True)
class DocType:
    """A row of the table: what the document must contain, by which source, and how to tell it.

    ``women`` are the sections required of female patients only.
    """

    id: str
    language: Locale
    loinc: str | None
    source: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    required: tuple[str, ...]
    women: tuple[str, ...]
    cues: tuple[frozenset[str], ...]


@cache
def _table() -> dict[str, DocType]:
    source = files("doctorflan_ls").joinpath("data", "doc_types.toml")
    rows = tomllib.loads(source.read_text(encoding="utf-8"))["doc_type"]
    return {
        row["id"]: DocType(
            id=row["id"],
            language=row["language"],
            loinc=row.get("loinc"),
            source=row["source"],
            zh=tuple(row["zh"]),
            en=tuple(row["en"]),
            required=tuple(row["required"]),
            women=tuple(row.get("women", ())),
            cues=tuple(frozenset(cue) for cue in row["cues"]),
        )
        for row in rows
    }


@cache
def _titles() -> dict[str, DocType]:
    return {normal(title): row for row in _table().values() for title in (*row.zh, *row.en)}


@cache
def _title_end() -> re.Pattern[str]:
    """A title that closes a line (某某医院入院记录, 10:00 查房记录), the longest first."""
    words = sorted(_titles(), key=len, reverse=True)
    return re.compile(
        r"(?:^|(?<=\W)|(?<=[\u3400-\u9fff])|(?<=\d)(?=[\u3400-\u9fff]))("
        + "|".join(map(re.escape, words))
        + ")$"
    )


def doc_types() -> tuple[DocType, ...]:
    """Every known type, in the table's order."""
    return tuple(_table().values())


def doc_type(type_id: str) -> DocType | None:
    """The row of ``type_id``; None where the table has none."""
    return _table().get(type_id)


def title(type_id: str, language: Locale) -> str:
    """The type's name; the English one where it has no Chinese, the id where it is unknown."""
    row = _table().get(type_id)
    if row is None:
        return type_id
    return next(iter((*row.zh, *row.en) if language == "zh" else (*row.en, *row.zh)))


def named(words: str) -> str | None:
    """The id of the type with this id or title; None where there is none."""
    words = words.strip()
    if words in _table():
        return words
    found = _titles().get(normal(words.replace("_", " ")))
    return None if found is None else found.id


def required_sections(type_id: str | None, *, female: bool = False) -> tuple[str, ...]:
    """The ids of the sections a document of the type must have, in order; none where unknown."""
    row = _table().get(type_id) if type_id is not None else None
    if row is None:
        return ()
    return (*row.required, *row.women) if female else row.required


def is_title(line: str) -> bool:
    """True where ``line`` is a document's title and nothing else: titles are no headings."""
    return normal(line) in _titles()


def detect(head: str, sections: AbstractSet[str], language: Locale) -> str | None:
    """The type of a note that starts with ``head`` and has these sections; None if none fits."""
    return by_title(head) or _by_sections(sections, language)


def by_title(head: str) -> str | None:
    """The type that one of the first lines of ``head`` names; None where none does."""
    lines = (line.strip(_AROUND) for line in head.splitlines())
    for line in [line for line in lines if line][:_TITLE_LINES]:
        if len(line) <= _LONGEST_TITLE:
            found = _title_end().search(normal(line))
            if found is not None:
                return _titles()[found[1]].id
    return None


def _by_sections(sections: AbstractSet[str], language: Locale) -> str | None:
    for row in _table().values():
        if row.language == language and any(cue <= sections for cue in row.cues):
            return row.id
    return None
