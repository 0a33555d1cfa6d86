"""A note's points by a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.notes.headings import title
from doctorflan_ls.notes.note import Note
from doctorflan_ls.score.model import (
    Cost,
    Effect,
    Grade,
    Item,
    Lost,
    NotJudged,
    Score,
    ScoreTable,
    Unpriced,
    Vetoed,
)
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_WHOLE = Bilingual("该项没有内容，按该项分值计", "without content, counted with its weight")
_BLANK = " \t\r\n\u3000:：。．."
_GRADES: tuple[Grade, ...] = ("A", "B", "C")


def score(findings: Iterable[Finding], note: Note, table: ScoreTable) -> Score:
    """What ``note`` comes to by ``table``, from its ``findings``.

    Only what the text of this note can tell is judged; what is not is listed. A finding costs once,
    in the first item that has a price for it.
    """
    found = sorted(findings, key=lambda each: each.span)
    here = [item for item in table.items if table.judges(item.documents, note.doc_type)]
    parts = _Parts(note)
    lost: list[Lost] = []
    for item in here:
        lost.extend(_lost(item, found, parts))
    vetoes = tuple(_vetoes(table, found, parts))
    priced = [item for item in here if item.is_priced]
    can_veto = any(
        table.judges(each.documents, note.doc_type) and _effects(table, each.kind)
        for each in table.vetoes
    )
    points, best = None, None
    if priced or can_veto:
        points, best = _points(table, sum(each.points for each in lost), vetoes)
    told = {(each.rule, each.span) for each in lost}
    told.update((each.rule, each.span) for each in vetoes)
    return Score(
        table=table,
        points=points,
        grade=_grade(table, points, best),
        is_passed=None if table.passing is None or points is None else points >= table.passing,
        judged=sum(item.points for item in priced),
        lost=tuple(lost),
        vetoes=vetoes,
        unpriced=tuple(_unpriced(here, found, told)),
        not_judged=tuple(_not_judged(table, here)),
    )


class _Parts:
    """Which parts of a note have content."""

    def __init__(self, note: Note) -> None:
        self.doc_type = note.doc_type
        self._filled = {
            section.id
            for section in note.sections
            if note.slice(Span(section.heading_span.end, section.span.end)).strip(_BLANK)
        }

    def lack(self, ids: Iterable[str]) -> bool:
        """True where none of these parts has content."""
        return self._filled.isdisjoint(ids)


def _lost(item: Item, found: Sequence[Finding], parts: _Parts) -> Iterator[Lost]:
    left = item.points
    absent = _absent(item.missing, item.sections, found, parts)
    if absent is not None:
        yield Lost(absent.rule.id, left, _WHOLE, absent.span, item.title, whole=True)
        return
    for cost in item.costs:
        for finding in _matching(cost, found, parts):
            points = min(cost.points, left)
            left -= points
            if points > 0:
                yield Lost(finding.rule.id, points, cost.why, finding.span, item.title)


def _matching(cost: Cost, found: Sequence[Finding], parts: _Parts) -> list[Finding]:
    if cost.missing is not None:
        absent = _absent((cost.rule,), (cost.missing,), found, parts)
        return [] if absent is None else [absent]
    matching = [
        each
        for each in found
        if each.rule.id == cost.rule and (cost.says is None or cost.says.search(each.message("zh")))
    ]
    return matching if cost.each else matching[:1]


def _absent(
    rules: Sequence[str], sections: Sequence[str], found: Sequence[Finding], parts: _Parts
) -> Finding | None:
    """The first finding of ``rules`` that says one of ``sections`` is missing, where all are."""
    if not sections or not parts.lack(sections):
        return None
    names = [title(each, "zh") for each in sections]
    for finding in found:
        if finding.rule.id in rules:
            said = finding.message("zh")
            if any(name in said for name in names):
                return finding
    return None


def _vetoes(table: ScoreTable, found: Sequence[Finding], parts: _Parts) -> Iterator[Vetoed]:
    for veto in table.vetoes:
        if not table.judges(veto.documents, parts.doc_type):
            continue
        if veto.missing:
            finding = _absent(veto.rules, veto.missing, found, parts)
        else:
            finding = next((each for each in found if each.rule.id in veto.rules), None)
        if finding is not None:
            counts = bool(_effects(table, veto.kind))
            yield Vetoed(finding.rule.id, veto.kind, veto.title, finding.span, counts)


def _effects(table: ScoreTable, kind: str) -> list[Effect]:
    return [each for each in table.effects if each.kind == kind]


def _points(table: ScoreTable, lost: float, vetoes: Sequence[Vetoed]) -> tuple[float, Grade | None]:
    """The points, and the best grade that the vetoes leave."""
    counted = Counter(each.kind for each in vetoes)
    points = table.start - lost
    grades: list[Grade] = []
    for kind, count in counted.items():
        applying = [each for each in _effects(table, kind) if each.at_least <= count]
        if applying:
            effect = applying[-1]
            points -= effect.minus
            points = points if effect.points is None else min(points, effect.points)
            grades += [] if effect.grade is None else [effect.grade]
    return max(points, 0), max(grades, default=None)


def _grade(table: ScoreTable, points: float | None, best: Grade | None) -> Grade | None:
    """The grade of these points, no better than ``best``."""
    if points is None or not table.lowest:
        return best
    by_points = next((grade for grade, low in table.lowest if points >= low), _GRADES[-1])
    return by_points if best is None else max(by_points, best)


def _unpriced(
    here: Sequence[Item], found: Sequence[Finding], told: set[tuple[str, Span]]
) -> Iterator[Unpriced]:
    for finding in found:
        key = finding.rule.id, finding.span
        item = next((each for each in here if finding.rule.id in each.unknown), None)
        if item is not None and key not in told:
            told.add(key)
            yield Unpriced(finding.rule.id, item.title, finding.span)


def _not_judged(table: ScoreTable, here: Sequence[Item]) -> Iterator[NotJudged]:
    for item in table.items:
        if not item.documents:
            yield NotJudged(item.title, item.points, "text", item.not_judged)
        elif item not in here:
            yield NotJudged(item.title, item.points, "document")
        elif not item.is_priced:
            yield NotJudged(item.title, item.points, "points", item.not_judged)
        elif item.not_judged is not None:
            yield NotJudged(item.title, 0, "text", item.not_judged)
