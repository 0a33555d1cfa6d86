"""Notes of the tests' own, with the expected findings marked where they stand."""

from __future__ import annotations

import re

from doctorflan_icd10.checks import code_check

from doctorflan_ls.checks.scope import Scope
from doctorflan_ls.notes.note import parse_note

_MARK = re.compile(r"«([^|»]*)\|([a-z-]+)»")


def expected(marked: str) -> tuple[str, list[tuple[int, str, str]]]:
    """The note without its marks ``«text|rule»``, and what they expect: place, text, rule."""
    text, found, done = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[done : mark.start()]
        found.append((len(text), mark[1], mark[2]))
        text += mark[1]
        done = mark.end()
    return text + marked[done:], found


def reported(text: str) -> list[tuple[int, str, str]]:
    """What the check reports for ``text``, in the order it stands."""
    note = parse_note(text)
    found = code_check().find(Scope(note))
    return sorted((each.span.start, note.slice(each.span), each.rule.id) for each in found)
