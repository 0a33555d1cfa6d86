"""The order of times (ZC-11), as far as what was told or plainly written says them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from doctorflan_ls.checks.model import Fields, Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.stay.limits import place
from doctorflan_ls.checks.stay.moments import type_of
from doctorflan_ls.checks.stay.others import stay_times
from doctorflan_ls.checks.stay.wording import bilingual, duration, shown, variant
from doctorflan_ls.checks.table import rule_table

_RECORD = "record_time"


def checks() -> Iterator[Check]:
    """The check of this module with its rule."""
    yield Check("time-order", (variant(rule_table(), "context", "ZC-11"),), time_order)


def time_order(at: Scope) -> Iterator[Finding]:
    """Times that cannot have come in this order, whatever their minutes were."""
    if not at.whole or at.note.language != "zh":
        return
    known = stay_times(at)
    for early, late in _pairs(at):
        if early not in known or late not in known:
            continue
        first, second = known[early], known[late]
        if first.span is not None and second.span is not None:
            # What the text alone says is held against itself by the rules of the text.
            continue
        over = first.moment.at - second.moment.latest
        if over > timedelta(0):
            told = second if second.span is not None else first
            fields: Fields = {
                "early": bilingual(at.table, "context", "names", early),
                "late": bilingual(at.table, "context", "names", late),
                "start": shown(first.moment),
                "end": shown(second.moment),
                "over": duration(over),
            }
            yield Finding(variant(at.table, "context", "ZC-11"), place(at, told), fields)


def _pairs(at: Scope) -> Iterator[tuple[str, str]]:
    """The pairs of keys whose first is not after the second, for this document."""
    rows = at.table.data["context"]["order"]
    yield from ((early, late) for early, late in rows["pairs"])
    doc_type = type_of(at)
    for key, pair in (
        ("after_admission", ("admission_time", _RECORD)),
        ("before_discharge", (_RECORD, "discharge_time")),
        ("before_death", (_RECORD, "death_time")),
        ("after_death", ("death_time", _RECORD)),
        ("after_surgery", ("surgery_end_time", _RECORD)),
        ("after_rescue", ("rescue_end_time", _RECORD)),
    ):
        if doc_type in rows[key]:
            yield pair
