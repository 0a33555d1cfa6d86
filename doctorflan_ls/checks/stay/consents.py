"""What asks for somebody's consent or advice before it is done (ZN-01, ZY-03)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from doctorflan_ls.checks.model import Fields, Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.stay.moments import type_of
from doctorflan_ls.checks.stay.others import (
    first_words,
    has_stay,
    others,
    rows,
    sections,
    type_list,
)
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_SENTENCE = re.compile(r"[。；\r\n]")
# Only planned, refused or left to others.
_NOT_DONE = re.compile(r"(?:未|拟|建议|必要时|准备|可|考虑|拒绝|择期|待|是否)[^，。；\r\n]{0,3}$")


def checks() -> Iterator[Check]:
    """The checks of this module, each with its rule."""
    rules = rule_table().rules
    yield Check("consents", (rules["ZN-01"],), consents)
    yield Check("special-use", (rules["ZY-03"],), special_use)


def consents(at: Scope) -> Iterator[Finding]:
    """An operation, a transfusion or a special test without a consent among the notes."""
    if not has_stay(at):
        return
    doc_type, row = type_of(at), rows(at)["consents"]
    if doc_type == "operation_record":
        done = [("operation", *each) for each in _operation(at)]
    elif doc_type in type_list(at.table, "done"):
        found = at.gather(_collector(at.table))
        done = [(key, Span(start + a, start + b), text) for start, (key, a, b, text) in found]
    else:
        return
    texts = [at.note.slice(Span(at.note.front, len(at.note.text)))]
    texts += [each.text for each in others(at) if each.doc_type != "consent"]
    if not done or any(re.search(row["signed"], each) for each in texts):
        return
    seen: set[str] = set()
    for key, span, text in done:
        if key not in seen and not _has_form(at, row[key]):
            seen.add(key)
            fields: Fields = {"what": Bilingual(**row[key]["name"]), "words": text}
            yield Finding(at.table.rules["ZN-01"], span, fields)


def _operation(at: Scope) -> Iterator[tuple[Span, str]]:
    for section, _ in sections(at.note, "operation_name"):
        span = first_words(at.note, section)
        yield section.heading_span, at.note.slice(span)[:40]
        return


def _has_form(at: Scope, row: Mapping[str, Any]) -> bool:
    return any(re.search(row["form"], each.text) for each in others(at, "consent"))


@lru_cache(maxsize=8)
def _collector(table: RuleTable) -> Callable[[Scope], Iterator[tuple[str, int, int, str]]]:
    row = table.data["stay"]["consents"]
    patterns = {key: re.compile(row[key]["text"]) for key in ("transfusion", "special")}
    elsewhere, histories = re.compile(row["elsewhere"]), frozenset(row["histories"])

    def collect(part: Scope) -> Iterator[tuple[str, int, int, str]]:
        for key, pattern in patterns.items():
            for found in pattern.finditer(part.text):
                place = Span(part.span.start + found.start(), part.span.start + found.end())
                before = _SENTENCE.split(part.text[max(found.start() - 60, 0) : found.start()])[-1]
                is_done = not (_NOT_DONE.search(before) or elsewhere.search(before))
                if is_done and part.is_record(place) and not _is_history(part, place, histories):
                    yield key, found.start(), found.end(), found[0]

    return collect


def _is_history(part: Scope, place: Span, histories: frozenset[str]) -> bool:
    return any(
        section.id in histories and section.span.overlaps(place) for section in part.sections
    )


def special_use(at: Scope) -> Iterator[Finding]:
    """A special-use antibacterial in a stay whose notes speak of no consultation."""
    types = (*type_list(at.table, "daily"), "orders")
    if not has_stay(at) or type_of(at) not in types:
        return
    row = rows(at)["special_use"]
    texts = [at.note.slice(Span(at.note.front, len(at.note.text)))]
    texts += [each.text for each in others(at)]
    if any(re.search(row["consulted"], each) for each in texts):
        return
    for start, fact in at.gather(_drug_collector(at.table)):
        name = next((each for each in row["drugs"] if each in fact.text or each == fact.name), None)
        if name is not None:
            yield Finding(at.table.rules["ZY-03"], fact.moved(start).span, {"drug": name})
            return


@lru_cache(maxsize=8)
def _drug_collector(table: RuleTable) -> Callable[[Scope], Iterator[Fact]]:
    histories = frozenset(table.data["stay"]["consents"]["histories"])

    def collect(part: Scope) -> Iterator[Fact]:
        for fact in part.facts:
            if (
                fact.kind == "drug"
                and fact.assertion == "present"
                and fact.status not in ("stopped", "avoid")
                and fact.section not in histories
            ):
                yield fact.moved(-part.span.start)

    return collect
