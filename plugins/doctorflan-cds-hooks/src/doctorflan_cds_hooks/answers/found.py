"""Findings as cards: those that say the same kind of thing share one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from doctorflan_cds_hooks.cards import MOST_CARDS, Card, Indicator, coding, indicator, worst_first
from doctorflan_cds_hooks.fhir.notes import SourceNote
from doctorflan_cds_hooks.markdown import escaped, one_line
from doctorflan_cds_hooks.wording import say
from doctorflan_ls.checks.model import Finding
from doctorflan_ls.i18n import Locale
from doctorflan_ls.tasks.model import Bilingual

_MOST_LINES = 8
_QUOTE = 60
_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Found:
    """A finding and where it was found: the note and the words at its span, if there are any."""

    finding: Finding
    quote: str = ""
    note: SourceNote | None = None

    def line(self, source: str, locale: Locale) -> str:
        """A line of the detail of a card whose source is ``source``."""
        finding = self.finding
        line = f"- {escaped(one_line(finding.message(locale), _MESSAGE))}"
        if self.quote.strip() and not self._is_named():
            line += f" — “{escaped(one_line(self.quote, _QUOTE))}”"
        if finding.authority(locale) != source:
            line += f" ({escaped(finding.authority(locale))})"
        if self.note is not None and (self.note.title or self.note.date):
            named = " ".join(filter(None, (one_line(self.note.title, _QUOTE), self.note.date[:10])))
            line += f" — *{escaped(named)}*"
        return line

    def _is_named(self) -> bool:
        """True where the message says the words already, or is about what is not there."""
        fields = self.finding.fields
        return "part" in fields or self.quote in fields.values()


def finding_cards(found: Iterable[Found], reasons: tuple[str, ...], locale: Locale) -> list[Card]:
    """At most five cards, the worst first; the last says how many remarks had no room."""
    by_finding = {id(each.finding): each for each in found}
    groups: dict[tuple[Indicator, Bilingual], list[Found]] = {}
    for finding in worst_first(each.finding for each in by_finding.values()):
        key = indicator(finding), finding.rule.text
        groups.setdefault(key, []).append(by_finding[id(finding)])
    cards = [_card(group, reasons, locale) for group in groups.values()]
    left = sum(len(group) for group in list(groups.values())[MOST_CARDS:])
    shown = cards[:MOST_CARDS]
    if left:
        more = say("more-remarks", locale, count=left)
        shown[-1] = replace(shown[-1], detail=f"{shown[-1].detail}\n\n{more}")
    return shown


def _card(group: Sequence[Found], reasons: tuple[str, ...], locale: Locale) -> Card:
    first = group[0].finding
    summary = first.message(locale)
    if len(group) > 1:
        tail = say("and-more", locale, count=len(group) - 1)
        summary = one_line(summary, 138 - len(tail)) + tail
    source = first.authority(locale)
    lines = list(dict.fromkeys(each.line(source, locale) for each in group))
    detail = "\n".join(lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        detail += "\n- " + say("and-so-on", locale, count=len(lines) - _MOST_LINES)
    return Card(
        summary,
        indicator(first),
        source,
        coding("rules", first.rule.id, first.rule.id),
        f"{detail}\n\n{say('check-yourself', locale)}",
        reasons,
        identifiers={"rule": first.rule.id},
    )
