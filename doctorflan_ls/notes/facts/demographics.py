"""The patient's age and sex, as a note states them: never a relative's, never a past age."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from doctorflan_ls.notes.facts.numbers import fact_at, half_width, has_digit, number
from doctorflan_ls.notes.model import Fact, Sentence

# Sections that speak of other people and of the patient's younger years.
_OTHERS: Final = frozenset(
    {"family_history", "marital_history", "menstrual_history", "personal_history", "social_history"}
)
_SEX_CUE: Final = re.compile(
    r"[男女]|male\b|\b(?:wo)?man\b|gentleman|\blady|\bboy\b|\bgirl\b|[\dyo.]\s?[MF]\b|\bsex\b|\bgender\b",
    re.IGNORECASE,
)
_AGE_CUE_ZH: Final = re.compile("[岁龄男女患病Xx某]|新生儿|年纪")
_AGE_CUE_EN: Final = re.compile(r"(?<=\d)[\s-]*(?:y|[MF]\b)|old\b|age", re.IGNORECASE)
_YEARS_PER: Final = {
    "year": 1.0,
    "month": 1 / 12,
    "week": 7 / 365.25,
    "day": 1 / 365.25,
    "hour": 1 / 8766,
    "minute": 1 / 525_960,
}
_UNITS: Final = {
    "岁": "year",
    "周岁": "year",
    "月": "month",
    "周": "week",
    "天": "day",
    "日": "day",
    "小时": "hour",
    "分钟": "minute",
}

_FAMILY_ZH: Final = (
    "(?:父|母|兄|弟|姐|妹|爷|奶|叔|姑|姨|舅|祖|夫|妻|爱人|配偶|儿子|女儿|之[子女]|其[子女]|长[子女]"
    "|次[子女]|子女|孙)"
)
_FAMILY_EN: Final = (
    r"(?:father|mother|parents?|brother|sister|sibling|son|daughter|uncle|aunt|cousin"
    r"|grand\w+|husband|wife|spouse|partner|child(?:ren)?|relative|friend|nephew|niece)s?\b"
)
# ``66F`` is an age and sex only where a patient is introduced: ``T 98 F`` is a temperature.
_BEFORE_LETTER: Final = (
    r"(?:^\s*|(?<=\bpt\s)|(?<=\bpatient\s)|(?<=\ba\s)|(?<=\ban\s)|(?<=[:(]\s)|(?<=患者)|(?<=[(]))"
)
_AFTER_LETTER: Final = (
    r"(?=\s*(?:$|[,;)]|with\b|w/|who\b|presents?|here\b|s/p|c/o|admitted|[(]|referred|complain|hx))"
)
_PERSON_EN: Final = r"(?:(?:fe)?male|(?:wo)?man|gentleman|lady|boy|girl)"


_INTRODUCTION: Final = re.compile(r"(?:^|[,(:]|\b(?:an?|this|is|the))\s*$", re.IGNORECASE)


@cache
def _age_zh() -> re.Pattern[str]:
    return re.compile(
        r"""
        (?:年龄|年纪)\s*[:,]?\s*(?P<label>\d{1,3}(?:\.\d+)?)\s*(?P<label_unit>周?岁|个?月|天|日|周|小时|分钟)?
            (?:(?P<label_rest>\d{1,2})个?月)?(?![\d.]|[~-]\d)
        |(?<![\d.~/+-])(?P<years>\d{1,3}(?:\.\d)?)\s*(?P<years_unit>周?岁)(?:(?P<rest>\d{1,2})个?月)?
            (?!\s*(?:时|前|后|以[上下前后]|起|开始|始|左右|之?[前后间]|之时|那年|多时|结婚|初潮|绝经|月经|行经|患[有上过]
            |确诊|去世|病故|[-~至]|生育|生子|[子女]))
        |(?:(?:[男女](?:性?患?儿|性|婴|童|孩)?|患[儿者]|病[人儿]|[Xx某])\s*[,，、/;；:]?\s*)
            (?P<young>\d{1,3})\s*(?P<young_unit>个?月|天|日|周)(?=\s*(?:[,，。;；、)]|$|大|龄|[男女]|\d))
        |(?<![\d.第])(?P<baby>\d{1,3})\s*(?P<baby_unit>个?月|天|日|周)
            (?=\s*(?:\(新生儿|大?(?:[男女][婴孩童]|的?患儿|婴儿|新生儿)|龄))
        |[男女]\s*[/,，、:]?\s*(?P<bare>\d{1,3})(?P<bare_unit>\s*y)?(?=\s*(?:[,，。;；、)]|$))
        """,
        re.VERBOSE,
    )


@cache
def _past_age_zh() -> re.Pattern[str]:
    """What before ``N岁`` says that it is a past age or someone else's."""
    return re.compile(
        rf"(?:{_FAMILY_ZH}亲?[^，,。;；]{{0,4}}|(?:初潮|绝经)[^。；;]{{0,8}}|月经史?|结婚|婚龄|于|在|自|从|当|约|享年|至|到|[~-])"
        r"\s*(?:年龄)?\s*[:：]?\s*$"
    )


