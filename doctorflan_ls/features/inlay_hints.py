"""Marks behind values outside their reference range, with the range and where it is from."""

from __future__ import annotations

from typing import NamedTuple

from doctorflan_ls.features.ranges import reference_ranges
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.text import Span

_MARKS = {"H": "↑", "L": "↓"}


class Hint(NamedTuple):
    """``label`` stands behind the code point ``offset``; ``tooltip`` says why."""

    offset: int
    label: str
    tooltip: str


def inlay_hints(snapshot: Snapshot, span: Span) -> list[Hint]:
    """A mark for each abnormal value in ``span`` that the note does not mark itself."""
    note = snapshot.note
    hints = []
    for fact in note.facts_in(span):
        mark = _MARKS.get(fact.flag or "")
        if mark is None or fact.kind not in ("lab", "vital") or fact.assertion != "present":
            continue
        end = fact.span.end
        if any(each in note.slice(Span(fact.span.start, end + 2)) for each in _MARKS.values()):
            continue
        said = [snapshot.say(f"hover.flag-{fact.flag}")]
        said += [
            snapshot.say("hover.range", range=each.shown, source=each.source)
            for each in reference_ranges(note, fact)
        ]
        hints.append(Hint(end, mark, "\n".join(said)))
    return hints
