"""A history in a few lines: which sentences are kept, and where a long one is cut.

A Chinese sentence is never cut in its middle: only routine clauses at its ends are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from doctorflan_ls.lexicon import cues, has_cue
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.lines import Line, Piece
from doctorflan_ls.text import Span

# What a condensed history may hold, in characters: about a paragraph a reader takes in at once.
_BUDGET = {"zh": 320, "en": 700}
# 现病史 or 婚育史 between commas is a heading, not a statement.
_HEADING = 4
_REPEATED = 0.5


def distinct(case: Case, spans: Iterable[Span]) -> list[Span]:
    """The spans whose words are not already in an earlier one."""
    kept: list[Span] = []
    seen: list[str] = []
    for span in spans:
        words = case.quote(span)
        if words and not any(words in other for other in seen):
            seen.append(words)
            kept.append(span)
    return kept


def brief(case: Case, spans: list[Span], limit: int) -> list[Line]:
    """The sentences that say most, in their order, denials and general state left out."""
    told = _told_once(case, spans) if case.note.language == "zh" else distinct(case, spans)
    parts = [(span, positive_runs(case, span)) for span in told]
    scored = [
        (_weight(case, span, index), index, runs)
        for index, (span, runs) in enumerate(parts)
        if runs
    ]
    kept: list[tuple[int, list[Span]]] = []
    room = _BUDGET[case.note.language]
    for _, index, runs in sorted(scored, key=lambda item: (-item[0], item[1])):
        size = sum(run.end - run.start for run in runs)
        if len(kept) < limit and (size <= room or not kept):
            kept.append((index, runs))
            room -= size
    pieces: list[Piece] = []
    stop = "；" if case.language == "zh" else ". "
    for _, runs in sorted(kept):
        for run in runs:
            pieces += [Piece(stop)] if pieces else []
            pieces.append(Piece(case.quote(run), (run,)))
    return [Line(tuple(pieces))] if pieces else []


def _told_once(case: Case, spans: list[Span]) -> list[Span]:
    """Without the sentences whose clauses another of the list repeats for the most part."""
    parts = [(span, {case.quote(clause) for clause in case.clauses(span)}) for span in spans]
    kept: list[tuple[Span, set[str]]] = []
    for span, clauses in sorted(parts, key=lambda part: -len(part[1])):
        if not any(len(clauses & other) > len(clauses) * _REPEATED for _, other in kept):
            kept.append((span, clauses))
    return sorted(span for span, _ in kept)


def _weight(case: Case, span: Span, index: int) -> int:
    facts = case.facts_at(span)
    weight = 3 if index == 0 else 0
    weight += 2 * any(fact.kind in ("symptom", "sign") for fact in facts)
    weight += any(fact.kind in ("drug", "procedure", "diagnosis", "lab") for fact in facts)
    weight += re.search(r"\d|[一二三四五六七八九十半]年|[月周天日]前", case.quote(span)) is not None
    return weight


def positive_runs(case: Case, span: Span) -> list[Span]:
    """A sentence without the routine and denying clauses at its ends; none where all are such.

    An English sentence is kept or left whole: its commas do not part statements. What a Chinese
    one says again at its end, after telling why the patient came, is left out with that.
    """
    if case.note.language == "en":
        return [] if case.denied(span) else [span]
    clauses = [clause for clause in case.clauses(span) if case.quote(clause)]
    said: set[str] = set()
    ends = 0
    start: int | None = None
    for number, clause in enumerate(clauses):
        words = case.quote(clause)
        if not (_is_routine(case, clause) or words in said):
            start = number if start is None else start
            ends = number + 1
        said.add(words)
    if start is None:
        return []
    return [Span(clauses[start].start, clauses[ends - 1].end)]


def _is_routine(case: Case, clause: Span) -> bool:
    words = case.quote(clause)
    heading = len(words) <= _HEADING and words.endswith("史")
    routine = has_cue(words, cues("general_state")) or has_cue(words, cues("admission"))
    return heading or routine or case.denied(clause)
