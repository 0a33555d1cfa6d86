"""Headings, facts and unreviewed drafts, told apart by colour (``legend.py``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from doctorflan_ls.checks.parts import sections_over
from doctorflan_ls.features.legend import MODIFIERS
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.notes.model import DraftBlock, Fact, FactKind
from doctorflan_ls.text import Span

_HEADING = "namespace"
_DRAFT = "comment"
_TYPES: dict[FactKind, str] = {
    "lab": "number",
    "vital": "number",
    "diagnosis": "type",
    "drug": "variable",
}


class Token(NamedTuple):
    """A piece of one line, with a type and some modifiers of the legend."""

    span: Span
    type: str
    modifiers: tuple[str, ...] = ()


def semantic_tokens(snapshot: Snapshot, span: Span | None = None) -> list[Token]:
    """The tokens of the note, or those that overlap ``span``: in order, none over another."""
    note = snapshot.note
    asked = span if span is not None else Span(0, len(note.text))
    sections = note.sections if span is None else sections_over(note, asked)
    found = [Token(section.heading_span, _HEADING) for section in sections]
    found += [
        Token(fact.span, _TYPES[fact.kind], _said(fact))
        for fact in note.facts_in(asked)
        if fact.kind in _TYPES
    ]
    for block in note.draft_blocks:
        if block.span.overlaps(asked):
            found += _of_draft(block)
    kept: list[Token] = []
    # Of two that begin together the longer says more.
    for token in sorted(found, key=lambda each: (each.span.start, -each.span.end)):
        if token.span.overlaps(asked) and (not kept or kept[-1].span.end <= token.span.start):
            kept.append(token)
    return [piece for token in kept for piece in _lines(snapshot, token, asked)]


def _said(fact: Fact) -> tuple[str, ...]:
    abnormal = ("abnormal",) if fact.flag in ("H", "L") else ()
    return (*abnormal, fact.assertion) if fact.assertion in MODIFIERS else abnormal


def _of_draft(block: DraftBlock) -> Iterator[Token]:
    yield Token(Span(block.span.start, block.body.start), _DRAFT, ("draft", "marker"))
    yield Token(block.body, _DRAFT, ("draft",))
    yield Token(Span(block.body.end, block.span.end), _DRAFT, ("draft", "marker"))


def _lines(snapshot: Snapshot, token: Token, asked: Span) -> Iterator[Token]:
    """The pieces of ``token`` on the lines of ``asked``, blanks at their ends left out: clients
    need not take a token that runs over a line end."""
    text = snapshot.note.text
    first = text.line_of(max(token.span.start, asked.start))
    last = text.line_of(max(min(token.span.end, asked.end) - 1, token.span.start))
    for line in range(first, last + 1):
        whole = text.line_span(line)
        start, end = max(whole.start, token.span.start), min(whole.end, token.span.end)
        words = text.slice(Span(start, end))
        start += len(words) - len(words.lstrip())
        end -= len(words) - len(words.rstrip())
        if start < end:
            yield token._replace(span=Span(start, end))
