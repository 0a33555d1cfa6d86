"""The times of a note: what the context tells, then what the note itself says beyond doubt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from doctorflan_ls.checks.scope import Scope
from doctorflan_ls.checks.table import RuleTable
from doctorflan_ls.notes import doctype
from doctorflan_ls.notes.context import TIMES, Moment, read_moment, type_in
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span

WRITTEN = (
    r"\d{4}\s?[年./\-]\s?\d{1,2}\s?[月./\-]\s?\d{1,2}(?!\d)\s?日?"
    r"(?:[T \u3000,，]{0,3}\d{1,2}\s?[:：时点](?:\s?\d{1,2}(?!\d))?\s?分?(?:[:：]\d{2})?)?"
)
"""A date, with or without a time of day, as notes have it."""

_TIME = re.compile(WRITTEN)
_ENTRY = re.compile(rf"(?m)^[ \t\u3000]*({WRITTEN})")
_SIGNED = re.compile(r"签名|签字|医师|医生|记录者|signed|signature", re.IGNORECASE)
_HEAD, _TAIL, _LINES, _LONGEST = 2000, 400, 6, 60


class Told(NamedTuple):
    """A time and where the note says it; ``span`` is None for what the context tells."""

    moment: Moment
    span: Span | None = None


class _Labelled(NamedTuple):
    key: str
    moment: Moment
    start: int
    end: int


@lru_cache(maxsize=8)
def _labels(table: RuleTable) -> tuple[re.Pattern[str], dict[str, str]]:
    """The labels of times, the longest first, and the key that each stands for."""
    rows = table.data["context"]["text_times"]
    keys = {label.casefold(): key for key, labels in rows.items() for label in labels}
    words = "|".join(re.escape(each) for each in sorted(keys, key=len, reverse=True))
    # Not 上次入院时间: a label begins a line, or stands behind a blank or a mark.
    pattern = re.compile(rf"(?<![^\W])({words})\s*[:：]\s*({WRITTEN})", re.IGNORECASE)
    return pattern, keys


def type_of(at: Scope) -> str | None:
    """The type that the note or the client names; None where it is only guessed."""
    return at.note.stated_type or type_in(at.context.doc_type, at.note.language)


# Several checks ask it of one scope.
@lru_cache(maxsize=4)
def times(at: Scope) -> Mapping[str, Told]:
    """All times that are known, by their key in ``data/rules/context.toml``."""
    context = at.context
    told: dict[str, Told] = {}
    for key in TIMES:
        moment: Moment | None = getattr(context, key)
        if moment is not None:
            told[key] = Told(moment)
    if type_of(at) is not None:
        for key, said in _said(at).items():
            told.setdefault(key, said)
        if "record_time" not in told and (written := _written(at)) is not None:
            told["record_time"] = written
    if "discussion_time" not in told and "record_time" in told:
        told["discussion_time"] = told["record_time"]
    return told


def _said(at: Scope) -> dict[str, Told]:
    """The times behind a label that stands once, or says the same wherever it stands."""
    found: dict[str, list[Told]] = {}
    collect = _collector(at.table)
    for start, (key, moment, first, last) in at.gather(collect):
        found.setdefault(key, []).append(Told(moment, Span(start + first, start + last)))
    return {key: each[0] for key, each in found.items() if len({told.moment for told in each}) == 1}


@lru_cache(maxsize=8)
def _collector(table: RuleTable) -> Callable[[Scope], Iterator[_Labelled]]:
    pattern, keys = _labels(table)

    def collect(part: Scope) -> Iterator[_Labelled]:
        for found in pattern.finditer(part.text):
            moment = read_moment(found[2].strip())
            first, last = found.start(2), found.start(2) + len(found[2].rstrip())
            place = Span(part.span.start + first, part.span.start + last)
            if moment is not None and part.is_record(place):
                yield _Labelled(keys[found[1].casefold()], moment, first, last)

    return collect


def _written(at: Scope) -> Told | None:
    """When the note was written: the time of its first lines, else of its signature."""
    if len(entries(at.note)) > 1:
        # A file with several records in it.
        return None
    return _headed(at) or _signed(at)


def _headed(at: Scope) -> Told | None:
    note = at.note
    for line in _lines(note, Span(note.front, note.front + _HEAD))[:_LINES]:
        words = note.slice(line)
        found = list(_TIME.finditer(words))
        if len(found) == 1 and len(words) <= _LONGEST:
            is_first = not words[: found[0].start()].strip()
            rest = words[: found[0].start()] + words[found[0].end() :]
            if is_first or doctype.by_title(rest) is not None:
                return _told(at, line.start, found[0])
    return None


def _signed(at: Scope) -> Told | None:
    """The time beside the signature, given to the minute."""
    note = at.note
    size = len(note.text)
    for line in _lines(note, Span(max(size - _TAIL, note.front), size))[-3:]:
        words = note.slice(line)
        found = list(_TIME.finditer(words))
        if len(found) == 1 and len(words) <= _LONGEST:
            alone = not (words[: found[0].start()] + words[found[0].end() :]).strip()
            told = _told(at, line.start, found[0]) if alone or _SIGNED.search(words) else None
            if told is not None and told.moment.precise:
                return told
    return None


def _lines(note: Note, within: Span) -> list[Span]:
    """The lines of ``within`` that hold words."""
    lines = []
    start = within.start
    for line in note.slice(within).splitlines(keepends=True):
        if line.strip():
            lines.append(Span(start, start + len(line)))
        start += len(line)
    return lines


def _told(at: Scope, start: int, found: re.Match[str]) -> Told | None:
    moment = read_moment(found[0].strip())
    span = Span(start + found.start(), start + found.start() + len(found[0].rstrip()))
    return Told(moment, span) if moment is not None and at.is_record(span) else None


def entries(note: Note) -> list[Told]:
    """The times that begin a line: one for each record of a running progress note."""
    return list(_entries(note))


@lru_cache(maxsize=8)
def _entries(note: Note) -> tuple[Told, ...]:
    found = []
    for match in _ENTRY.finditer(note.slice(Span(note.front, len(note.text)))):
        moment = read_moment(match[1].strip())
        start = note.front + match.start(1)
        if moment is not None:
            found.append(Told(moment, Span(start, start + len(match[1].rstrip()))))
    return tuple(found)


def record_time_of(note: Note) -> Moment | None:
    """When another note was written, as its front matter or its words say."""
    known = times(Scope(note)).get("record_time")
    return None if known is None else known.moment
