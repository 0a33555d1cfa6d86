"""Whether left and right agree between the parts of a note (ZC-08)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from doctorflan_ls.checks.model import Fields, Finding, Related
from doctorflan_ls.checks.patterns import found_in, limit, pattern, phrase, rows, rules_of, words
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.table import RuleTable
from doctorflan_ls.notes.model import Section
from doctorflan_ls.text import Span

_STEM = "sides"
_CLAUSE_END = re.compile(r"[，。；,;\n]")


class Sided(NamedTuple):
    """An organ with its side in a part of the note: ``side`` is ``left``, ``right`` or ``both``."""

    part: str
    organ: str
    side: str
    span: Span
    text: str


def checks() -> Iterator[Check]:
    """The check of this module."""
    yield Check("sides", rules_of("ZC-08"), sides)


def sides(at: Scope) -> Iterator[Finding]:
    """One organ, left in one part of the note and right in another."""
    if not at.whole:
        return
    told: dict[tuple[str, str], list[Sided]] = {}
    for start, each in at.gather(_sided):
        placed = each._replace(span=Span(each.span.start + start, each.span.end + start))
        told.setdefault((each.part, each.organ), []).append(placed)
    reported: set[str] = set()
    for pair in rows(at.table, _STEM, "compared"):
        part, other_part = pair["one"], pair["other"]
        for organ in [organ for where, organ in told if where == part]:
            one = _only(told[part, organ])
            other = _only(told.get((other_part, organ), []))
            if one and other and one.side != other.side and organ not in reported:
                reported.add(organ)
                yield _finding(at, one, other)


def _only(told: list[Sided]) -> Sided | None:
    """The first mention, where all of them name one side."""
    return told[0] if told and {each.side for each in told} in ({"left"}, {"right"}) else None


def _finding(at: Scope, one: Sided, other: Sided) -> Finding:
    fields: Fields = {
        "organ": one.organ,
        "part": phrase(at.table, _STEM, "names", one.part),
        "other_part": phrase(at.table, _STEM, "names", other.part),
        "text": one.text,
        "other": other.text,
    }
    related = Related(other.span, phrase(at.table, _STEM, "related", "other"))
    return Finding(at.table.rules["ZC-08"], one.span, fields, related=(related,))


@lru_cache(maxsize=4)
def _parts(table: RuleTable) -> dict[str, str]:
    """The part that each section belongs to."""
    data = table.data[_STEM]["parts"]
    return {section: part for part, sections in data.items() for section in sections}


@lru_cache(maxsize=8)
def _both(table: RuleTable, language: str) -> re.Pattern[str]:
    single = pattern(table, _STEM, "words", language).pattern
    organs = single[single.index("(?P<organ>") + len("(?P<organ>") :]
    template = pattern(table, _STEM, "words", f"both_{language}").pattern
    return re.compile(template.replace("{organ}", organs[: organs.index(")")]), re.IGNORECASE)


def _sided(scope: Scope) -> Iterator[Sided]:
    language = scope.note.language
    apart = pattern(scope.table, _STEM, "words", "apart")
    reach = int(limit(scope.table, _STEM, "words", "reach"))
    found = [
        (span, match["organ"], _side(match["side"]))
        for span, match in found_in(scope, pattern(scope.table, _STEM, "words", language))
    ]
    found += [
        (span, match["organ"], "both")
        for span, match in found_in(scope, _both(scope.table, language))
    ]
    same = scope.table.data[_STEM]["same"]
    for span, organ, side in found:
        part = _part_of(scope, span)
        if part is None:
            continue
        start, end = span.start - scope.span.start, span.end - scope.span.start
        around = scope.text[max(start - reach, 0) : end + reach]
        if part == "operation":
            # 术后恢复好 behind an operation is no operation of old.
            around = _CLAUSE_END.split(scope.text[max(start - reach, 0) : start])[-1]
            around += _CLAUSE_END.split(scope.text[start : end + reach])[0]
        # Of another time or in comparison: then both sides are spoken of.
        said = "both" if apart.search(around) else side
        name = same.get(organ.lower(), organ.lower())
        yield Sided(part, name, said, Span(start, end), scope.words(span))


def _side(written: str) -> str:
    return "left" if written.lower() in ("左", "left") else "right"


def _part_of(scope: Scope, span: Span) -> str | None:
    """The part of the comparison of the innermost section around ``span``."""
    inside: Section | None = None
    for section in scope.sections:
        if section.span.contains(span):
            inside = section
    if inside is None:
        return None
    told = _parts(scope.table).get(inside.id)
    return told or ("operation" if _is_performed(scope, inside.id, span) else None)


def _is_performed(scope: Scope, section: str, span: Span) -> bool:
    """True for an operation that the course tells: 于3月1日行右髌骨骨折切开复位内固定术."""
    if section not in words(scope.table, _STEM, "performed", "sections"):
        return False
    start, end = span.start - scope.span.start, span.end - scope.span.start
    before = pattern(scope.table, _STEM, "performed", "before")
    after = pattern(scope.table, _STEM, "performed", "after")
    return bool(
        before.search(scope.text[max(start - 14, 0) : start])
        and after.match(scope.text[end : end + 30])
    )
