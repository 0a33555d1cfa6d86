"""Time limits: how long after an event a record was written.

A time without minutes is taken at its best case, so that what is reported breaks the limit
whatever the minute was; exactly the limit is within.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from doctorflan_ls.checks.model import Fields, Finding, Rule
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.stay.moments import Told, type_of
from doctorflan_ls.checks.stay.others import stay_times
from doctorflan_ls.checks.stay.wording import (
    bilingual,
    duration,
    first_line,
    joined,
    limit,
    shown,
    variant,
)
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_HEAD = 400


def checks() -> Iterator[Check]:
    """The checks of this module, each with the rules it reports."""
    table = rule_table()
    timed = table.data["context"]["timed"].values()
    ids = sorted({row["rule"] for row in timed} | {"ZK-01"})
    yield Check("time-limits", tuple(_rule(table, each) for each in ids), time_limits)


def _rule(table: RuleTable, rule_id: str) -> Rule:
    # ZH-01 is also the rule of the parts of these documents.
    return variant(table, "context", rule_id) if rule_id == "ZH-01" else table.rules[rule_id]


def time_limits(at: Scope) -> Iterator[Finding]:
    """The limits of ``[timed]``, and those of rescues and consultations."""
    if not at.whole:
        return
    doc_type = type_of(at) or _guessed(at)
    known = stay_times(at)
    if doc_type is None or len(known) < 2:
        return
    rows: dict[str, Any] = at.table.data["context"]["timed"]
    for row in rows.values():
        is_ours = row["rule"].startswith("EN-") == (at.note.language == "en")
        if is_ours and doc_type in row["types"] and {row["from"], row["to"]} <= known.keys():
            yield from _held(at, row, known)
    if at.note.language == "en":
        return
    if doc_type == "rescue_record":
        yield from _unmarked(at, known)
    if doc_type == "consultation":
        yield from _consultation(at, known)


def _guessed(at: Scope) -> str | None:
    """The type that the sections suggest, where the times are told: then somebody vouches."""
    told = at.context
    return at.note.doc_type if told.record_time or told.opinion_time else None


def excess(start: Told, end: Told, allowed: timedelta) -> timedelta | None:
    """How much longer than ``allowed`` it took at the least; None where it was within."""
    over = (end.moment.at - start.moment.latest) - allowed
    return over if over > timedelta(0) else None


def late(
    at: Scope,
    rule: Rule,
    ends: tuple[Told, Told],
    allowed: timedelta,
    names: tuple[str, str] | None,
) -> Iterator[Finding]:
    """A finding of ``rule`` where more than ``allowed`` lies between the two times."""
    over = excess(*ends, allowed)
    if over is not None:
        yield Finding(rule, place(at, ends[1]), _fields(at, ends, allowed, over, names))


def place(at: Scope, told: Told) -> Span:
    """Where a time stands; the first line where only the context tells it."""
    return told.span or first_line(at)


def _fields(
    at: Scope,
    ends: tuple[Told, Told],
    allowed: timedelta,
    over: timedelta,
    names: tuple[str, str] | None,
) -> Fields:
    start, end = ends
    took = duration(allowed + over)
    if not (start.moment.precise and end.moment.precise):
        took = joined(bilingual(at.table, "context", "words", "at_least"), took)
    fields: dict[str, str | Bilingual] = {
        "start": shown(start.moment),
        "end": shown(end.moment),
        "took": took,
        "limit": duration(allowed),
        "over": duration(over),
    }
    for name, key in zip(("first", "second"), names or (), strict=False):
        fields[name] = bilingual(at.table, "context", "names", key)
    return fields


def _held(at: Scope, row: dict[str, Any], known: Mapping[str, Told]) -> Iterator[Finding]:
    ends = known[row["from"]], known[row["to"]]
    rule = _rule(at.table, row["rule"])
    yield from late(at, rule, ends, limit(at.table, row["limit"]), (row["from"], row["to"]))


def _unmarked(at: Scope, known: Mapping[str, Told]) -> Iterator[Finding]:
    """A rescue record written later, in time, that does not say so."""
    if "rescue_end_time" not in known or "record_time" not in known:
        return
    ends = known["rescue_end_time"], known["record_time"]
    data = at.table.data["context"]
    marked = re.search(data["rescue"]["late"], at.note.slice(Span(at.note.front, 1 << 20)))
    if not marked and excess(*ends, limit(at.table, "rescue_hours")) is None:
        rule = variant(at.table, "context", "ZR-01")
        yield from late(at, rule, ends, limit(at.table, "rescue_unmarked_hours"), None)


def _consultation(at: Scope, known: Mapping[str, Told]) -> Iterator[Finding]:
    """24 hours by the newer source and 48 by the older; minutes where it is urgent (ZK-01)."""
    table = at.table
    if "request_time" not in known:
        return
    rule = table.rules["ZK-01"]
    if _is_urgent(at):
        end = known.get("arrival_time") or known.get("opinion_time")
        if end is not None:
            ends = known["request_time"], end
            yield from late(at, rule, ends, limit(table, "consult_urgent_minutes"), None)
        return
    if "opinion_time" not in known:
        return
    ends = known["request_time"], known["opinion_time"]
    allowed, old = timedelta(hours=at.options.consult_hours), limit(table, "consult_old_hours")
    if allowed >= old:
        yield from late(at, variant(table, "context", "ZK-01-old"), ends, allowed, None)
        return
    if excess(*ends, old) is not None:
        rule = replace(rule, source=bilingual(table, "context", "consult", "both"))
    elif rule.severity == "error":
        rule = replace(rule, severity="warning")
    yield from late(at, rule, ends, allowed, None)


def _is_urgent(at: Scope) -> bool:
    kind = at.context.consult_kind
    if kind is not None:
        return kind == "urgent"
    head = at.note.slice(Span(at.note.front, at.note.front + _HEAD))
    return re.search(at.table.data["context"]["consult"]["urgent"], head) is not None
