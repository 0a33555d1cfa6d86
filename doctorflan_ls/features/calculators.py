"""Calculators where their inputs stand: hover lines, a line to insert, rows of the analysis."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from doctorflan_ls import __version__
from doctorflan_ls.calculators import Calculator, Input, Result, around, calculate, calculators
from doctorflan_ls.drafts import Draft, DraftBuilder, Provenance, digest
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.models.base import Chunk
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Bilingual, Task
from doctorflan_ls.text import Span

PREFIX = "calculator/"
"""What the task of a calculator's line begins with."""

_MODEL = "calculator"
_SPELLED_OUT = 2
_LISTED = 4
_MOST_MISSING = 4
_HOVERED = frozenset(("lab", "vital", "diagnosis", "symptom", "sign"))


class Calculated(NamedTuple):
    """A result as the draft of one line, and the task that its markers name."""

    result: Result
    draft: Draft
    task: Task


def is_calculator(task_id: str) -> bool:
    """Whether a draft of this task is a calculator's line: no model can make it again."""
    return task_id.startswith(PREFIX)


def calculator_task(task_id: str) -> Task | None:
    """The task of a calculator's line; None where no calculator has that id."""
    wanted = task_id.removeprefix(PREFIX)
    if wanted == task_id:
        return None
    return next((_task(each) for each in calculators() if each.id == wanted), None)


def shown(result: Result, locale: Locale) -> str:
    """The value, or the range, with its unit; empty where there is neither."""
    if result.unit == "date":
        day = result.value
        return "" if day is None else date.fromordinal(int(day)).isoformat()
    if result.low is None or result.high is None:
        return ""
    low, high = _number(result, result.low), _number(result, result.high)
    value = low if low == high else f"{low}–{high}"
    return f"{value} {_unit(result.unit, locale)}".rstrip()


def hover_lines(note: Note, span: Span, kind: str, locale: Locale) -> list[str]:
    """What is calculated from the fact of ``kind`` at ``span``; the whole ones first."""
    if kind not in _HOVERED:
        return []
    using = [each for each in around(note, span.start) if span in each.spans()]
    using.sort(key=lambda each: (not each.complete, not each.calculator.requires))
    told = [each for each in using if shown(each, locale)]
    lines = [_line(each, locale) for each in told[:_SPELLED_OUT]]
    rest = [*told[_SPELLED_OUT:], *(each for each in using if each not in told)][:_LISTED]
    if rest:
        more = "; ".join(_short(each, locale) for each in rest)
        lines.append(message("hover.calculator-more", locale, more=more))
    return lines


def offered(note: Note, here: Span, at: int, locale: Locale) -> list[Calculated]:
    """The finished results of which something stands in ``here``, as drafts of one line.

    ``at`` is the line that was asked from: what stands on it goes first; ``locale`` is the
    language of the drafts. Four at the most.
    """
    line = note.text.line_span(note.text.line_of(at))

    def rank(result: Result) -> tuple[bool, bool]:
        on_line = any(span.overlaps(line) for span in result.spans())
        return not on_line, not result.calculator.requires

    found = [
        each
        for each in around(note, here.start)
        if each.complete and any(span.overlaps(here) for span in each.spans())
    ]
    return [_calculated(note, each, locale) for each in sorted(found, key=rank)[:_LISTED]]


def rows(note: Note, span: Span | None, locale: Locale) -> list[dict[str, object]]:
    """All results, as ``schemas/analysis.schema.json`` has them."""
    return [row(each, locale) for each in calculate(note, span)]


def row(result: Result, locale: Locale) -> dict[str, object]:
    """One result as JSON; spans are ``[start, end)`` code points of the note."""
    calculator, band = result.calculator, result.interpretation
    return {
        "id": calculator.id,
        "title": calculator.title.in_(locale),
        "value": _rounded(result.value),
        "low": _rounded(result.low),
        "high": _rounded(result.high),
        "unit": result.unit,
        "shown": shown(result, locale),
        "inputs": [_input(each, locale) for each in result.inputs],
        "because": None if result.because is None else _input(result.because, locale),
        "missing": [each.in_(locale) for each in result.missing],
        "interpretation": None if band is None else band.in_(locale),
        "formula": result.formula.in_(locale),
        "citation": result.citation,
        "limits": calculator.limits.in_(locale),
    }


