"""An event: what happened, as identifiers, digests and counts, never as text.

An event cannot hold words of a note: its constructor refuses what is no identifier, no SHA-256
and no whole number.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from doctorflan_ls.drafts import Draft

EventKind = Literal["draft", "feedback", "review"]
"""``draft``: one was made or failed. ``review``: what a doctor did with one that stood in a note.
``feedback``: what a user did with something else that was shown."""

ReviewOutcome = Literal["accepted", "edited", "discarded", "regenerated"]
"""``edited``: accepted after its words were changed. ``regenerated``: another draft took its place.
"""
REVIEW_OUTCOMES: tuple[ReviewOutcome, ...] = get_args(ReviewOutcome)

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,119}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_KINDS = get_args(EventKind)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at ``at``, in seconds since 1970 (UTC).

    ``outcome`` is a word such as ``ready``, ``failed``, ``accepted``. ``identifiers`` name what it
    was about (``task``, ``model``, ``model_version``, ``draft``, ``reason``), ``digests`` are
    SHA-256 in hexadecimal (``source``, ``draft``, ``reviewed``), ``counts`` are whole numbers.
    Raises ValueError for a value of another form, so that no text can be in an event.
    """

    kind: EventKind
    outcome: str
    at: float
    identifiers: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            msg = "kind is not one of an event's kinds"
            raise ValueError(msg)
        _check("outcome", _IDENTIFIER, self.outcome)
        for name, value in self.identifiers.items():
            _check(name, _IDENTIFIER, value)
        for name, value in self.digests.items():
            _check(name, _DIGEST, value)
        for name, count in self.counts.items():
            if type(count) is not int:
                msg = f"{_shown(name)} must be a whole number"
                raise ValueError(msg)
        for name in (*self.identifiers, *self.digests, *self.counts):
            _check("a field's name", _NAME, name)
        for each in ("identifiers", "digests", "counts"):
            object.__setattr__(self, each, MappingProxyType(dict(getattr(self, each))))

    def to_json(self) -> dict[str, object]:
        """The event as ``schemas/event.schema.json`` has it."""
        return {
            "kind": self.kind,
            "outcome": self.outcome,
            "at": self.at,
            "identifiers": dict(self.identifiers),
            "digests": dict(self.digests),
            "counts": dict(self.counts),
        }


def draft_event(draft: Draft) -> Event:
    """What happened to ``draft``: which task and model, how it ended, how much there is of it."""
    from doctorflan_ls.drafts import digest  # noqa: PLC0415  (which imports what a note is)

    origin = draft.provenance
    digests = {
        # A document's address may name the patient.
        "document": digest(origin.uri),
        "source": origin.source_digest,
        "draft": digest(draft.text),
    }
    if _DIGEST.fullmatch(origin.model_digest):
        digests["model"] = origin.model_digest
    named = {
        "draft": draft.id,
        "task": origin.task,
        "model": origin.model,
        "model_version": origin.model_version,
        "language": origin.language,
        "reason": "" if draft.failure is None else draft.failure.key,
    }
    return Event(
        "draft",
        draft.state,
        time.time(),
        {name: _listed(value) for name, value in named.items() if value},
        digests,
        {
            "version": origin.version,
            "length": len(draft.text),
            "statements": len(draft.statements),
            "gaps": len(draft.gaps),
            "findings": len(draft.findings),
        },
    )


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a doctor did with the draft ``id``, as its marker line names ``task`` and ``model``.

    ``reason`` is the code of one, ``digest`` the SHA-256 of the words that were judged and
    ``length`` how many code points they were; each is empty where it is not known.
    """

    outcome: ReviewOutcome
    id: str
    task: str
    model: str
    reason: str = ""
    digest: str = ""
    length: int | None = None


def review_event(reviewed: Reviewed, draft: Draft | None) -> Event:
    """What a doctor did with a draft; ``draft`` is it as it was made, where that is remembered."""
    name, _, version = reviewed.model.partition(" ")
    named = {
        "draft": reviewed.id,
        "task": reviewed.task,
        "model": name,
        "model_version": version,
        "reason": reviewed.reason,
    }
    digests = {"reviewed": reviewed.digest} if reviewed.digest else {}
    counts = {} if reviewed.length is None else {"length": reviewed.length}
    if draft is not None:
        made = draft_event(draft)
        # What this server made is known better than what stands in a note.
        named |= {each: made.identifiers[each] for each in named if each in made.identifiers}
        named["language"] = draft.provenance.language
        digests |= made.digests
        counts |= {"statements": len(draft.statements), "gaps": len(draft.gaps)}
    return Event(
        "review",
        reviewed.outcome,
        time.time(),
        {each: _listed(value) for each, value in named.items() if value},
        digests,
        counts,
    )


@dataclass(frozen=True, slots=True)
class Dismissed:
    """A finding that a doctor dismissed: its rule, the code of a reason where one was chosen.

    ``source`` is the SHA-256 of the text that the finding is about, ``document`` of the document's
    address; each is empty where it is not known.
    """

    rule: str
    reason: str = ""
    source: str = ""
    document: str = ""


def dismissal_event(dismissed: Dismissed) -> Event:
    """That a doctor dismissed a finding: never its words."""
    named = {"rule": dismissed.rule, "reason": dismissed.reason}
    digests = {"source": dismissed.source, "document": dismissed.document}
    return Event(
        "feedback",
        "dismissed",
        time.time(),
        {name: _listed(value) for name, value in named.items() if value},
        {name: value for name, value in digests.items() if value},
    )


def is_identifier(text: str) -> bool:
    """True where an event may hold ``text`` as an identifier."""
    return _IDENTIFIER.fullmatch(text) is not None


def _listed(name: str) -> str:
    """``name`` where it is an identifier; a client may ask for a model of any name."""
    return name if _IDENTIFIER.fullmatch(name) else "unlisted"


def _check(name: str, form: re.Pattern[str], value: object) -> None:
    if not isinstance(value, str) or not form.fullmatch(value):
        # The value is left out: it may be what must not be told.
        msg = f"{_shown(name)} must match {form.pattern}"
        raise ValueError(msg)


def _shown(name: object) -> str:
    return name if isinstance(name, str) and _NAME.fullmatch(name) else "a field"
