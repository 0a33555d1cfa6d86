"""Finding the headings of a text: one structural pattern, then the section table.

Whether a heading starts at a place depends on at most ``REACH`` code points before and after it,
so that after an edit only its surroundings need to be looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from doctorflan_ls.notes import headings
from doctorflan_ls.notes.doctype import is_title
from doctorflan_ls.notes.headings import SectionKind
from doctorflan_ls.text import Span

REACH = 480
"""Code points on each side of a place that decide whether a heading starts there."""

BRACKET, BOLD, PLAIN = 10, 11, 20
_NUMBERED = 21
_B = r"[ \t\u3000\xa0]"
_CJK = "\u3400-\u9fff"
_ENUM = (
    r"(?:[一二三四五六七八九十]{1,3}[、.．]|[（(][一二三四五六七八九十]{1,3}[）)][、.]?"
    r"|\d{1,2}(?:[、．)）]|\.(?!\d))|[（(]\d{1,2}[）)][、.]?|[①-⑳])"
)
_CLOSERS = r"[】\]〕］〗]|\*\*|__"
_LINE = rf"""
    (?<![^\r\n]){_B}{{0,40}}
    (?P<start>(?P<hashes>\#{{1,6}}){_B}{{0,4}}|[■◆●▲★◇□]{_B}{{0,2}}|Text:{_B}{{1,4}}(?=[A-Z]))?
    (?P<bold>\*\*|__)?(?P<enum>{_ENUM}{_B}{{0,4}})?(?P<open>[【\[〔［〖]{_B}{{0,4}})?
    (?P<name>[^\s：:，,。；;！？!?“”"【】\[\]〔〕［］〖〗*\#](?:[^\r\n：:，,。；;！？!?“”"【】\[\]〔〕［］〖〗*]{{0,48}}?[^\s：:，,。；;！？!?“”"【】\[\]〔〕［］〖〗*])??)
    {_B}{{0,4}}
    (?P<end>(?P<closer>{_CLOSERS}){_B}{{0,4}}[：:]?|[：:](?:\*\*|__)?|(?P<comma>[，,])
        |(?P<dash>{_B}[-–—]{_B})|(?P<eol>(?=[\r\n]|\Z)))
"""
_INLINE = rf"""
    (?<=[。；;！？!?\s，,、.）)】])(?:
        (?P<zh>[{_CJK}A-Z][{_CJK}A-Z/（）()]{{1,14}}?){_B}{{0,2}}(?P<zh_end>[：:，,])
        |(?P<en>[A-Z][A-Za-z/&]{{0,20}}(?:[ -][A-Za-z/&]{{1,20}}){{0,4}})[ ]?:
    )
"""
_REST_BLANK = re.compile(rf"{_B}{{0,40}}(?=[\r\n]|\Z)")
_NEXT_ENUM = re.compile(rf"{_B}{{0,40}}(?:\r\n|\n|\r)?{_B}{{0,40}}(?P<enum>{_ENUM})")
_HAS_CJK = re.compile(rf"[{_CJK}]")
# A line that starts so tells or orders something; headings name things.
_TELLING = re.compile(
    r"患者|病人|家属|予|给予|行|已|建议|完善|复查|请|拟|需|查(?!体)|做|示|考虑|提示|未|无|有|否认|必要时|继续|待"
)
_MOST_HEADING_WORDS = 16


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, offsets counted from its block's start (its line's, where it leads a line).

    ``start`` is where its number, bracket or name stands, ``end`` where the text after it does.

    ``kinds`` is what it may mean: several where the section around decides, none for ``other``.
    ``style`` is how it is written: headings written alike stand on one level. ``glued`` headings
    have no mark of their own.
    """

    name: str
    kinds: tuple[SectionKind, ...]
    name_span: Span
    end: int
    style: int
    start: int = 0


def _pattern() -> re.Pattern[str]:
    return _pattern_of(headings.current())


@lru_cache(maxsize=2)
def _pattern_of(sections: headings.Sections) -> re.Pattern[str]:
    table = sections.table
    bare = "|".join(sorted(map(re.escape, table.bare_headings), key=len, reverse=True))
    words = "|".join(map(re.escape, table.bare_words))
    glued = "|".join(
        rf"(?:{'|'.join(kind.zh)})(?={_B}{{0,4}}(?:{'|'.join(kind.before)}){_B}{{0,4}}[：:\d])"
        for kind in table.kinds.values()
        if kind.before
    )
    loose = (
        rf"(?:(?<![^\r\n]){_B}{{0,40}}(?P<loose_enum>{_ENUM}{_B}{{0,4}})?|(?<=[。；;]))"
        rf"(?P<loose>(?:{bare})(?={words}))"
        rf"|(?:(?<![^\r\n]){_B}{{0,40}}|(?<=[：:。；，\s]))(?P<glued>{glued})"
    )
    return re.compile(rf"(?:{loose}|{_LINE}|{_INLINE})", re.VERBOSE)


def find_headings(text: str, start: int, end: int) -> Iterator[tuple[int, Heading]]:
    """The headings of ``text`` that start in [start, end), each with its offset.

    ``text`` must reach ``REACH`` code points past both, or to its document's own borders.
    """
    search = _pattern().search
    at = start
    while at < end:
        found = search(text, at)
        if found is None or found.start() >= end:
            return
        read = _read(text, found)
        if read is None:
            at = found.start() + 1
        else:
            yield read
            at = found.end()


def _read(text: str, found: re.Match[str]) -> tuple[int, Heading] | None:
    kind = found.lastgroup if found.lastgroup in {"loose", "glued"} else None
    group = kind or ("name" if found["name"] else "zh" if found["zh"] else "en")
    name = found[group]
    if kind is not None:
        kinds: tuple[SectionKind, ...] | None = headings.kinds_named(name)
        enum = found["loose_enum"]
    elif group == "name":
        kinds, enum = _line_kinds(text, found, name), found["enum"]
    else:
        kinds, enum = _inline_kinds(text, found, name), None
    if kinds is None:
        return None
    first = found.start()
    span = Span(found.start(group) - first, found.end(group) - first)
    indent = len(found[0]) - len(found[0].lstrip())
    return first, Heading(name, kinds, span, found.end() - first, _style(found, enum), indent)


def _style(found: re.Match[str], enum: str | None) -> int:
    if found["hashes"]:
        return len(found["hashes"])
    if found["open"]:
        return BRACKET
    if enum:
        return _enum_style(enum)
    return BOLD if found["bold"] else PLAIN


def _enum_style(enum: str) -> int:
    mark = enum.strip()
    closed = mark[0] in "（("
    if "①" <= mark[0] <= "⑳":
        return _NUMBERED + 4
    if mark.strip("（()）、.．")[0].isdigit():
        return _NUMBERED + (3 if closed else 2)
    return _NUMBERED + (1 if closed else 0)


def _line_kinds(text: str, found: re.Match[str], name: str) -> tuple[SectionKind, ...] | None:
    """The kinds of a heading at a line's start; None where it is none."""
    kinds = headings.kinds_named(name)
    own_line = _REST_BLANK.match(text, found.end()) is not None
    if not _may_be_heading(text, found, name, own_line=own_line):
        return None
    if kinds:
        return kinds if _HAS_CJK.search(name) or _fits_english(text, found, name) else None
    if own_line or found["open"] or (found["enum"] and found["eol"] is None):
        ending = headings.kind_ending(name) if _names_something(name) else None
        if ending is not None:
            return (ending,)
    return () if _is_unknown_heading(found, name, own_line=own_line) else None


def _may_be_heading(text: str, found: re.Match[str], name: str, *, own_line: bool) -> bool:
    """False where the mark after ``name``, or the line after it, says that it is none."""
    if found["comma"] is not None:
        return headings.normal(name) in headings.table().bare_headings
    if found["dash"] is not None:
        return name[0].isupper() and bool(headings.kinds_named(name))
    if not own_line:
        return True
    return not is_title(name) and not _is_list_item(text, found, headings.kinds_named(name))


def _is_list_item(text: str, found: re.Match[str], kinds: tuple[SectionKind, ...]) -> bool:
    """``1.心电图`` before a line ``2.胸片`` is an order, not the heading of an empty section."""
    if not found["enum"] or (kinds and not kinds[0].weak):
        return False
    following = _NEXT_ENUM.match(text, found.end())
    return following is not None and _enum_style(following["enum"]) == _enum_style(found["enum"])


# "A: 1. Strep pharyngitis" and "S: 45 yo F with ..." are how SOAP notes begin.
_LISTED_OR_AGED = re.compile(
    r"[ \t]+\d{1,3}(?:[.)][ \t]+[A-Za-z]"
    r"|[ -]?(?:yo|y/o|y\.o|years?|yrs?|months?|days?|weeks?|[FM])\b)",
    re.IGNORECASE,
)


def _fits_english(text: str, found: re.Match[str], name: str) -> bool:
    if len(name) == 1:
        after = text[found.end() : found.end() + 2]
        return (
            name.isupper()
            and found["eol"] is None
            and after[:1].isspace()
            # On a line of its own (a list may follow), or before words: "P: 80" is a pulse.
            and (
                after[0] in "\r\n"
                or after[1:].isalpha()
                or after[1:].isspace()
                or len(after) < 2
                or _LISTED_OR_AGED.match(text, found.end()) is not None
            )
        )
    if found["eol"] is None:
        return name[0].isupper() or found["enum"] is None
    return name.isupper() if len(name) <= 3 else name[0].isupper()


def _names_something(name: str) -> bool:
    return len(name) <= _MOST_HEADING_WORDS and _TELLING.match(name) is None


def _is_unknown_heading(found: re.Match[str], name: str, *, own_line: bool) -> bool:
    if not any(map(str.isalpha, name)):
        return False
    if found["open"]:
        marked = found["closer"] is not None and found["open"][0] not in "[［"
        return (marked or own_line) and len(name) <= 24
    if not own_line:
        return False
    if found["hashes"] or (found["bold"] and found["closer"]):
        return True
    if found["enum"]:
        known = headings.looks_like_heading(name) and _HAS_CJK.search(name) is not None
        return known and _names_something(name)
    letters = sum(map(str.isalpha, name))
    capitals = name.isascii() and name.isupper() and not any(map(str.isdigit, name))
    return capitals and name[-1] != "." and letters >= 8


def _inline_kinds(text: str, found: re.Match[str], name: str) -> tuple[SectionKind, ...] | None:
    """The kinds of a heading in the middle of a line; None where it is none."""
    kinds = headings.kinds_named(name)
    if not kinds or any(kind.weak for kind in kinds):
        return None
    before = text[found.start() - 1]
    if found["zh"] is not None:
        history = headings.normal(name) in headings.table().bare_headings
        if found["zh_end"] in "，,":
            return kinds if history and before in "，,。；; \t\u3000\r\n" else None
        return kinds if history or before not in "，,、." else None
    if len(name) == 1:
        return None
    abbreviation = name.isupper() or (len(name) <= 5 and " " not in name)
    lead = text[max(found.start() - 2, 0) : found.start()]
    return kinds if abbreviation or lead[0] in ".;!?。；\r\n \t" else None
