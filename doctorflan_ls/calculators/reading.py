"""Quantities that no fact holds, read from the note's sentences: FiO2, QT, smoking, a last period.

Only where label, number and unit stand together; an interval is no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import NamedTuple

from doctorflan_ls.calculators.scope import Scope
from doctorflan_ls.calculators.table import quantities
from doctorflan_ls.notes.facts.lab_table import lab_table
from doctorflan_ls.text import Span

AIR = "room air"
"""The name of what is read where the patient breathes air."""

_IS = r"\s*(?:为|是|=|:|：|of|is|was|at|\()?\s*"
_ROOM_AIR = 21.0
_PACK = 20
_PERIOD = re.compile(r"(?:末次月经|LMP|last (?:menstrual )?period)[^。;\n\d]{0,12}$", re.IGNORECASE)
_VISIT = re.compile(
    r"(?:(?:就诊|入院|记录|检查)(?:时间|日期)|date of (?:visit|admission)|(?:visit|admission) date)"
    r"\s*[:：]?\s*$",
    re.IGNORECASE,
)
_VISIT_SECTIONS = frozenset(("visit_time", "admission_date", "record_time"))


class Read(NamedTuple):
    """A quantity's ``value`` in its unit, and where the note says it."""

    name: str
    value: float
    span: Span


def read(scope: Scope) -> Iterator[Read]:
    """What the sentences of ``scope``, a part of a note, give besides its facts.

    Of a quantity by the name ``AIR`` it is to be seen whether a concentration is told elsewhere.
    """
    for cue, pattern, values in _readers():
        if cue not in scope.text:
            continue
        for found in scope.matches(pattern):
            for name, value in values(found).items():
                plausible = quantities()[name].plausible
                if plausible is None or plausible[0] <= value <= plausible[1]:
                    yield Read(name, value, scope.at(found))
    yield from _room_air(scope)
    yield from _last_period(scope)


_Values = Callable[[re.Match[str]], Mapping[str, float]]


@cache
def _readers() -> tuple[tuple[str, re.Pattern[str], _Values], ...]:
    """A word that must be there, where the numbers stand, and what they are."""
    insulin = (
        rf"(?:空腹(?:血清)?胰岛素|fasting insulin|FINS){_IS}(\d+(?:\.\d+)?)"
        r"\s*([µu]?I?U/mL|mI?U/L|pmol/L)"
    )
    osmolality = (
        rf"(?<!计算)(?:血浆?|血清)渗透压{_IS}(\d{{3}})\s*m?(?:Osm|mol)"
        rf"|(?<!calculated )(?:serum|plasma|measured) osmolality{_IS}(\d{{3}})\s*mOsm"
    )
    return (
        ("氧浓度", _compiled(rf"(?:吸入|吸)?氧浓度{_IS}(\d+(?:\.\d+)?)\s*(%?)"), _fio2),
        ("iO2", _compiled(rf"FiO2\s*\)?{_IS}(\d+(?:\.\d+)?)\s*(%?)"), _fio2),
        (
            "QT",
            _compiled(
                rf"\bQT(?:间期|\s*interval)?(?:/QTc(?:间期)?)?{_IS}(\d{{3}})(?:\s*/\s*\d{{3}})?"
                r"\s*(?:ms|毫秒)"
            ),
            lambda found: {"qt": float(found[1])},
        ),
        ("胰岛素", _compiled(insulin), _insulin),
        ("insulin", _compiled(insulin), _insulin),
        ("FINS", _compiled(insulin), _insulin),
        ("渗透压", _compiled(osmolality), _osmolality),
        ("osmolality", _compiled(osmolality), _osmolality),
        (
            "E",
            _compiled(r"\bE\s?([1-4])\s?[,，+]?\s?V\s?([1-5])\s?[,，+]?\s?M\s?([1-6])(?!\d)"),
            _coma,
        ),
        (
            "睁眼",
            _compiled(
                r"睁眼(?:反应)?\s*([1-4])\s*分?\W{0,3}(?:语言|言语)(?:反应)?\s*([1-5])\s*分?\W{0,3}"
                r"(?:肢体)?运动(?:反应)?\s*([1-6])"
            ),
            _coma,
        ),
        *_smoking(),
    )


