"""The other notes of the stay, read as this one is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from doctorflan_ls.checks.model import Related
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.scope import Scope
from doctorflan_ls.checks.stay.moments import Told, times
from doctorflan_ls.checks.stay.wording import bilingual, shown
from doctorflan_ls.checks.table import RuleTable
from doctorflan_ls.notes import doctype
from doctorflan_ls.notes.context import Context, Moment, OtherNote, type_in
from doctorflan_ls.notes.model import Section
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

# Notes kept read: those of one long stay.
_KEPT = 128
_BLANKS = " \t\r\n\u3000:："


class Other(NamedTuple):
    """A note of the context: its place in ``other_notes``, its type, when it was written, and when
    the patient was admitted, as it says."""

    place: int
    note: Note
    doc_type: str | None
    time: Moment | None
    admitted: Moment | None

    @property
    def text(self) -> str:
        """The words of its record."""
        return self.note.slice(Span(self.note.front, len(self.note.text)))


def has_stay(at: Scope) -> bool:
    """True for a whole Chinese note that is told of others: the rules are those of China."""
    return at.whole and bool(at.context.other_notes) and at.note.language == "zh"


def others(at: Scope, *types: str) -> list[Other]:
    """The other notes, of one of ``types`` where some are named, in the order given."""
    found = [Other(index, *_read(each)) for index, each in enumerate(at.context.other_notes)]
    return [each for each in found if not types or each.doc_type in types]


@lru_cache(maxsize=_KEPT)
def _read(other: OtherNote) -> tuple[Note, str | None, Moment | None, Moment | None]:
    note = parse_note(other.text)
    given = type_in(other.doc_type, note.language)
    doc_type = given or note.stated_type
    known = times(Scope(note, None, CheckOptions(context=Context(doc_type=doc_type))))
    written, admitted = (known.get(key) for key in ("record_time", "admission_time"))
    time = other.record_time or (None if written is None else written.moment)
    return note, doc_type or note.doc_type, time, None if admitted is None else admitted.moment


def stay_times(at: Scope) -> Mapping[str, Told]:
    """The times of the note; the admission's from the admission record where only that has it."""
    known = times(at)
    if "admission_time" in known:
        return known
    said = {each.admitted for each in others(at, *type_list(at.table, "admission"))} - {None}
    admitted = said.pop() if len(said) == 1 else None
    return known if admitted is None else {**known, "admission_time": Told(admitted)}


def type_list(table: RuleTable, key: str) -> tuple[str, ...]:
    """The document types of ``[types]``."""
    return tuple(table.data["stay"]["types"][key])


def named(at: Scope, other: Other) -> Bilingual:
    """What to call another note: its type and its day."""
    day = "" if other.time is None else shown(other.time)[:10]
    if other.doc_type is None:
        words = bilingual(at.table, "stay", "words", "another")
    else:
        words = Bilingual(doctype.title(other.doc_type, "zh"), doctype.title(other.doc_type, "en"))
    return Bilingual(f"{day}{words.zh}", f"{words.en} of {day}" if day else words.en)


def related(at: Scope, other: Other, span: Span) -> Related:
    """A place in another note that a finding rests on."""
    return Related(span, named(at, other), other.place)


def words(at: Scope, key: str, **fields: str | Bilingual) -> Bilingual:
    """A phrase of ``[words]`` with its places filled."""
    phrase = bilingual(at.table, "stay", "words", key)
    zh = {k: v.zh if isinstance(v, Bilingual) else v for k, v in fields.items()}
    en = {k: v.en if isinstance(v, Bilingual) else v for k, v in fields.items()}
    return Bilingual(phrase.zh.format(**zh), phrase.en.format(**en))


def rows(at: Scope) -> dict[str, Any]:
    """The tables of ``data/rules/stay.toml``."""
    return at.table.data["stay"]  # type: ignore[return-value]  # a file is a dict


def section_text(note: Note, section: Section) -> str:
    """All that stands under a heading, its parts included."""
    return note.slice(Span(section.heading_span.end, section.span.end))


def first_words(note: Note, section: Section) -> Span:
    """The first line of what stands under a heading."""
    raw = section_text(note, section)
    start = len(raw) - len(raw.lstrip(_BLANKS))
    line = raw[start:].splitlines()[0].rstrip() if raw[start:] else ""
    at = section.heading_span.end + start
    return Span(at, at + len(line))


def sections(note: Note, *ids: str) -> Iterator[tuple[Section, str]]:
    """The sections of these ids that hold words, each with them."""
    for section in note.sections_of(*ids):
        text = section_text(note, section).strip(_BLANKS)
        if text:
            yield section, text
