"""How findings about times are worded, and the rules they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from doctorflan_ls.checks import parts
from doctorflan_ls.checks.model import Rule, Severity
from doctorflan_ls.checks.scope import Scope
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.notes.context import Moment
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_UNITS = {"hours": 60, "minutes": 1, "days": 1440}


@lru_cache(maxsize=128)
def variant(table: RuleTable, stem: str, name: str) -> Rule:
    """The rule of ``[variants.NAME]`` in ``data/rules/STEM.toml``.

    The same rule as that of another file where there is one, with other words: it is switched off
    with it. What stands behind a second hyphen of the name (ZK-01-old) tells variants apart.
    """
    row: Mapping[str, Any] = table.data[stem]["variants"][name]
    rule_id = "-".join(name.split("-")[:2])
    severity: Severity = row["severity"]
    ours, theirs = rule_table().rules.get(rule_id), table.rules.get(rule_id)
    if ours is not None and theirs is not None and ours.severity != theirs.severity:
        # A hospital's file has set another.
        severity = theirs.severity
    return Rule(rule_id, severity, Bilingual(row["zh"], row["en"]), Bilingual(**row["source"]))


def limit(table: RuleTable, key: str) -> timedelta:
    """A number of ``[limits]``; the end of its key is the unit."""
    number = table.data["context"]["limits"][key]
    return timedelta(minutes=number * _UNITS[key.rpartition("_")[2]])


def shown(moment: Moment) -> str:
    """A time to the minute, or its day where no more is known."""
    return f"{moment.at:%Y-%m-%d %H:%M}" if moment.precise else f"{moment.at:%Y-%m-%d}"


def duration(took: timedelta) -> Bilingual:
    """Minutes below an hour, hours below three days, then days."""
    minutes = max(int(took.total_seconds() // 60), 1)
    hours, rest = divmod(minutes, 60)
    days, left = divmod(hours, 24)
    if hours == 0:
        return Bilingual(f"{rest}分钟", f"{rest} min")
    if days >= 3:
        tail = (f"{left}小时", f" {left} h") if left else ("", "")
        return Bilingual(f"{days}天{tail[0]}", f"{days} d{tail[1]}")
    tail = (f"{rest}分", f" {rest} min") if rest else ("", "")
    return Bilingual(f"{hours}小时{tail[0]}", f"{hours} h{tail[1]}")


def bilingual(table: RuleTable, *path: str) -> Bilingual:
    """The words at ``path`` of the rule files."""
    row: Any = table.data
    for each in path:
        row = row[each]
    return Bilingual(**row)


def joined(*words: Bilingual) -> Bilingual:
    """``words`` one after the other, in each language."""
    return Bilingual("".join(each.zh for each in words), "".join(each.en for each in words))


def first_line(at: Scope) -> Span:
    """Where what the whole note lacks is reported."""
    return parts.first_line(at.note)