def _smoking() -> tuple[tuple[str, re.Pattern[str], _Values], ...]:
    years = r"(?<![\d~.-])(?P<years>\d{1,2})\s*余?年"
    sticks = (
        r"(?:(?:每[日天]|日均)[^\d。;~]{0,4}(?P<sticks>\d{1,3})\s*支"
        r"|(?<![\d~.-])(?P<daily>\d{1,3})\s*支\s*(?:/|每|一)\s*[日天d])"
    )
    # Not over the year of giving up, an interval, or a habit that is not daily.
    between = r"[^。;\n戒~间偶]{0,10}?"
    packs = r"(?P<packs>\d(?:\.\d{1,2})?|half a|a|one|two)\s*(?:packs?\s*(?:per|a|/)\s*day|ppd)"
    return (
        ("烟", _compiled(rf"[吸抽]烟{between}{years}{between}{sticks}"), _pack_years),
        ("烟", _compiled(rf"[吸抽]烟{between}{sticks}{between}{years}"), _pack_years),
        (
            "smok",
            _compiled(rf"smok\w*[^.\n]{{0,24}}?{packs}[^.\n]{{0,12}}?(?P<years>\d{{1,2}})\s*years"),
            _pack_years,
        ),
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _fio2(found: re.Match[str]) -> dict[str, float]:
    value = float(found[1])
    # 0.4 and 40 % are both written; a bare 40 is litres as often as percent.
    if found[2]:
        return {"fio2": value}
    return {"fio2": value * 100} if value <= 1 else {}


def _insulin(found: re.Match[str]) -> dict[str, float]:
    factor = quantities()["insulin"].factors.get(lab_table().unit(found[2]))
    return {} if factor is None else {"insulin": float(found[1]) * factor}


def _osmolality(found: re.Match[str]) -> dict[str, float]:
    return {"osmolality": float(found[1] or found[2])}


def _coma(found: re.Match[str]) -> dict[str, float]:
    return {"eye": float(found[1]), "verbal": float(found[2]), "motor": float(found[3])}


def _pack_years(found: re.Match[str]) -> dict[str, float]:
    groups = found.groupdict()
    years = float(found["years"])
    sticks = groups.get("sticks") or groups.get("daily")
    if sticks:
        return {"cigarettes": float(sticks), "smoking_years": years}
    words = {"half a": 0.5, "a": 1.0, "one": 1.0, "two": 2.0}
    packs = found["packs"].lower()
    return {
        "cigarettes": _PACK * words.get(packs, 0) or _PACK * float(packs),
        "smoking_years": years,
    }


def _room_air(scope: Scope) -> Iterator[Read]:
    """21 % where room air is told, and 0 where a concentration is spoken of."""
    if any(word in scope.text for word in ("iO2", "氧浓度")):
        yield Read(AIR, 0, scope.span)
    for found in scope.matches(_air()):
        yield Read(AIR, _ROOM_AIR, scope.at(found))


@cache
def _air() -> re.Pattern[str]:
    return re.compile(r"未吸氧|吸(?:入)?空气|room air", re.IGNORECASE)


def _last_period(scope: Scope) -> Iterator[Read]:
    for fact in scope.facts:
        day = _day(fact.value) if fact.kind == "date" else None
        if day is not None and _PERIOD.search(scope.before(fact, 24)):
            yield Read("last_period", day, fact.span)


def visit(scope: Scope) -> Read | None:
    """The day of the visit, which the note's beginning tells."""
    for fact in scope.head:
        day = _day(fact.value) if fact.kind == "date" else None
        if day is None:
            continue
        before = scope.note.slice(Span(max(fact.span.start - 24, 0), fact.span.start))
        if fact.section in _VISIT_SECTIONS or _VISIT.search(before):
            return Read("visit", day, fact.span)
    return None


def _day(value: object) -> float | None:
    try:
        return float(date.fromisoformat(str(value)).toordinal())
    except ValueError:
        return None
