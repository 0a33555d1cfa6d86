"""English names in running text: after a title, before a credential, by the lists of names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from doctorflan_ls.identifiers.found import Found
from doctorflan_ls.identifiers.tables import any_of, names

_LOWER = r"[a-zà-öø-ÿāčćđēěğīıļłńňņőøřśšşťūůűźžż]"
_UPPER = r"[A-ZÀ-ÖØ-ÞĀČĆĐĒĚĞĪŁŃŇŐŘŚŠŞŤŪŮŰŹŽŻİ]"
# O'Brien, Smith-Jones, McDonald, van der Berg
_BEFORE = r"(?:Mc|Mac|O['’]|D['’]|De|La|Le|Van|von|van|de|der|da|di|la|le)"
_WORD = rf"(?:{_BEFORE}[ ]?)?{_UPPER}{_LOWER}+(?:[\-'’]{_UPPER}{_LOWER}+)*"
_INITIAL = rf"{_UPPER}\.?"
_END = r"(?!\w)"
_FULL = rf"{_WORD}(?: (?:{_INITIAL} )?{_WORD}){{1,2}}"
_ANY = rf"{_WORD}(?: {_INITIAL}(?= {_UPPER}))?(?: {_WORD}){{0,2}}"
_RUN = re.compile(rf"(?<!\w){_WORD}(?: (?:{_UPPER}\.?(?= {_UPPER})|{_WORD}))*{_END}")
_TOKEN = re.compile(r"[^ ]+")
_LATIN = re.compile(r"[A-Za-z]{3}")


class _Rule(NamedTuple):
    kind: str
    pattern: re.Pattern[str]
    trusted: bool


def english_names(text: str) -> Iterator[Found]:
    """Names that no label introduces. A title is no part of the name."""
    if not _LATIN.search(text):
        return
    for kind, pattern, trusted in _rules():
        for found in pattern.finditer(text):
            start, end = found.span("name")
            end = start + _kept(text[start:end])
            if end > start and (trusted or _is_person(text, start, end)):
                yield Found(start, end, kind)
    yield from _listed(text)


def is_english_name(value: str) -> bool:
    """True for two capitalised words and more, or one of the lists, none of them a common word."""
    words = re.findall(r"[^\s,]+", value.rstrip("."))
    given, _, surnames = _lists()
    capital = all(word[0].isupper() and not word.isdecimal() for word in words)
    common = any(word.rstrip(".") in _not_names() for word in words[1:])
    return capital and not common and (len(words) > 1 or {*words} <= given | surnames)


def _listed(text: str) -> Iterator[Found]:
    """Names by the lists: a given name alone or with what follows, a word before a surname."""
    given, words, surnames = _lists()
    for run in _RUN.finditer(text):
        tokens = [(each.start() + run.start(), each[0]) for each in _TOKEN.finditer(run[0])]
        if _is_foreign([each for _, each in tokens]) and _is_person(text, run.start(), run.end()):
            yield Found(run.start(), run.end(), "name")
            continue
        at = 0
        while at < len(tokens):
            start, word = tokens[at]
            last = _last_of_name([each for _, each in tokens[at : at + 4]])
            alone = word in given and word not in words
            listed = any(each in surnames for _, each in tokens[at + 1 : at + last + 1])
            end = tokens[at + last][0] + len(tokens[at + last][1])
            if (alone or ((word in words or word in given) and listed)) and _is_person(
                text, start, end
            ):
                yield Found(start, end, "name")
                at += last
            at += 1


def _is_foreign(tokens: list[str]) -> bool:
    """Two words or three with letters that English lacks, none of them an English one."""
    return (
        len(tokens) in {2, 3}
        and not all(map(str.isascii, tokens))
        and not any(each in _not_names() or each in _not_after() for each in tokens)
    )


def _last_of_name(tokens: list[str]) -> int:
    """Which of the tokens ends the name that the first begins."""
    _, _, surnames = _lists()
    rest = tokens[1:]
    last = 1
    if rest and len(rest[0].rstrip(".")) == 1:
        last = 2
    if len(tokens) <= last or tokens[last] in _not_names() or tokens[last] in _not_after():
        return 0
    third = tokens[last + 1] if len(tokens) > last + 1 else ""
    return last + 1 if last == 1 and third in surnames and tokens[1] not in surnames else last


@cache
def _lists() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    data = names("english")
    given, words, surnames = (
        frozenset(data[key].split()) for key in ("given", "words", "surnames")
    )
    return given, words, surnames


def _kept(value: str) -> int:
    """How much of ``value`` is a name: up to the first word that is none."""
    end = 0
    for word in re.finditer(r"[^ ]+", value):
        if word[0].rstrip(".") in _not_names():
            break
        end = word.end()
    return end


def _is_person(text: str, start: int, end: int) -> bool:
    """False for an eponym, an organisation and a street."""
    if re.match(r"['’]t\b", text[end : end + 3]):
        return False
    after = re.match(r"(?:['’]s?)? ?\-?([A-Za-z]+)", text[end : end + 24])
    if after and after[1] in _not_after():
        return False
    return not re.search(
        r"(?:St\.|pouch of|circle of|bundle of|angle of) $", text[max(start - 12, 0) : start]
    )


@cache
def _not_names() -> frozenset[str]:
    return frozenset(names("english")["not_names"])


@cache
def _not_after() -> frozenset[str]:
    return frozenset(names("english")["not_after"])


@cache
def _rules() -> tuple[_Rule, ...]:
    data = names("english")
    credentials = any_of(data["credentials"])
    sources = (
        ("name", rf"\b(?:{any_of(data['titles'])})\.? (?P<name>{_ANY}){_END}", True),
        ("name", rf"\b(?:{any_of(data['titles'])})\. (?P<name>{_UPPER}{{2,20}}){_END}", True),
        ("doctor", rf"\b(?:{any_of(data['doctors'])})\.? (?P<name>{_ANY}){_END}", True),
        ("doctor", rf"\b(?P<name>{_FULL}),? (?:{credentials})(?![A-Za-z])", True),
        ("name", rf"(?:{_spoken(data['leads'])})[:,]? +(?P<name>{_ANY}){_END}", False),
    )
    return tuple(_Rule(kind, re.compile(source), trusted) for kind, source, trusted in sources)


def _spoken(leads: list[str]) -> str:
    """The leads with a small or a great first letter, each beginning a word."""
    return "|".join(
        rf"(?<!\w)[{each[0].lower()}{each[0].upper()}]{re.escape(each[1:])}" for each in leads
    )
