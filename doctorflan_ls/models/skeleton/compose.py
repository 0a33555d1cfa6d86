"""A task's elements as a draft: title, statements, gaps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from doctorflan_ls.lexicon import table
from doctorflan_ls.models.base import Chunk
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Piece
from doctorflan_ls.models.skeleton.selectors import select
from doctorflan_ls.tasks.model import Element
from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from doctorflan_ls.prompts import Prompt


def compose(prompt: Prompt) -> Iterator[Chunk]:
    """The draft's chunks; each statement carries its evidence, each gap its element's key."""
    case = Case(prompt)
    quoted: dict[Span, str] = {}
    first = True
    for element in prompt.task.elements:
        lines = _lines(case, element, quoted)
        if lines is None:
            continue
        if not first:
            yield Chunk("\n")
        first = False
        yield from _rendered(case, element, lines)
    if first:
        yield Chunk(case.word("nothing"))
    left = [
        element.title.in_(case.language) for element in prompt.task.elements if element.knowledge
    ]
    if left:
        titles = case.word("comma").join(left)
        yield Chunk("\n" + case.word("knowledge", titles=titles))
    if prompt.task.id in table("skeleton")["patient"]["tasks"]:
        yield Chunk("\n" + case.word("checked_by_doctor"))


def _lines(case: Case, element: Element, quoted: dict[Span, str]) -> list[Line] | None:
    """The element's lines; None where it is to be left out."""
    title = element.title.in_(case.language)
    lines: list[Line] = []
    elsewhere: dict[str, Line] = {}
    for line in (line for source in element.sources for line in select(case, source)):
        earlier = quoted.get(line.quote) if line.quote else None
        if earlier is None:
            lines.append(line)
            if line.quote:
                quoted[line.quote] = title
        elif earlier != title:
            above = Piece(case.word("above", title=earlier), line.pieces[0].evidence)
            elsewhere.setdefault(earlier, Line((above,)))
    lines = lines or list(elsewhere.values())
    filled = any(not line.hint for line in lines)
    if element.knowledge or not (filled or element.optional):
        lines.append(Line((_gap(case, element.ask.in_(case.language)),)))
    return lines or None


def _gap(case: Case, ask: str) -> Piece:
    return Piece(case.word("gap", ask=ask), gap=True)


def _rendered(case: Case, element: Element, lines: list[Line]) -> Iterator[Chunk]:
    key = element.key
    colon = case.word("colon")
    yield Chunk(element.title.in_(case.language) + colon.rstrip(" "), element=key)
    alone = len(lines) == 1
    for number, line in enumerate(lines, start=1):
        lead = (" " if case.language == "en" else "") if alone else f"\n{number}. "
        label = case.word(line.label) + colon if line.label else ""
        if lead + label:
            yield Chunk(lead + label, element=key)
        for piece in line.pieces:
            yield Chunk(piece.text, piece.evidence, key if piece.gap else "", key)
