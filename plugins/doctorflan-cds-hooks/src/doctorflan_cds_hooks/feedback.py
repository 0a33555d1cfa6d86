"""Feedback: what a doctor did with a card, as an event without a word of theirs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from doctorflan_cds_hooks.call import UUID
from doctorflan_cds_hooks.cards import SYSTEM
from doctorflan_cds_hooks.catalogue import Service
from doctorflan_cds_hooks.reading import Node
from doctorflan_cds_hooks.refusal import Refused
from doctorflan_cds_hooks.wording import data
from doctorflan_ls.audit import Event

_OUTCOMES = ("accepted", "overridden")
_MOST = 100
# A client's own reason may be words about the patient, so that it is no more than this.
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One entry. ``reason`` is a code of this service, ``other``, or empty; ``at`` in seconds.

    ``comment`` counts the characters of the comment, which are read no further.
    """

    card: str
    outcome: str
    at: float
    accepted: int = 0
    reason: str = ""
    comment: int = 0

    def event(self, service: Service, known: Mapping[str, str]) -> Event:
        """The event; ``known`` are the identifiers that the card was given out with."""
        identifiers = {"service": service.id, "card": self.card, **known}
        if self.reason:
            identifiers["reason"] = self.reason
        counts = {
            "accepted_suggestions": self.accepted,
            "comment_length": self.comment,
            # The client's clock; the event's own time is ours.
            "outcome_at": int(self.at),
        }
        return Event("feedback", self.outcome, time.time(), identifiers, counts=counts)


def read_feedback(body: Node) -> list[Verdict]:
    """The entries of ``body``, all of them or none; raises Refused (400)."""
    entries = body.need("feedback")
    verdicts = [_verdict(entry) for entry in entries.items()]
    if not 0 < len(verdicts) <= _MOST:
        raise Refused(400, "feedback-count", path=entries.place, count=_MOST)
    return verdicts


def _verdict(entry: Node) -> Verdict:
    outcome = entry.need("outcome")
    if outcome.text() not in _OUTCOMES:
        raise Refused(400, "wanted-outcome", path=outcome.place, known=", ".join(_OUTCOMES))
    suggestions = [_uuid(each.need("id")) for each in entry.each("acceptedSuggestions")]
    if outcome.text() == "accepted" and not suggestions:
        raise Refused(400, "missing", path=f"{entry.place}.acceptedSuggestions")
    override = entry.find("overrideReason")
    reason, comment = ("", 0) if override is None else _override(override)
    return Verdict(
        _uuid(entry.need("card")),
        outcome.text(),
        _seconds(entry.need("outcomeTimestamp")),
        len(suggestions),
        reason,
        comment,
    )


def _override(override: Node) -> tuple[str, int]:
    comment = len(override.find_text("userComment"))
    coding = override.find("reason")
    if coding is None:
        return "", comment
    code = coding.find_text("code")
    is_ours = coding.find_text("system") in ("", f"{SYSTEM}override-reasons")
    return (code if is_ours and code in data("cards")["reasons"] else _OTHER), comment


def _uuid(node: Node) -> str:
    if not UUID.fullmatch(node.text()):
        raise Refused(400, "wanted-uuid", path=node.place)
    return node.text().lower()


def _seconds(node: Node) -> float:
    """Seconds since 1970; a time without a zone is UTC, as the specification says it is."""
    try:
        at = datetime.fromisoformat(node.text())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Refused(400, "wanted-time", path=node.place) from None
