"""What is to be said of herbs: pairs that clash, doses above the range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_tcm.herbs import Mention
from doctorflan_tcm.tables import document, rows, several, words

INCOMPATIBLE = "incompatible-herbs"
WITH_NOTE = "incompatible-with-note"
DOSE = "dose-above"
DOSE_FAR = "dose-far-above"
_FAR = 2


@dataclass(frozen=True, slots=True)
class Clash:
    """Two herbs that are not put together; ``list`` names who says so, ``line`` in what words."""

    list: str
    source: str
    line: Bilingual


@dataclass(frozen=True, slots=True)
class Range:
    """Grams a day that the pharmacopoeia gives; ``remark`` is a key of the rules' remarks."""

    low: float
    high: float
    remark: str


@cache
def rule(name: str) -> Rule:
    """The rule of ``data/rules.toml`` with the id ``name``."""
    row = next(each for each in document("rules")["rule"] if each["id"] == name)
    source = Bilingual(row["source"]["zh"], row["source"]["en"])
    return Rule(row["id"], row["severity"], Bilingual(row["zh"], row["en"]), source)


@cache
def clashes() -> dict[frozenset[str], Clash]:
    """Every pair of herbs that clashes."""
    return {
        frozenset((one, other)): Clash(kind, source, Bilingual(zh, en))
        for kind, left, right, source, zh, en in rows("pairs")
        for one in several(left)
        for other in several(right)
    }


@cache
def partners() -> dict[str, frozenset[str]]:
    """For each herb that clashes with any: those that it clashes with."""
    names = {name for pair in clashes() for name in pair}
    return {
        name: frozenset(other for pair in clashes() if name in pair for other in pair - {name})
        for name in names
    }


@cache
def ranges() -> dict[str, Range]:
    """The dose range of each herb that has one."""
    return {
        name: Range(float(low), float(high), remark or toxicity or "none")
        for name, low, high, toxicity, remark in rows("doses")
    }


def clash(one: Mention, other: Mention, name: str = INCOMPATIBLE) -> Finding | None:
    """The finding at ``one`` where the two clash; one that is used outside clashes with none."""
    found = clashes().get(frozenset((one.name, other.name)))
    if found is None or one.external != other.external:
        return None
    return Finding(
        rule(name),
        one.span,
        {
            "one": one.text,
            "other": other.text,
            "list": words("lists", found.list),
            "line": found.line,
        },
        words("authorities", f"{found.list}-{found.source}"),
    )


def above(mentions: Iterable[Mention]) -> Iterator[Finding]:
    """A finding for each herb by mouth whose dose is above its range."""
    for herb in mentions:
        limit = ranges().get(herb.name)
        if limit is None or herb.dose is None or herb.external or herb.dose <= limit.high:
            continue
        yield Finding(
            rule(DOSE_FAR if herb.dose > _FAR * limit.high else DOSE),
            herb.span,
            {
                "herb": herb.text,
                "dose": herb.written,
                "range": f"{limit.low:g}～{limit.high:g}g",
                "remark": words("remarks", limit.remark),
            },
        )
