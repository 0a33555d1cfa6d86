"""The selector for the drug, disease or symptom that the doctor points at."""

from __future__ import annotations

from doctorflan_ls.lexicon import group
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.conflicts import warned
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.notes.model import Fact, FactKind

_KINDS: dict[str, tuple[FactKind, ...]] = {
    "drug": ("drug",),
    "diagnosis": ("diagnosis",),
    "symptom": ("symptom", "sign"),
}


def pointed_at(case: Case, kind: str) -> list[Fact]:
    """The facts of the kind in the selection; in a whole note the
    first disease or symptom, and every drug.

    A cursor without a selection points at the fact it stands in.
    """
    kinds = _KINDS[kind]
    here = [
        fact
        for fact in case.all_facts
        if fact.kind in kinds
        and fact.span.start <= case.focus.end
        and case.focus.start <= fact.span.end
    ]
    present = [
        fact
        for fact in here
        if fact.assertion in ("present", "possible") and fact.section not in group("background")
    ]
    stated = [fact for fact in present if fact.role not in (None, "past")]
    chosen = stated or present or here
    if kind != "drug" and case.focus == case.scope:
        chosen = chosen[:1]
    return list({fact.name.casefold(): fact for fact in reversed(chosen)}.values())[::-1]


def focus(case: Case, query: Query) -> list[Line]:
    """What is pointed at, in its sentence; with ``mentions=1`` the note's other sentences on it."""
    limit = query.limit(6)
    told = pointed_at(case, query.argument)[:limit]
    home = {fact: case.line(case.sentence_of(fact.span)) for fact in told}
    if "mentions" not in query.options:
        return [warned(case, line) for line in home.values()]
    quoted = {line.quote for line in home.values()}
    words = tuple({word.casefold() for fact in told for word in (fact.name, fact.text)})
    lines = []
    for span in case.cut(0, len(case.text)):
        part = case.part_with(span, words) if words and span not in quoted else None
        section = case.note.section_at(span.start)
        if part and not (section and section.heading_span.contains(span)):
            lines.append(Line((Piece(case.quote(part), (part,)),), quote=span))
    return lines[:limit]