def _input(given: Input, locale: Locale) -> dict[str, object]:
    return {
        "name": given.name,
        "label": given.label.in_(locale),
        "value": round(given.value, 4),
        "unit": given.unit,
        "span": list(given.span),
        "others": [list(each) for each in given.others],
        "points": None if given.points is None else list(given.points),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _number(result: Result, value: float) -> str:
    digits = result.calculator.digits
    return f"{value:.{digits}f}" if digits else f"{round(value):g}"


def _unit(unit: str, locale: Locale) -> str:
    """A unit of two languages (``周/weeks``) in one of them."""
    zh, slash, en = unit.partition("/")
    if not slash or unit.isascii() or zh.isascii():
        return unit
    return zh if locale == "zh" else en


def _line(result: Result, locale: Locale) -> str:
    band = result.interpretation
    return message(
        "hover.calculator",
        locale,
        result=_short(result, locale),
        meaning=""
        if band is None
        else message("hover.calculator-band", locale, band=band.in_(locale)),
        formula=result.formula.in_(locale),
        citation=result.citation,
        limits=result.calculator.limits.in_(locale),
    )


def _valued(result: Result, locale: Locale) -> str:
    """Title and value; the title alone where there is no value."""
    title, value = result.calculator.title.in_(locale), shown(result, locale)
    colon = "：" if locale == "zh" else ": "
    return f"{title}{colon}{value}" if value else title


def _short(result: Result, locale: Locale) -> str:
    head = _valued(result, locale)
    if not result.missing:
        return head
    names = _listed(result.missing, locale)
    return head + message("hover.calculator-missing", locale, missing=names)


def _listed(labels: Sequence[Bilingual], locale: Locale) -> str:
    """The first labels, and how many more there are."""
    comma = "、" if locale == "zh" else ", "
    names = comma.join(each.in_(locale) for each in labels[:_MOST_MISSING])
    more = len(labels) - _MOST_MISSING
    if more <= 0:
        return names
    return message("hover.calculator-others", locale, names=names, count=more)


def _task(calculator: Calculator) -> Task:
    return Task(
        id=PREFIX + calculator.id,
        category=_MODEL,
        origin="assumed",
        phase="any",
        title=calculator.title,
        description=calculator.formula,
        instruction=calculator.formula,
        pinyin="",
        elements=(),
    )


def _calculated(note: Note, result: Result, locale: Locale) -> Calculated:
    task = _task(result.calculator)
    spans = result.spans()
    over = Span(min(each.start for each in spans), max(each.end for each in spans))
    origin = Provenance(
        task.id, _MODEL, __version__, note.uri, note.version, over, digest(note.slice(over)), locale
    )
    # Features keep nothing, so the same question gives the same draft.
    named = f"{note.uri}\0{note.version}\0{task.id}\0{result.value}\0{over}"
    builder = DraftBuilder(hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:8], origin)
    for chunk in _chunks(note, result, locale):
        builder.add(chunk)
    return Calculated(result, builder.draft("ready"), task)


def _chunks(note: Note, result: Result, locale: Locale) -> Iterable[Chunk]:
    """One line: the result, the note's own words that it rests on, the formula's source."""
    yield Chunk(_valued(result, locale), result.spans())
    before = message("calculators.because", locale)
    for span in dict.fromkeys(each.span for each in result.inputs):
        yield Chunk(before)
        yield Chunk(" ".join(note.slice(span).split()), (span,))
        before = "、" if locale == "zh" else ", "
    yield Chunk(message("calculators.source", locale, citation=result.calculator.citation))
