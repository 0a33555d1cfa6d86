"""Chinese names in running text: a surname, given names, and a word that makes it a person's name.

A surname alone is found nowhere: 张X, 李某 and 王女士 are how records leave a name out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from doctorflan_ls.identifiers.found import HAN, Found
from doctorflan_ls.identifiers.tables import any_of, medical_words, names

_MASK = r"(?![*×某○〇Xx])"
_MASKED = re.compile("[某○〇×]")
_STOP = r"[\s,.;:、。()!?/]|$"


class _Rule(NamedTuple):
    kind: str
    pattern: re.Pattern[str]


def chinese_names(text: str) -> Iterator[Found]:
    """Names that no label introduces, in a half-width text."""
    for kind, pattern in _rules():
        for found in pattern.finditer(text):
            for group in ("name", "second"):
                value = found.groupdict().get(group)
                if value and is_plausible(value):
                    yield Found(found.start(group), found.end(group), kind)


def is_plausible(value: str) -> bool:
    """True where no character and no beginning of ``value`` speaks against a name."""
    data = names("chinese")
    if _MASKED.search(value):
        return False
    surname = 2 if value[:2] in data["compound"] and len(value) > 2 else 1
    given = value[surname:]
    words = medical_words()
    if value in words:
        return False
    return not (
        set(given) & _never()
        or value.startswith(_not_names())
        or given in data["context"]["follows"]
    )


def has_surname(value: str) -> bool:
    """True where ``value`` begins as a Chinese name does, and is longer than a surname."""
    data = names("chinese")
    return value[:1] in data["surnames"] or value[:2] in data["compound"]


@cache
def _never() -> frozenset[str]:
    return frozenset(names("chinese")["never_given"])


@cache
def _not_names() -> tuple[str, ...]:
    return tuple(names("chinese")["not_names"])


class _Parts(NamedTuple):
    """Patterns that the rules are made of: names by how sure the words around them are.

    ``free``: any characters behind a surname; ``name``, ``lazy``: those of given names.
    """

    free: str
    name: str
    lazy: str
    before: str
    follows: str
    context: dict[str, str]


@cache
def _rules() -> tuple[_Rule, ...]:
    data = names("chinese")
    context = {key: any_of(words) for key, words in data["context"].items()}
    surname = f"(?:{any_of(data['compound'])}|[{data['surnames']}])"
    given = f"[{data['given']}]"
    parts = _Parts(
        free=f"{surname}{HAN}{{1,2}}",
        name=f"{surname}{given}{{1,2}}",
        lazy=f"{surname}{given}{{1,2}}?",
        before=rf"(?:^|(?<=[\s,.;:、。()/])|(?<={_alternatives(context['before'])}))"
        r"(?<![神月痛]经)",
        follows=rf"(?={context['follows']}|{_STOP})",
        context=context,
    )
    sources = (
        *(("name", source) for source in _persons(parts)),
        *(("doctor", source) for source in _doctors(parts)),
    )
    return tuple(_Rule(kind, re.compile(source, re.MULTILINE)) for kind, source in sources)


def _persons(parts: _Parts) -> tuple[str, ...]:
    free, name, lazy, before, follows, context = parts
    patient, relative = context["patient"], context["relative"]
    start = r"(?:^|(?<=[\n。;!?\"']))[ \t#*\-\d.、]{0,8}"
    sex = r"[男女](?=性|童|孩|婴|[\s,;。、|()\d])"
    return (
        # 张三，男，45岁
        (
            rf"{start}(?:(?:{patient})[:,， ]{{0,2}})?(?P<name>{free}){_MASK}"
            rf"(?:[,、 \t(|]{{1,4}}|(?=[男女]\d))(?:性别)?[:为]?{sex}"
        ),
        rf"(?:{patient})(?P<name>{lazy}){_MASK}{follows}",
        rf"(?:{patient})[,:、 (]?(?P<name>{free}){_MASK}[,、( ]{{1,2}}{sex}",
        rf"(?:{relative})[:(]?(?P<name>{lazy}){_MASK}{follows}",
        rf"(?:{relative})(?P<name>{free}){_MASK}(?=陪同|代诉|代述|签字|签名|电话|联系电话)",
        rf"{before}(?P<name>{free}){_MASK}(?=先生|女士|小姐)",
        rf"{before}(?P<name>{name}){_MASK}(?={context['person_after']})",
        rf"(?:我叫|本人姓名|名叫|名字是|名字叫|全名)(?P<name>{name}){_MASK}{follows}",
    )


def _doctors(parts: _Parts) -> tuple[str, ...]:
    free, name, lazy, before, _, context = parts
    title = context["doctor_after"]
    return (
        rf"{before}(?P<name>{name}){_MASK}(?={title})",
        rf"{before}(?P<name>{free}){_MASK}(?={context['rank']})",
        (
            rf"(?:{context['doctor']})[: ]{{0,2}}{_MASK}(?P<name>{lazy}){_MASK}"
            rf"(?:[/、](?P<second>{name}){_MASK})?(?={title}|{context['follows']}|{_STOP})"
        ),
        # The signatures of two: 张三/李四
        (
            rf"(?:^|(?<=:))[ \t]*(?P<name>{name})[ \t]*/[ \t]*(?P<second>{name})"
            r"(?=[ \t]*$|  |[,;。])"
        ),
    )


def _alternatives(words: str) -> str:
    """The alternation as lookbehinds, each of one width."""
    return ")|(?<=".join(words.split("|"))
