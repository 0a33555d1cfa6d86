"""Cards: what a client shows, as CDS Hooks 2.0 has them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from doctorflan_cds_hooks.markdown import one_line
from doctorflan_cds_hooks.wording import bilingual, data
from doctorflan_ls.checks.model import Finding
from doctorflan_ls.cross_allergy import drug_groups, worded
from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

Indicator = Literal["info", "warning", "critical"]
Coding = dict[str, str]

MOST_CARDS = 5
"""More are not read (docs of the plugin, "Few cards")."""

_SUMMARY = 139
_LABEL = 80
_URGENCY: tuple[Indicator, ...] = ("critical", "warning", "info")
_SEVERITIES = ("error", "warning", "information")
SYSTEM = "urn:x-doctorflan:"
"""What the code systems of this service begin with."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A draft that the doctor may take: its label and the resource to create."""

    label: str
    description: str
    resource: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Card:
    """One card. ``identifiers`` are what feedback on it is counted by; they are not sent."""

    summary: str
    indicator: Indicator
    source: str
    topic: Coding
    detail: str = ""
    reasons: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    identifiers: Mapping[str, str] = field(default_factory=dict)
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    def to_json(self, locale: Locale) -> dict[str, object]:
        """The card for the client; what is empty is left out, as the specification wants it."""
        card: dict[str, object] = {
            "uuid": self.uuid,
            "summary": one_line(self.summary, _SUMMARY),
            "indicator": self.indicator,
            "source": {"label": self.source, "topic": self.topic},
        }
        if self.detail:
            card["detail"] = self.detail
        if self.suggestions:
            card["suggestions"] = [_suggestion(each) for each in self.suggestions]
            card["selectionBehavior"] = "at-most-one"
        if self.reasons:
            card["overrideReasons"] = override_reasons(self.reasons, locale)
        return card


def coding(system: str, code: str, display: str) -> Coding:
    """A code of one of this service's own systems."""
    return {"system": SYSTEM + system, "code": code, "display": one_line(display, _LABEL)}


def override_reasons(codes: Iterable[str], locale: Locale) -> list[Coding]:
    """Why a doctor may set a card aside."""
    known = data("cards")["reasons"]
    return [coding("override-reasons", each, bilingual(known[each]).in_(locale)) for each in codes]


def indicator(finding: Finding) -> Indicator:
    """How urgent a finding is, by ``data/cards.toml``."""
    table = data("cards")["indicator"]
    related = finding.fields.get("relation")
    name = next((each for each in table["relation"] if related == worded(each)), None)
    if name is None:
        return _indicator(table["severity"][finding.rule.severity])
    shared = _groups(finding.fields["drug"]) & _groups(finding.fields["allergen"])
    is_grave = not shared.isdisjoint(table["critical_classes"])
    return "critical" if is_grave else _indicator(table["relation"][name])


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by urgency, then by severity, then as they came."""
    return sorted(
        findings,
        key=lambda each: (
            _URGENCY.index(indicator(each)),
            _SEVERITIES.index(each.rule.severity),
        ),
    )


def most_urgent(cards: Sequence[Card]) -> list[Card]:
    """The most urgent cards, `MOST_CARDS` of them."""
    return sorted(cards, key=lambda card: _URGENCY.index(card.indicator))[:MOST_CARDS]


def _groups(words: str | Bilingual) -> frozenset[str]:
    """The drug classes that ``words`` name."""
    text = words if isinstance(words, str) else words.en
    return drug_groups(Fact("drug", text, Span(0, len(text)), text))


def _indicator(name: object) -> Indicator:
    return next(each for each in _URGENCY if each == name)


def _suggestion(suggestion: Suggestion) -> dict[str, object]:
    action = {
        "type": "create",
        "description": suggestion.description,
        "resource": dict(suggestion.resource),
    }
    return {
        "label": one_line(suggestion.label, _LABEL),
        "uuid": str(uuid.uuid4()),
        "actions": [action],
    }
