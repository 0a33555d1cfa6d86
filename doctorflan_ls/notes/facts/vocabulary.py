"""Medical terms and where they stand in a text.

The tables in ``data/terms`` (each names its source) become one Aho-Corasick automaton on first
use. A term in Latin letters needs word borders and may carry a plural ending; an abbreviation in
capitals must be written in capitals. Where terms overlap, the one that starts first wins, then the
longest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Any, Literal, NamedTuple

import ahocorasick

from doctorflan_ls.i18n import Locale
from doctorflan_ls.text import Span

TermKind = Literal[
    "cue", "trap", "diagnosis", "procedure", "drug", "drug_class", "sign", "symptom", "allergen"
]

# What a plugin's longer term may not hide, and what it may.
_NEVER_HIDDEN = frozenset({"cue", "trap", "drug", "drug_class", "allergen"})
_HIDES = frozenset({("diagnosis", "symptom"), ("diagnosis", "sign")})
# A surface that stands in two tables belongs to the first.
_TABLES: tuple[tuple[str, TermKind], ...] = (
    ("assertion_cues", "cue"),
    ("traps", "trap"),
    ("diagnoses", "diagnosis"),
    ("procedures", "procedure"),
    ("drugs", "drug"),
    ("drug_classes", "drug_class"),
    ("signs", "sign"),
    ("symptoms", "symptom"),
    ("allergens", "allergen"),
)
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord("’"): "'",
    ord("‘"): "'",
    ord("－"): "-",
    ord("—"): "-",
    ord("–"): "-",
}
_SOFT = str.maketrans({"-": " ", "\n": " ", "\r": " ", "\t": " ", "\u00a0": " "})
_PLURALS = ("", "s", "es")


@dataclass(frozen=True, slots=True)
class Term:
    """A row of a table: ``extra`` holds the columns that only this table has.

    ``brought`` is true for a plugin's.
    """

    kind: TermKind
    name_en: str
    name_zh: str
    system: str
    extra: tuple[str, ...]
    brought: bool = False

    def name(self, language: Locale) -> str:
        """The canonical name in ``language``; the other language's where it has none."""
        return (
            (self.name_zh or self.name_en) if language == "zh" else (self.name_en or self.name_zh)
        )


@dataclass(frozen=True, slots=True)
class TermEntry:
    """A term that a plugin brings: its names, the first of each language the preferred one.

    ``code`` is its code and ``system`` what the code is of (``ICD-10``). A ``recognised`` term is
    read as a fact of ``kind`` where it stands in a note, and ``extra`` holds what the table of its
    kind has beside the names (``data/terms``); an ``offered`` one is completed in the sections of
    its kind. A name that is known already stays as it is.
    """

    kind: TermKind
    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    code: str = ""
    system: str = ""
    extra: tuple[str, ...] = ()
    recognised: bool = True
    offered: bool = True

    @property
    def names(self) -> tuple[str, str]:
        """The preferred names, English and Chinese; empty where it has none."""
        return (self.en[0] if self.en else "", self.zh[0] if self.zh else "")


class Match(NamedTuple):
    """A term at a place of the text."""

    start: int
    end: int
    term: Term

    @property
    def span(self) -> Span:
        """The place as a span."""
        return Span(self.start, self.end)


def rows(table: str) -> Iterator[list[str]]:
    """The rows of ``data/terms/<table>.tsv``, comments and the column line left out."""
    path = resources.files("doctorflan_ls") / "data" / "terms" / f"{table}.tsv"
    lines = iter(path.read_text(encoding="utf-8").splitlines())
    body = (line for line in lines if line and not line.startswith("#"))
    columns = next(body).count("\t") + 1
    for line in body:
        cells = line.split("\t")
        yield cells + [""] * (columns - len(cells))


def fold(text: str) -> str:
    """``text`` in one form for look-up, character for character: widths, quotes, case, hyphens."""
    if not text.isascii():
        text = text.translate(_WIDE)
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := c.lower()) == 1 else c for c in text)
    return lowered.translate(_SOFT)


def _is_abbreviation(surface: str) -> bool:
    return surface.isascii() and surface.isupper() and len(surface) <= 5


def table_terms() -> Iterator[tuple[Term, tuple[str, ...]]]:
    """The terms of the tables, each with its surfaces; what plugins bring is not among them."""
    for table, kind in _TABLES:
        for name_en, name_zh, zh, en, system, *extra in rows(table):
            surfaces = (name_zh, name_en, *zh.split("|"), *en.split("|"))
            yield Term(kind, name_en, name_zh, system, tuple(extra)), tuple(filter(None, surfaces))


