"""The quick fixes of missing parts and items: headings and labels to fill in, never any content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from doctorflan_ls.checks.items import data, item, named
from doctorflan_ls.checks.model import Fix
from doctorflan_ls.checks.table import RuleTable
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Edit, Span

_END = "signature"


def headings(note: Note, table: RuleTable, missing: Sequence[str], order: Sequence[str]) -> Fix:
    """The headings of the ``missing`` parts where they belong in ``order``, the document's."""
    starts, ends = _reach(note)
    behind: dict[int, list[str]] = {}
    before: dict[int, list[str]] = {}
    for part in missing:
        at = order.index(part)
        earlier = [ends[each] for each in order[:at] if each in ends]
        later = [starts[each] for each in order[at + 1 :] if each in starts]
        if part == _END:
            behind.setdefault(_end(note), []).append(part)
        elif earlier:
            behind.setdefault(max(earlier), []).append(part)
        elif later:
            before.setdefault(min(later), []).append(part)
        else:
            first = note.text.line_span(note.text.line_of(note.front)).end
            behind.setdefault(first, []).append(part)
    edits = [_edit(note, table, place, parts, behind=True) for place, parts in behind.items()]
    edits += [_edit(note, table, place, parts, behind=False) for place, parts in before.items()]
    return _fix(table, "parts", missing, sorted(edits))


# Asked for each rule that lacks something.
@lru_cache(maxsize=4)
def _reach(note: Note) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """By a section's id, where the first of it starts and the last of it ends."""
    ends: dict[str, int] = {}
    starts: dict[str, int] = {}
    for section in note.sections:
        ends[section.id] = max(section.span.end, ends.get(section.id, 0))
        starts.setdefault(section.id, section.span.start)
    return starts, ends


def labels(note: Note, table: RuleTable, missing: Sequence[str], place: int) -> Fix:
    """The labels of the ``missing`` items as lines behind ``place``, the end of their section."""
    return _fix(table, "items", missing, [_edit(note, table, place, missing, behind=True)])


def _fix(table: RuleTable, key: str, missing: Sequence[str], edits: Iterable[Edit]) -> Fix:
    row: Mapping[str, str] = data(table, "fixes")[key]
    items = named(table, missing)
    shown = Bilingual(row["zh"].format(items=items.zh), row["en"].format(items=items.en))
    return Fix(shown, tuple(edits))


def _edit(note: Note, table: RuleTable, place: int, parts: Sequence[str], *, behind: bool) -> Edit:
    colon = "：" if note.language == "zh" else ":"
    lines = [item(table, part).write.in_(note.language) + colon for part in parts]
    for block in note.draft_blocks:
        if block.span.start < place < block.span.end:
            place, behind = block.span.start, False
    end = _line_end(note)
    text = end.join(lines)
    return Edit(Span(place, place), end + text if behind else text + end)


def _end(note: Note) -> int:
    """Where the note's last words end."""
    size = len(note.text)
    tail = note.slice(Span(max(size - 2000, note.front), size))
    return size - len(tail) + len(tail.rstrip())


def _line_end(note: Note) -> str:
    text = note.text
    first = text.line_span(0).end
    return "\r\n" if text.slice(Span(first, first + 2)) == "\r\n" else "\n"
