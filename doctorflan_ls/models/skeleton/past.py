"""Past conditions of an English note that has no section for them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctorflan_ls.lexicon import group
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Piece
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

_MARK = re.compile(
    r"\b(?:(?:past )?(?:medical|surgical) history|history (?:of|significant|includ\w+)|known"
    r"|regarding (?:his|her|their)|because (?:he|she) has|(?:do|does) have)\b",
    re.IGNORECASE,
)
# Where the sentence turns from the past to why the patient comes.
_TODAY = re.compile(r"\b(?:who|presents?|presenting|here today|comes? in|today)\b", re.IGNORECASE)
_NONE = re.compile(r"\s*(?:nil|none|no|n/?a|nothing|unremarkable)\.?\s*", re.IGNORECASE)


def conditions(case: Case, limit: int) -> list[Line]:
    """The diseases an English note calls history, then the sentences on earlier operations."""
    pieces: dict[str, Piece] = {}
    operations: list[Span] = []
    for fact in case.facts:
        if fact.kind not in ("diagnosis", "procedure") or case.place(fact.span) == "family":
            continue
        mark = _mark(case, fact)
        if fact.kind == "diagnosis" and mark is not None:
            pieces.setdefault(fact.name, Piece(case.quote(fact.span), (fact.span, mark)))
        elif fact.kind == "procedure" and fact.assertion == "historical":
            operations.append(case.sentence_of(fact.span))
    lines = case.joined(pieces.values(), 12)
    lines += [case.line(span) for span in dict.fromkeys(operations)]
    return lines[:limit]


def _mark(case: Case, fact: Fact) -> Span | None:
    """The words by which the note calls a disease history; None where it does not."""
    if fact.assertion in ("denied", "family", "possible"):
        return None
    sentence = case.sentence_of(fact.span)
    marks = list(_MARK.finditer(case.text, sentence.start, fact.span.start))
    if not marks or _TODAY.search(case.text, marks[-1].end(), fact.span.start):
        return fact.span if fact.assertion == "historical" else None
    return Span(*marks[-1].span())


def said_to_be_none(case: Case) -> Iterator[Line]:
    """The heading with it where the whole section is one word for none (PMH: Nil)."""
    for section in case.sections(group("past")):
        body = case.text[section.body.start : section.body.end]
        if _NONE.fullmatch(body):
            yield case.line(Span(section.heading_span.start, section.body.end))