@cache
def _age_en() -> re.Pattern[str]:
    return re.compile(
        rf"""
        (?<![\w.+])(?P<old>\d{{1,3}}(?:\.\d)?)[\s-]*
            (?:(?P<old_unit>year|month|week|day|yr|mo|wk)s?[\s-]*old|(?P<yo>y\.o\.|(?:y/?o|yr/o)\b)
            |(?P<of_age>year|month|week|day)s?\s+of\s+age)
            (?![\s-]+{_FAMILY_EN})(?!\s+(?:history|hx|fracture|injury|surgery)\b)
        |\b(?:aged?)(?:\s*[:=]\s*|\s+)(?P<aged>\d{{1,3}})(?![\d.,]*\d)(?![\s-]*(?:to|-)\s*\d)
            (?:\s*(?P<aged_unit>years?|months?|weeks?|days?|yrs?|mos?|wks?)\b)?
        |{_BEFORE_LETTER}(?P<sexed>\d{{1,3}})\s?(?P<sexed_unit>yo?|yrs?)?\s?(?=[MF]\b{_AFTER_LETTER})
        |(?<![\w./-])(?P<plain>\d{{1,3}})[\s-]*(?P<plain_unit>year|yr|y)s?[\s,]+(?={_PERSON_EN}\b)
        """,
        re.VERBOSE | re.IGNORECASE,
    )


@cache
def _past_age_en() -> re.Pattern[str]:
    return re.compile(
        rf"(?:\b(?:at|since|by|until|before|after|from|to|when|around|under|over|than)\b(?:\s+(?:the|an|"
        rf"about|approximately|she|he|they|was|were|I|patient))*|\b(?:his|her|their|my|with\s+an?)|\b{_FAMILY_EN}[^.;]{{0,40}})"
        r"\s*$",
        re.IGNORECASE,
    )


@cache
def _sex_zh() -> re.Pattern[str]:
    return re.compile(
        r"""
        (?:性\s*别(?:\s*[】\]])?|患[者儿]|病[人儿员]|产妇|[Xx某])\s*[:,，、]?\s*(?:[一-鿿]{2,4}[，,]\s*)?
            (?P<labelled>[男女])(?!科|儿[^童]|方)
        |(?:^|[,，。;；、\s(/]|(?<=[岁月天老中青幼]))(?P<alone>[男女])(?=\s*(?:[,，、;；/)。【\[]|\d|$|性?患))
        |(?<![\d一两二三呈似为子儿妇孙示])(?P<person>[男女])
            (?=性(?!别|分布|型|化|激素|生殖|外|内|特征|乳|第二|不育|不孕|家|亲|结扎|[A-Za-z])|[婴童孩](?!子?宝))
        """,
        re.VERBOSE,
    )


@cache
def _sex_en() -> re.Pattern[str]:
    return re.compile(
        rf"""
        \b(?:sex|gender)\s*[:=]?\s*(?P<labelled>(?:fe)?male|[MF])\b
        |(?:\bold|\by/?o|\by\.o\.?|\byrs?|\byears?|\bmonths?|\bage)\b(?P<between>[^.;:\d]{{0,45}}?)
            \b(?P<aged>{_PERSON_EN})\b(?!\s+(?:who\s+is\s+the|relative|partner))
        |(?:{_BEFORE_LETTER}\d{{1,3}}\s?(?:y|yrs?)?|\d\s?y/?o|\d\s?y\.o\.)\s?(?P<letter>[MF])\b{_AFTER_LETTER}
        |(?:^|(?<!there\s)\b(?:is|was)\s+an?|\bthis|\bthe)\s+(?:(?:very|pleasant|elderly|young|middle-aged|well|healthy
            |white|black|caucasian|hispanic|asian|african|american|obese|adult|premature|term)[\s-]+){{0,3}}
            (?P<said>{_PERSON_EN})\b(?!\s*(?:relative|partner|pattern|sibling|genital|condom|reports?\s+that\s+her))
        |^\s*(?:newborn|infant|neonate|adult)?[\s,]*(?P<bare>(?:fe)?male)\s*(?=[,.;]|$|infant|newborn|patient)
        """,
        re.VERBOSE | re.IGNORECASE,
    )