class Vocabulary:
    """The tables and what plugins bring beside them. Never changes; built when first asked for."""

    def __init__(self, entries: tuple[TermEntry, ...] = ()) -> None:
        self.entries = entries
        self.scan = lru_cache(maxsize=128)(self._scan)

    @cached_property
    def automaton(self) -> Any:  # noqa: ANN401 - pyahocorasick has no types
        """Every surface, folded, with the surface as written and its term."""
        machine = ahocorasick.Automaton()
        surfaces: dict[str, tuple[str, Term]] = {}
        for term, names in table_terms():
            for surface in names:
                surfaces.setdefault(fold(surface), (surface, term))
        for entry in (each for each in self.entries if each.recognised):
            term = Term(entry.kind, *entry.names, entry.system, entry.extra, brought=True)
            for surface in (*entry.zh, *entry.en):
                surfaces.setdefault(fold(surface), (surface, term))
        for key, value in surfaces.items():
            machine.add_word(key, (key, *value))
        machine.make_automaton()
        return machine

    def _scan(self, text: str) -> tuple[Match, ...]:
        folded = fold(text)
        found = []
        for last, (key, surface, term) in self.automaton.iter(folded):
            start, end = last + 1 - len(key), last + 1
            if _latin(key[0]) and start and _latin(folded[start - 1]):
                continue
            if key[-1] == "疼" and folded.startswith("痛", end):
                continue
            if _latin(key[-1]):
                widened = _word_end(folded, end)
                if widened is None:
                    continue
                end = widened
            if _is_abbreviation(surface) and not text[start : start + len(surface)].isupper():
                continue
            found.append(Match(start, end, term))
        found.sort(key=lambda match: (match.start, -match.end))
        return tuple(_apart(_allowed(found) if self.entries else found))


_current = Vocabulary()


def current() -> Vocabulary:
    """What notes are read with now."""
    return _current


def publish(vocabulary: Vocabulary) -> None:
    """Read with ``vocabulary`` from here on; see ``notes/brought.py``."""
    global _current  # noqa: PLW0603  (how a note is read is one thing for the process)
    _current = vocabulary


def lookup(surface: str) -> Term | None:
    """The term whose surface is exactly ``surface``."""
    found: tuple[str, str, Term] | None = _current.automaton.get(fold(surface), None)
    return found[2] if found else None


def scan(text: str) -> tuple[Match, ...]:
    """Every term of ``text``, cues and traps included, none overlapping, in order."""
    return _current.scan(text)


def _allowed(found: list[Match]) -> list[Match]:
    """``found`` without what a plugin brings over a built-in term that it may not hide.

    What decides what is denied, and what names a drug or an allergen, is never hidden: a longer
    name (青霉素过敏 as a disease) would switch off the check of allergies. A plugin's disease may
    be longer than a built-in one or than a symptom, its other terms than built-in ones of a kind.
    """
    built_in = list(_apart([match for match in found if not match.term.brought]))
    return [
        match
        for match in found
        if not match.term.brought
        or not any(
            match.start < other.end and other.start < match.end and not _may_hide(match, other)
            for other in built_in
        )
    ]


def _may_hide(brought: Match, built_in: Match) -> bool:
    if built_in.term.kind in _NEVER_HIDDEN:
        return False
    kinds = (brought.term.kind, built_in.term.kind)
    return kinds[0] == kinds[1] or kinds in _HIDES


def _apart(found: list[Match]) -> Iterator[Match]:
    reached = 0
    for match in found:
        if match.start >= reached:
            reached = match.end
            yield match


def _latin(character: str) -> bool:
    return "a" <= character <= "z"


def _word_end(folded: str, end: int) -> int | None:
    """Where the word that ends at ``end`` really ends, a plural included; None inside a word."""
    for plural in _PLURALS:
        after = end + len(plural)
        if folded.startswith(plural, end) and not (after < len(folded) and _latin(folded[after])):
            return after
    return None


def matches(text: str, *kinds: TermKind) -> list[Match]:
    """The terms of ``text`` that are of one of ``kinds``."""
    return [match for match in scan(text) if match.term.kind in kinds]


@cache
def _sites() -> tuple[re.Pattern[str], re.Pattern[str]]:
    chinese: list[str] = []
    english: list[str] = []
    for _, _, zh, en, *_ in rows("sites"):
        chinese += filter(None, zh.split("|"))
        english += filter(None, en.split("|"))
    zh_sites = "|".join(sorted(map(re.escape, chinese), key=len, reverse=True))
    en_sites = "|".join(sorted(map(re.escape, english), key=len, reverse=True))
    side = "左右双两上下中前后内外全侧"
    return (
        re.compile(
            f"(?:(?P<side>[{side}]{{0,4}})(?P<site>{zh_sites})(?:部|区|处|局部|周围|关节){{0,2}}[及、和]?)+"
            "(?P<quality>[\u4e00-\u9fff]{0,6}?性|剧烈|明显|反复|持续|轻度|重度|稍|感){0,2}$"
        ),
        re.compile(
            "(?:\\b(?:right|left|bilateral|both|upper|lower|mid|low|medial|lateral|anterior|posterior"
            f"|severe|mild)[ -])*\\b(?P<site>{en_sites})s?[ -]$"
        ),
    )


def site_before(text: str, start: int) -> re.Match[str] | None:
    """The body site right before ``start``, with its side: 右下腹|疼痛, left knee|pain."""
    chinese, english = _sites()
    window = text[max(start - 18, 0) : start]
    if not window or (window[-1].isascii() and window[-1] not in " -"):
        return None
    return (english if window[-1] in " -" else chinese).search(
        window.lower() if window[-1] in " -" else window
    )
