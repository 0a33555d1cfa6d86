"""Herbs in a text: where they stand, with what dose, and whether they are spoken of as taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from doctorflan_ls.lexicon import WordFinder
from doctorflan_ls.notes.facts.vocabulary import fold
from doctorflan_ls.text import Span
from doctorflan_tcm.tables import rows, several

_CJK = "\u3400-\u9fff"
# What the pharmacy does with a herb, written before its name.
_PREPARED = re.compile("[制炙炮生醋酒炒蜜煅姜净鲜焦熟盐淡煨烫燀飞]{1,2}\\Z")
_COMPOUND = re.compile(r"(?:皂苷|碱|素|酸|苷|酮|总|多糖|提取物|酊|属|科|类)")
# 半夏泻心汤, 丹参注射液: the name of a formula or a product, unless it tells of boiling.
_PRODUCT = re.compile(
    rf"(?![{_CJK}]{{0,8}}[煎水泡入为研])[{_CJK}]{{0,8}}?"
    r"(?:汤|散|饮|丸|丹|膏|片|颗粒|胶囊|注射液|滴丸|口服液|合剂|糖浆|冲剂|酒)"
    rf"(?:(?![{_CJK}])|[加合化原主治及与和等口外各])"
)
_BEFORE_ALONE = re.compile(rf"(?:^|[^{_CJK}]|[加予用含入以取服及和与去])$")
_AFTER_ALONE = re.compile(rf"(?:$|[^{_CJK}]|各|等|适量|少许)")
_CLAUSE_END = re.compile(r"[。；;，,！!？?\n\r]")
_LINE_END = re.compile(r"[。；;\n\r]")
# Said in the clause: the herb is spoken of, not given.
_AGAINST = re.compile(
    r"不宜|禁忌|禁用|忌用|忌与|禁与|相反|相畏|避免|慎用|勿|不可|不能|不得|过敏|停用|停服|十八反|十九畏|未用|不用"
    r"|否认|avoid|contraindicat|allerg|not be (?:used|combined)|do not"
)
_JUST_AGAINST = re.compile(r"(?:去|反|畏|恶|忌|减|停|禁|避|弃|易|非|不含|无)$")
_EXTERNAL = re.compile(
    "外用|外洗|熏洗|外敷|泡脚|足浴|泡洗|浸泡|湿敷|灌肠|坐浴|贴敷|敷贴|外搽|外擦|塌渍|熏蒸|含漱|漱口"
)
_AMOUNT = (
    r"(?P<dose>(?P<low>\d+(?:\.\d+)?)\s*(?:[-–—~至到]+\s*(?P<high>\d+(?:\.\d+)?))?"
    r"\s*(?P<unit>mg|g|克|毫克)(?![a-z/]))"
)
_DOSE = re.compile(rf"\s*(?:[（(][^（）()\n]{{0,12}}[）)])?\s*[:：]?\s*{_AMOUNT}")
# 麻黄、桂枝各9g: one dose for all of the list.
_EACH = re.compile(rf"[{_CJK}、（）()\s]{{0,40}}?各\s*{_AMOUNT}")
# How far around a herb is read, in code points: its clause, its dose.
_REACH = 80


@dataclass(frozen=True, slots=True)
class Mention:
    """A herb that is given: ``name`` as in the table, ``span`` with its preparation.

    ``dose`` are grams, the upper end of a range; None where none stands with the herb. ``written``
    is the dose in the text's words. ``external`` is true for one that is not taken by mouth.
    """

    name: str
    text: str
    span: Span
    dose: float | None = None
    written: str = ""
    external: bool = False


@cache
def _finder() -> WordFinder:
    """Finds each name as it is written, with the herb and whether it must stand alone."""
    return WordFinder(
        (written, (name, strict == "strict"))
        for name, others, _, strict in rows("herbs")
        for written in (name, *several(others))
    )


# Both checks read the same note one after the other.
@lru_cache(maxsize=8)
def mentions(text: str) -> tuple[Mention, ...]:
    """The herbs that ``text`` gives, in order; those it warns of or takes away are left out."""
    return tuple(_given(text))


def _given(text: str) -> Iterator[Mention]:
    reached = 0
    # Where names overlap, the one that starts first counts, then the longest: 制川乌, not 川乌.
    for hit in sorted(_finder().find(text), key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= reached:
            reached = hit.end
            name, strict = hit.value
            mention = _mention(text, Span(hit.start, hit.end), name, strict=strict)
            if mention is not None:
                yield mention


def _mention(text: str, at: Span, name: str, *, strict: bool) -> Mention | None:
    """The herb at ``at``, read in its surroundings; None where it is no herb or not given."""
    first = max(at.start - _REACH, 0)
    around = fold(text[first : at.end + _REACH])
    start, end = at.start - first, at.end - first
    prepared = _PREPARED.search(around, max(start - 2, 0), start)
    start = prepared.start() if prepared else start
    if _is_other(around, start, end, strict=strict) or _is_against(around, start, end):
        return None
    dose, written = _dose(around, end)
    line = around[_last(_LINE_END, around, start) : _next(_LINE_END, around, end)]
    span = Span(first + start, at.end)
    external = _EXTERNAL.search(line) is not None
    return Mention(name, text[span.start : span.end], span, dose, written, external)


def _is_other(text: str, start: int, end: int, *, strict: bool) -> bool:
    """True where the characters are part of another word."""
    if _COMPOUND.match(text, end) or _PRODUCT.match(text, end):
        return True
    if not strict:
        return False
    alone = _BEFORE_ALONE.search(text[max(start - 1, 0) : start])
    return alone is None or _AFTER_ALONE.match(text, end) is None


def _is_against(text: str, start: int, end: int) -> bool:
    """True where the text says that the herb is not given."""
    begin = _last(_CLAUSE_END, text, start)
    if _JUST_AGAINST.search(text[begin:start]):
        return True
    return _AGAINST.search(text, begin, _next(_CLAUSE_END, text, end)) is not None


def _dose(text: str, end: int) -> tuple[float | None, str]:
    found = _DOSE.match(text, end) or _EACH.match(text, end)
    if found is None:
        return None, ""
    amount = float(found["high"] or found["low"])
    return amount / 1000 if found["unit"] in ("mg", "毫克") else amount, found["dose"]


def _last(pattern: re.Pattern[str], text: str, end: int) -> int:
    """Where the part before ``end`` begins that no match of ``pattern`` cuts."""
    return max((found.end() for found in pattern.finditer(text, 0, end)), default=0)


def _next(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.search(text, start)
    return found.start() if found else len(text)
