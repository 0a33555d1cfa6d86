"""Where a note lists its problems: numbered, bulleted, or each in a short sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctorflan_ls.lexicon import cues, has_cue
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.text import Span

# A problem said in a sentence of its own is no longer than this.
_PROBLEM = 90
_ITEM = re.compile(r"\s*#?\d{1,2}[.)]\s")
_BULLET = re.compile(r"[ \t]*[•·*-][ \t]*")
_FIRST = re.compile(r"\s*[（(]?1[）).．、]")


def assessed(case: Case, *, alone: bool) -> list[Span]:
    """The problems that an assessment lists; ``alone``: nothing else in the note names any."""
    return _numbered(case) or (_problems(case) or _briefly(case) if alone else [])


def items(case: Case, span: Span) -> Iterator[Span]:
    """The items of a list on one line (1.高血压病 2.糖尿病), else ``span`` itself.

    Only numbers that count on are marks: the second of ``1.高血压病 2.2型糖尿病`` is 2型糖尿病.
    """
    number = 2 if _FIRST.match(case.text, span.start, span.end) else 0
    at = span.start
    while number:
        mark = re.compile(rf"(?<=[^\d.])[ \t]*[（(]?{number}[）).．、][ \t]*")
        found = mark.search(case.text, at, span.end)
        if found is None:
            break
        yield Span(at, found.start())
        at, number = found.end(), number + 1
    yield Span(at, span.end)


def _numbered(case: Case) -> list[Span]:
    """The items of an assessment that is a numbered list, or a bulleted one without a plan in
    it: each names a problem."""
    found = list(case.sentences(frozenset({"assessment", "assessment_plan"})))
    numbered = [
        span
        for span in found
        if _opens(case, _ITEM, span) and not has_cue(case.quote(span), cues("no_disease"))
    ]
    if numbered or case.note.language == "zh":
        return numbered
    found = list(case.sentences(frozenset({"assessment"})))
    if any(case.is_problem(span) for span in found):
        return []
    return [span for span in found if _opens(case, _BULLET, span)]


def _opens(case: Case, mark: re.Pattern[str], span: Span) -> bool:
    """True where ``span`` is the first sentence behind a list mark."""
    start = case.line_start(span)
    found = mark.match(case.text, start)
    return found is not None and not case.text[found.end() : max(span.start, found.end())].strip()


def _problems(case: Case) -> list[Span]:
    """The problems that a problem-oriented assessment or plan names, each over its list."""
    ids = frozenset({"assessment", "assessment_plan", "plan"})
    return [
        span
        for section in case.sections(ids)
        for span in case.cut(section.body.start, section.span.end)
        if case.is_problem(span) and not has_cue(case.quote(span), cues("no_disease"))
    ]


def _briefly(case: Case) -> list[Span]:
    """The short sentences of an English assessment that name a disease, not the patient."""
    if case.note.language == "zh":
        return []
    return [
        span
        for span in case.sentences(frozenset({"assessment"}))
        if len(case.quote(span)) <= _PROBLEM
        and any(fact.kind == "diagnosis" for fact in case.facts_at(span))
        and not case.denied(span)
        and not has_cue(case.quote(span), cues("about_patient"))
    ]