def find(sentence: Sentence) -> Iterable[Fact]:
    """The patient's age and sex stated in ``sentence``.

    An age's ``value`` is in its ``unit`` as written (``岁``, ``year``, ``yo``; None for ``66F``);
    ``1岁3个月`` is two numbers, so its value is the words. See `age_years`.
    """
    text = half_width(sentence.text)
    if has_digit(text):
        yield from _ages(sentence, text)
    if _SEX_CUE.search(text):
        yield from _sexes(sentence, text)


def age_years(fact: Fact) -> float | None:
    """An age fact in years, or None where it cannot be told."""
    if isinstance(fact.value, float):
        return fact.value * _YEARS_PER[_unit_kind(fact.unit)]
    parts = re.findall(r"\d+(?:\.\d+)?", half_width(fact.text))
    return float(parts[0]) + float(parts[1]) / 12 if len(parts) == 2 else None


def _unit_kind(unit: str | None) -> str:
    if unit is None:
        return "year"
    zh = _UNITS.get(unit.removeprefix("个"))
    if zh is not None:
        return zh
    lowered = unit.lower()
    return {"m": "month", "w": "week", "d": "day"}.get(lowered[0], "year")


def _ages(sentence: Sentence, text: str) -> Iterator[Fact]:
    for cue, pattern, past in (
        (_AGE_CUE_ZH, _age_zh(), _past_age_zh()),
        (_AGE_CUE_EN, _age_en(), _past_age_en()),
    ):
        if not cue.search(text):
            continue
        for found in pattern.finditer(text):
            fields = {key: value for key, value in found.groupdict().items() if value is not None}
            key = next(iter(fields))
            value = number(fields[key])
            start = found.start() if pattern is _age_en() else found.start(key)
            # A label or an adjacent 男 or 女 is said of the patient wherever it stands.
            certain = key in {"label", "bare", "sexed"}
            if not certain and (
                sentence.section in _OTHERS or past.search(text[max(start - 60, 0) : start])
            ):
                continue
            if value is None or not value <= 120:
                continue
            if _has(found, "old_unit") and not _introduced(text, found):
                continue
            yield _age(sentence, found, key, value)


def _introduced(text: str, found: re.Match[str]) -> bool:
    """A wound may be a week old: less than years needs ``a`` or ``is`` before it."""
    if found["old_unit"].lower().startswith("y"):
        return True
    return _INTRODUCTION.search(text[max(found.start() - 12, 0) : found.start()]) is not None


def _age(sentence: Sentence, found: re.Match[str], key: str, value: float) -> Fact:
    unit_group = next((name for name in (f"{key}_unit", "yo", "of_age") if _has(found, name)), None)
    rest = next((name for name in ("rest", "label_rest") if _has(found, name)), None)
    end = found.end(key) if unit_group is None else found.end(unit_group)
    if key in {"old", "years", "label"} and rest is None and unit_group is not None:
        end = max(end, found.end())
    if rest is not None:
        end = found.end()
    fact = fact_at(sentence.text, "age", found.start(key), end, "age")
    if rest is not None:
        return fact._replace(value=fact.text)
    unit = None
    if unit_group is not None:
        unit = sentence.text[found.start(unit_group) : found.end(unit_group)].strip()
    return fact._replace(value=value, unit=unit)


def _has(found: re.Match[str], group: str) -> bool:
    return group in found.re.groupindex and found[group] is not None


def _sexes(sentence: Sentence, text: str) -> Iterator[Fact]:
    family = _family()
    zh = "男" in text or "女" in text
    # 女性患者，66 yo F: English words are looked for in Chinese sentences too.
    for pattern in (_sex_zh(), _sex_en()) if zh else (_sex_en(),):
        for found in pattern.finditer(text):
            key = found.lastgroup
            if key is None:
                continue
            if key != "labelled" and sentence.section in _OTHERS:
                continue
            if key in {"aged", "said"} and family.search(
                text[max(found.start() - 40, 0) : found.end()]
            ):
                continue
            start, end = found.span(key)
            word = text[start:end].lower()
            male = word in {"男", "m", "male", "man", "gentleman", "boy"}
            fact = fact_at(sentence.text, "sex", start, end, "sex")
            yield fact._replace(value="male" if male else "female")


@cache
def _family() -> re.Pattern[str]:
    return re.compile(
        rf"\b{_FAMILY_EN}|\b(?:delivered|gave\s+birth|to\s+an?\s+(?:baby|healthy))\b", re.IGNORECASE
    )
