"""The section table: canonical ids, LOINC codes and headings, from ``data/sections.toml``."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any

from doctorflan_ls.i18n import Locale

OTHER = "other"
"""The id of a heading that is plainly one but that the table does not know."""

_BLANKS = re.compile(r"\s+")
_CJK = re.compile(r"[\u3400-\u9fff]")
_BRACKETED = re.compile(r"\([^()]*\)$")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
# Longer words before an ending (腹部及胸部 + 体格检查) are a sentence, not a heading.
_LONGEST_PREFIX = 8


@dataclass(frozen=True, slots=True)
class SectionKind:
    """A row of the section table; ``data/sections.toml`` says what each column means."""

    id: str
    loinc: str | None
    zh: tuple[str, ...]
    en: tuple[str, ...]
    within: tuple[str, ...] = ()
    weak: bool = False
    field: bool = False
    before: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SectionTable:
    """The kinds by id and by heading, and the words that make a line a heading."""

    kinds: dict[str, SectionKind]
    by_heading: dict[str, tuple[SectionKind, ...]]
    by_ending: dict[str, SectionKind]
    unknown_endings: tuple[str, ...]
    bare_headings: tuple[str, ...]
    bare_words: tuple[str, ...]


# The same few words stand at the beginning of lines around every key.
@lru_cache(maxsize=2048)
def normal(heading: str) -> str:
    """``heading`` as the table is searched: half width, lower case, no blanks between Chinese."""
    words = heading.translate(_FULL_WIDTH).strip().lower()
    return _BLANKS.sub("" if _CJK.search(words) else " ", words)


@cache
def _data() -> dict[str, Any]:
    source = files("doctorflan_ls").joinpath("data", "sections.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def builtin_kinds() -> tuple[SectionKind, ...]:
    """The table's own sections, in its order."""
    return tuple(_kind(row) for row in _data()["section"])


def _built(more: tuple[SectionKind, ...]) -> SectionTable:
    data = _data()
    kinds = {kind.id: kind for kind in builtin_kinds()}
    for brought in more:
        known = kinds.get(brought.id)
        kinds[brought.id] = brought if known is None else _joined(known, brought)
    by_heading: dict[str, tuple[SectionKind, ...]] = {}
    by_ending: dict[str, SectionKind] = {}
    for kind in kinds.values():
        for heading in (*kind.zh, *kind.en):
            key = normal(heading)
            by_heading[key] = (*by_heading.get(key, ()), kind)
        for ending in kind.endings:
            # The first of an ending counts, which is the table's own.
            by_ending.setdefault(normal(ending), kind)
    return SectionTable(
        kinds=kinds,
        by_heading=by_heading,
        by_ending=by_ending,
        unknown_endings=tuple(data["unknown_endings"]),
        bare_headings=tuple(name for id_ in data["bare_sections"] for name in kinds[id_].zh),
        bare_words=tuple(data["bare_words"]),
    )


class Sections:
    """The section table and what plugins add to it. Never changes; read when first asked for."""

    def __init__(self, more: tuple[SectionKind, ...] = ()) -> None:
        self.more = more

    @cached_property
    def table(self) -> SectionTable:
        """The whole of it."""
        return _built(self.more)


_current = Sections()


def current() -> Sections:
    """What notes are read with now."""
    return _current


def publish(sections: Sections) -> None:
    """Read with ``sections`` from here on; see ``notes/brought.py``."""
    global _current  # noqa: PLW0603  (how a note is read is one thing for the process)
    _current = sections


def table() -> SectionTable:
    """The section table that notes are read with now."""
    return _current.table


def _kind(row: dict[str, Any]) -> SectionKind:
    lists = {key: tuple(row.get(key, ())) for key in ("zh", "en", "within", "before", "endings")}
    return SectionKind(
        id=row["id"],
        loinc=row.get("loinc"),
        weak=row.get("weak", False),
        field=row.get("field", False),
        **lists,
    )


def _joined(known: SectionKind, more: SectionKind) -> SectionKind:
    """``known`` with further headings; what it is otherwise stays."""
    return replace(known, zh=(*known.zh, *more.zh), en=(*known.en, *more.en))


def section_kinds() -> tuple[SectionKind, ...]:
    """Every known section, in the table's order."""
    return tuple(table().kinds.values())


def section_kind(section_id: str) -> SectionKind | None:
    """The row of ``section_id``; None for ``other`` and for ids a plugin made up."""
    return table().kinds.get(section_id)


def title(section_id: str, language: Locale) -> str:
    """The preferred heading of a section; the id itself where the table lacks it."""
    kind = table().kinds.get(section_id)
    if kind is None:
        return section_id
    first, second = (kind.zh, kind.en) if language == "zh" else (kind.en, kind.zh)
    return (first or second or (section_id,))[0]


def kinds_named(heading: str) -> tuple[SectionKind, ...]:
    """What ``heading`` may mean: several where that depends on the section it stands in."""
    by_heading = table().by_heading
    words = normal(heading)
    # 中医辨证依据（含病因病机分析）: what is in the brackets explains the heading.
    return by_heading.get(words) or by_heading.get(_BRACKETED.sub("", words), ())


def kind_ending(heading: str) -> SectionKind | None:
    """The section whose longest ending closes ``heading`` (腹部及胸部体格检查 is an exam)."""
    words = normal(heading)
    endings = table().by_ending
    for at in range(min(len(words), _LONGEST_PREFIX + 1)):
        found = endings.get(words[at:])
        if found is not None:
            return found
    return None


def looks_like_heading(name: str) -> bool:
    """True for a numbered or bare Chinese line that ends as headings do (食管高分辨率测压)."""
    return name.endswith(table().unknown_endings)
