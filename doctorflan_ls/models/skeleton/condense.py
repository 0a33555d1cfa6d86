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
_LONG = 100
_TIME = re.compile(
    r"(?:患者|病人|于|近|入院前|约)*(?:\d+|[一二三四五六七八九十半数]+)余?(?:多|个)*(?:年|月|周|天|日|小时)余?前"
    r"|(?:于)?(?:19|20)\d\d[-年./]|今日|昨日|现"
)


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
    parts = []
    said = ""
    for span in told:
        parts.append((span, positive_runs(case, span, said)))
        said += "\n" + case.quote(span)
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
    """Chinese sentences, long ones by event, without those that repeat another for the most
    part."""
    events = [event for span in spans for event in _events(case, span)]
    parts = [(span, [case.quote(clause) for clause in case.clauses(span)]) for span in events]
    kept: list[Span] = []
    said = ""
    for span, clauses in sorted(parts, key=lambda part: -len(part[1])):
        if sum(clause in said for clause in clauses) <= len(clauses) * _REPEATED:
            kept.append(span)
            said += "\n" + case.quote(span)
    return sorted(kept)


def _events(case: Case, span: Span) -> list[Span]:
    """A sentence too long to quote, parted where another time or the admission begins."""
    if span.end - span.start <= _LONG:
        return [span]
    parts: list[Span] = []
    new = True
    for clause in case.clauses(span):
        words = case.quote(clause)
        if new or _TIME.match(words):
            parts.append(clause)
        else:
            parts[-1] = Span(parts[-1].start, clause.end)
        new = has_cue(words, cues("admission"))
    return parts


def _weight(case: Case, span: Span, index: int) -> int:
    facts = case.facts_at(span)
    weight = 3 if index == 0 else 0
    weight += 2 * any(fact.kind in ("symptom", "sign") for fact in facts)
    weight += any(fact.kind in ("drug", "procedure", "diagnosis", "lab") for fact in facts)
    weight += re.search(r"\d|[一二三四五六七八九十半]年|[月周天日]前", case.quote(span)) is not None
    return weight


def positive_runs(case: Case, span: Span, said: str = "") -> list[Span]:
    """A sentence without the routine and denying clauses at its ends; none where all are such.

    An English sentence is kept or left whole: its commas do not part statements. What a Chinese
    one says again at its end (``said`` is what was told before it) is left out too.
    """
    if case.note.language == "en":
        return [] if case.denied(span) else [span]
    clauses = [clause for clause in case.clauses(span) if case.quote(clause)]
    ends = 0
    start: int | None = None
    for number, clause in enumerate(clauses):
        words = case.quote(clause)
        if not (_is_routine(case, clause) or words in said):
            start = number if start is None else start
            ends = number + 1
        said += "\n" + words
    if start is None:
        return []
    return [Span(clauses[start].start, clauses[ends - 1].end)]


def _is_routine(case: Case, clause: Span) -> bool:
    words = case.quote(clause)
    heading = len(words) <= _HEADING and words.endswith("史")
    routine = has_cue(words, cues("general_state")) or has_cue(words, cues("admission"))
    return heading or routine or case.denied(clause)


def statements(case: Case, span: Span) -> list[Span]:
    """The positive statements of a past history: neighbouring clauses that deny nothing.

    Each is a statement of its own there, so that what stands between them may be left out.
    """
    if case.note.language == "en":
        return positive_runs(case, span)
    runs: list[Span] = []
    for clause in case.clauses(span):
        words = case.quote(clause)
        unsaid = has_cue(words, cues("allergy_statement")) or has_cue(words, cues("unknown"))
        if not words or unsaid or _is_routine(case, clause):
            continue
        if runs and clause.start - runs[-1].end <= 1:
            runs[-1] = Span(runs[-1].start, clause.end)
        else:
            runs.append(clause)
    return runs
