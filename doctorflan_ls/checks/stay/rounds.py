"""How often progress was noted: intervals, first round, stage summaries (ZD-02, ZW-01, ZH-01)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from doctorflan_ls.checks.model import Fields, Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.stay.limits import late, place
from doctorflan_ls.checks.stay.moments import Told, entries, times, type_of
from doctorflan_ls.checks.stay.others import Other, has_stay, others, rows, stay_times, type_list
from doctorflan_ls.checks.stay.wording import bilingual, limit, shown, variant
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.notes.context import Moment
from doctorflan_ls.text import Span

_HEAD = 200


def checks() -> Iterator[Check]:
    """The checks of this module, each with its rule."""
    table = rule_table()
    yield Check("progress-intervals", (table.rules["ZD-02"],), intervals)
    yield Check("first-round", (table.rules["ZW-01"],), first_round)
    yield Check("stage-summaries", (variant(table, "stay", "ZH-01"),), stage_summary)


def intervals(at: Scope) -> Iterator[Finding]:
    """More days since the last progress note than the patient's severity allows."""
    progress = type_list(at.table, "progress")
    if not at.whole or type_of(at) not in progress:
        return
    mine = _mine(at)
    before = [] if mine is None else _before(at, mine[0].moment, progress)
    if mine is None or before is None:
        return
    told = [*([Told(max(before, key=_day))] if before else []), *mine]
    for last, now in pairwise(told):
        yield from _too_far(at, last, now)


def _mine(at: Scope) -> list[Told] | None:
    """The records of this note in order: one, or those of a running note; None if not known."""
    written = entries(at.note)
    if len(written) > 1:
        days = [each.moment.at for each in written]
        return written if days == sorted(days) else None
    known = times(at).get("record_time")
    return None if known is None else [known]


def _before(at: Scope, now: Moment, progress: tuple[str, ...]) -> list[Moment] | None:
    """When the progress notes before ``now`` were written; None where one has no time."""
    found: list[Moment] = []
    for other in others(at, *progress):
        written = [each.moment for each in entries(other.note)]
        if len(written) < 2:
            if other.time is None:
                return None
            written = [other.time]
        found.extend(each for each in written if _day(each) <= _day(now))
    return found


def _day(moment: Moment) -> int:
    return moment.at.toordinal()


def _too_far(at: Scope, last: Told, now: Told) -> Iterator[Finding]:
    row = rows(at)["interval"]
    severity = at.context.severity or "stable"
    if re.search(row["changed"], at.note.slice(Span(at.note.front, len(at.note.text)))):
        severity = "stable"
    days = _day(now.moment) - _day(last.moment)
    allowed = row["days"][severity]
    if days > allowed:
        fields: Fields = {
            "start": shown(last.moment),
            "end": shown(now.moment),
            "days": str(days),
            "limit": str(allowed),
            "severity": bilingual(at.table, "stay", "interval", "names", severity),
        }
        yield Finding(at.table.rules["ZD-02"], place(at, now), fields)


def first_round(at: Scope) -> Iterator[Finding]:
    """The first round of a senior doctor, and how long after the admission it was."""
    if not at.whole or type_of(at) != "ward_round":
        return
    known = stay_times(at)
    if "admission_time" not in known or "record_time" not in known:
        return
    head = at.note.slice(Span(at.note.front, at.note.front + _HEAD))
    row = at.table.data["context"]["round"]
    rounds = [each for each in others(at) if _is_round(at, each, row["senior"])]
    if re.search(row["first"], head) or (at.context.other_notes and not rounds):
        ends = known["admission_time"], known["record_time"]
        allowed = limit(at.table, "attending_round_hours")
        yield from late(at, at.table.rules["ZW-01"], ends, allowed, None)


def _is_round(at: Scope, other: Other, senior: str) -> bool:
    """True where another note tells of a round, unless it is plainly a later one."""
    now = times(at)["record_time"].moment
    if other.time is not None and other.time.at > now.latest:
        return False
    if other.doc_type == "ward_round":
        return True
    is_progress = other.doc_type in type_list(at.table, "progress")
    return is_progress and re.search(senior, other.text) is not None


def stage_summary(at: Scope) -> Iterator[Finding]:
    """More than a month since the admission or the last summary of whatever kind."""
    table = at.table
    daily = (*type_list(table, "daily"), "stage_summary")
    if not has_stay(at) or type_of(at) not in daily:
        return
    known = stay_times(at)
    summaries = others(at, *type_list(table, "summaries"))
    # Somebody who gives so little of the stay may have left the summaries out.
    given = others(at, *type_list(table, "progress"))
    if "record_time" not in known or "admission_time" not in known or len(given) < 2:
        return
    if any(each.time is None for each in summaries):
        return
    now = known["record_time"].moment
    dates = [each.time for each in summaries if each.time is not None and each.time.at <= now.at]
    last = max([known["admission_time"].moment, *dates], key=_day)
    days, most = _day(now) - _day(last), limit(table, "stage_summary_days").days
    if days > most:
        fields: Fields = {"start": shown(last), "days": str(days), "limit": str(most)}
        place_ = place(at, known["record_time"])
        yield Finding(variant(table, "stay", "ZH-01"), place_, fields)
