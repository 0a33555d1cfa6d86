"""Abbreviations and ways of writing a dose that are known to be misread (English notes).

The rows, with their sources, are in ``data/rules/english.toml``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal

from doctorflan_ls.checks.model import Finding, Fix, Rule
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Edit, Span, Spans

_Where = Literal["medication", "drug", "any"]


@dataclass(frozen=True, slots=True)
class _Row:
    """One way of writing: ``pattern`` has the group ``word``, ``write`` is what may stand instead.

    ``times`` is what the number ``n`` of the pattern is multiplied by for the place ``{times}``.
    """

    rule: Rule
    pattern: re.Pattern[str]
    where: _Where
    near: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    write: tuple[str, ...]
    times: int | None

    def instead(self, found: re.Match[str]) -> tuple[str, ...]:
        """What may be written instead of the words of ``found``."""
        groups = {name: value or "" for name, value in found.groupdict().items()}
        if self.times is not None and "n" in groups:
            groups["times"] = _times(groups["n"], self.times)
        # A unit that ran into its number would run into it still.
        gap = " " if found.string[: found.start("word")][-1:].isdigit() else ""
        written = (each.format_map(groups).strip(" ") for each in self.write)
        trail = "" if any(map(str.isalnum, found["word"])) else " "
        return tuple(f"{gap}{each}{trail}" for each in written)


@dataclass(frozen=True, slots=True)
class _Words:
    """What english.toml says, compiled."""

    rows: tuple[_Row, ...]
    sections: frozenset[str]
    measured: frozenset[str]
    dose: re.Pattern[str]
    sentence: re.Pattern[str]


def checks() -> Iterator[Check]:
    """The one check, with the rules of english.toml."""
    table = rule_table()
    ids = dict.fromkeys(row["rule"] for row in table.data["english"]["abbreviation"])
    yield Check("abbreviations", tuple(table.rules[each] for each in ids), misread, "part")


def misread(at: Scope) -> Iterator[Finding]:
    """What can be misread in an English note, the first row's finding where two would overlap."""
    if at.note.language != "en":
        return
    place = _Place(at, _words(at.table))
    taken: set[int] = set()
    for row in place.words.rows:
        for found in row.pattern.finditer(at.text):
            within = Span(*found.span("word"))
            span = Span(at.span.start + within.start, at.span.start + within.end)
            if not taken.isdisjoint(range(*within)) or not at.is_record(span):
                continue
            rule = place.rule(row, within)
            if rule is not None:
                taken.update(range(*within))
                yield _finding(rule, row, found, span)


def _times(number: str, by: int) -> str:
    try:
        return f"{float(number) * by:,.0f}"
    except ValueError:
        return number


def _finding(rule: Rule, row: _Row, found: re.Match[str], span: Span) -> Finding:
    instead = row.instead(found)
    # The unit behind the number is shown with it, and not replaced.
    unit = found.groupdict().get("unit") or ""
    unit = unit if found.string.startswith(unit, found.end("word")) else ""
    shown = [f"{each.strip()}{unit}" for each in instead]
    fixes = tuple(
        Fix(Bilingual(f"改写为“{said}”", f"Write “{said}”"), (Edit(span, text),))
        for text, said in zip(instead, shown, strict=True)
    )
    listed = Bilingual("”或“".join(shown), "” or “".join(shown))
    return Finding(rule, span, {"text": found["word"] + unit, "instead": listed}, fixes=fixes)


class _Place:
    """Where in a part something stands: its section, its sentence, what was read there."""

    def __init__(self, at: Scope, words: _Words) -> None:
        self.at = at
        self.words = words
        # By pattern and sentence: many words may stand in one sentence.
        self._known: dict[tuple[re.Pattern[str], Span], bool] = {}

    def rule(self, row: _Row, within: Span) -> Rule | None:
        """The rule of ``row`` as it is said at ``within``; None where nothing is said."""
        sentence = self._sentence(within)
        if row.near is not None and not self._holds(row.near, sentence):
            return None
        if row.unless is not None and self._holds(row.unless, sentence):
            return None
        if self._labs.overlap(self._in_note(within)):
            return None
        section = self._section(within.start)
        listed = section in self.words.sections
        drug = listed or self._drugs.overlap(self._in_note(sentence))
        given = drug or self._holds(self.words.dose, sentence)
        if row.where == "any":
            return row.rule if given else replace(row.rule, severity="information")
        if section in self.words.measured:
            return None
        return row.rule if (drug if row.where == "drug" else given) else None

    def _holds(self, pattern: re.Pattern[str], sentence: Span) -> bool:
        known = self._known.get((pattern, sentence))
        if known is None:
            found = pattern.search(self.at.text[sentence.start : sentence.end])
            known = self._known[pattern, sentence] = found is not None
        return known

    @cached_property
    def _breaks(self) -> list[int]:
        """Where sentences begin, in order."""
        return [0, *(found.end() for found in self.words.sentence.finditer(self.at.text))]

    def _sentence(self, within: Span) -> Span:
        index = bisect_right(self._breaks, within.start)
        later = bisect_right(self._breaks, max(within.end - 1, within.start))
        end = self._breaks[later] if later < len(self._breaks) else len(self.at.text)
        return Span(self._breaks[index - 1], end)

    def _section(self, offset: int) -> str:
        """The innermost section, by its id; a part follows its container in the list."""
        at = self.at.span.start + offset
        for section in reversed(self.at.sections[: bisect_right(self._starts, at)]):
            if at < section.span.end:
                return section.id
        return ""

    @cached_property
    def _starts(self) -> list[int]:
        return [section.span.start for section in self.at.sections]

    @cached_property
    def _labs(self) -> Spans:
        return Spans(fact.span for fact in self.at.facts if fact.kind == "lab")

    @cached_property
    def _drugs(self) -> Spans:
        return Spans(fact.span for fact in self.at.facts if fact.kind == "drug")

    def _in_note(self, within: Span) -> Span:
        start = self.at.span.start
        return Span(within.start + start, within.end + start)


@lru_cache(maxsize=8)
def _words(table: RuleTable) -> _Words:
    data = table.data["english"]
    given = data["medication"]
    return _Words(
        tuple(_rows(data["abbreviation"], table.rules)),
        frozenset(given["sections"]),
        frozenset(given["measured"]),
        re.compile(given["dose"]),
        re.compile(given["sentence"]),
    )


def _rows(given: Iterable[Mapping[str, Any]], rules: Mapping[str, Rule]) -> Iterator[_Row]:
    for row in given:
        try:
            pattern = re.compile(row["pattern"], 0 if row.get("case") else re.IGNORECASE)
            made = _Row(
                rules[row["rule"]],
                pattern,
                row["where"],
                re.compile(row["near"]) if "near" in row else None,
                re.compile(row["unless"]) if "unless" in row else None,
                tuple(row["write"]),
                row.get("times"),
            )
            places = {*pattern.groupindex}
            if made.times is not None and "n" in places:
                places.add("times")
            for text in made.write:
                text.format_map(dict.fromkeys(places, ""))
        except (KeyError, TypeError, ValueError, AttributeError, re.error):
            # A hospital's own row that cannot be used: the others stand.
            continue
        if "word" in pattern.groupindex:
            yield made
