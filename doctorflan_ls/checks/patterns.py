"""What the rule files say, compiled once for each table, and looked for in a scope."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache, reduce
from typing import Any, NamedTuple

from doctorflan_ls.checks.model import Rule
from doctorflan_ls.checks.scope import Scope
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_PLACE = re.compile(r"\{(\w+)\}")


class Found(NamedTuple):
    """A match, and its place in the note."""

    span: Span
    match: re.Match[str]


@lru_cache(maxsize=512)
def pattern(table: RuleTable, stem: str, *path: str) -> re.Pattern[str]:
    """The expression at ``path`` of the file ``stem``.

    The built-in one where a hospital's file has one that cannot be read or lacks a group: reading a
    note never fails.
    """
    built_in = re.compile(_at(rule_table().data, stem, *path), re.IGNORECASE)
    try:
        given = re.compile(_at(table.data, stem, *path), re.IGNORECASE)
    except (re.error, KeyError, TypeError):
        return built_in
    return given if built_in.groupindex.keys() <= given.groupindex.keys() else built_in


@lru_cache(maxsize=512)
def rows(table: RuleTable, stem: str, *path: str) -> tuple[Mapping[str, Any], ...]:
    """The list of tables at ``path``; the built-in one where a row lacks what each of those has."""
    built_in = _at(rule_table().data, stem, *path)
    needed = set(built_in[0]).intersection(*built_in)
    try:
        given = tuple(_at(table.data, stem, *path))
        alike = all(
            type(row[key]) is type(built_in[0][key]) or _are_numbers(row[key], built_in[0][key])
            for row in given
            for key in needed
        )
    except (KeyError, TypeError):
        return tuple(built_in)
    return given if alike else tuple(built_in)


@lru_cache(maxsize=512)
def words(table: RuleTable, stem: str, *path: str) -> frozenset[str]:
    """The list of words at ``path`` of the file ``stem``; the built-in one where it is none."""
    try:
        return frozenset(map(str, _at(table.data, stem, *path)))
    except (KeyError, TypeError):
        return frozenset(map(str, _at(rule_table().data, stem, *path)))


@lru_cache(maxsize=512)
def phrase(table: RuleTable, stem: str, *path: str) -> Bilingual:
    """The words in both languages at ``path`` of the file ``stem``."""
    try:
        return Bilingual(**_at(table.data, stem, *path))
    except (KeyError, TypeError):
        return Bilingual(**_at(rule_table().data, stem, *path))


@lru_cache(maxsize=512)
def limit(table: RuleTable, stem: str, *path: str) -> float:
    """The number at ``path`` of the file ``stem``; the built-in one where it is none."""
    try:
        return float(_at(table.data, stem, *path))
    except (KeyError, TypeError, ValueError):
        return float(_at(rule_table().data, stem, *path))


def rules_of(*ids: str) -> tuple[Rule, ...]:
    """The built-in rules with these ids."""
    return tuple(rule_table().rules[each] for each in ids)


def filled(template: Bilingual, fields: Mapping[str, str | Bilingual]) -> Bilingual:
    """``template`` with its places in braces filled, in each language; unknown places are empty."""
    zh = {key: each if isinstance(each, str) else each.zh for key, each in fields.items()}
    en = {key: each if isinstance(each, str) else each.en for key, each in fields.items()}
    return Bilingual(
        _PLACE.sub(lambda place: zh.get(place[1], ""), template.zh),
        _PLACE.sub(lambda place: en.get(place[1], ""), template.en),
    )


def found_in(at: Scope, expression: re.Pattern[str]) -> Iterator[Found]:
    """Where ``expression`` stands in the record, full-width digits and signs made half-width."""
    for match in expression.finditer(half_width(at.text)):
        span = Span(at.span.start + match.start(), at.span.start + match.end())
        if at.is_record(span):
            yield Found(span, match)


def _at(data: Mapping[str, Any], *path: str) -> Any:  # noqa: ANN401  (TOML has no one type)
    return reduce(lambda table, key: table[key], path, data)


def _are_numbers(*values: object) -> bool:
    return all(isinstance(each, (int, float)) for each in values)
