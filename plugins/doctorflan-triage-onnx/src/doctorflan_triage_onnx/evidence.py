"""The words of a note that spoke most for a department."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span
from doctorflan_triage_onnx.classifier import Scores
from doctorflan_triage_onnx.reading import Reading

LONGEST = 3
"""The most characters of an n-gram."""

# Of the loudest character's score: what is quieter did not decide.
_LOUD = 0.3
_SHORTEST = 2
_SHOWN = 3
# A word repeated without end is no longer reason.
_MOST_QUOTED = 20
_NAMED = ("symptom", "sign", "diagnosis", "drug", "lab", "procedure")


@dataclass(frozen=True, slots=True)
class _Run:
    span: Span
    score: float


def evidence(
    reading: Reading,
    vocabulary: Mapping[str, int],
    scores: Scores,
    department: int,
    facts: Sequence[Fact],
) -> tuple[Span, ...]:
    """At most three spans of the note, the strongest first; none where nothing spoke for it.

    An n-gram's contribution is shared by the characters it covers; neighbours that are loud enough
    make a span, which is widened to the finding of the note it is a part of (血糖 of 血糖升高).
    """
    heard = _heard(reading.text, vocabulary, scores.contributions[:, department].tolist())
    least = max(heard, default=0.0) * _LOUD
    if least <= 0:
        return ()
    best: dict[Span, float] = defaultdict(float)
    for run in _runs(reading, heard, least):
        best[_widened(run.span, facts)] += run.score
    long_enough = (span for span in best if span.end - span.start >= _SHORTEST)
    ordered = sorted(long_enough, key=lambda span: (-best[span], span))
    return tuple(_apart(ordered))[:_SHOWN]


def _heard(text: str, vocabulary: Mapping[str, int], weights: Sequence[float]) -> list[float]:
    """How much each character of ``text`` speaks for the department."""
    places: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for start in range(len(text)):
        for end in range(start + 1, min(start + LONGEST, len(text)) + 1):
            place = vocabulary.get(text[start:end])
            if place is not None:
                places[place].append((start, end))
    heard = [0.0] * len(text)
    for place, found in places.items():
        share = weights[place] / len(found)
        for start, end in found:
            for at in range(start, end):
                heard[at] += share / (end - start)
    return heard


def _runs(reading: Reading, heard: Sequence[float], least: float) -> Iterator[_Run]:
    """Neighbouring characters of the note that are loud enough."""

    def kind(at: int) -> tuple[bool, int]:
        # What was left out of the reading between two characters parts them.
        return heard[at] >= least and reading.text[at] != " ", reading.offsets[at] - at

    for (loud, _), group in groupby(range(len(heard)), kind):
        ats = list(group)
        if loud:
            quoted = ats[:_MOST_QUOTED]
            score = sum(heard[at] for at in quoted)
            yield _Run(reading.span(quoted[0], quoted[-1] + 1), score)


def _widened(span: Span, facts: Sequence[Fact]) -> Span:
    around = [
        fact.span
        for fact in facts
        if fact.kind in _NAMED
        and fact.assertion != "denied"
        and fact.span.contains(span)
        and "\n" not in fact.text
    ]
    return min(around, key=lambda one: one.end - one.start, default=span)


def _apart(ordered: Sequence[Span]) -> Iterator[Span]:
    kept: list[Span] = []
    for span in ordered:
        if not any(span.overlaps(other) for other in kept):
            kept.append(span)
            yield span
