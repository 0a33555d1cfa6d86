"""What the client of a killing run knows of the audit trail, and the trail held against it.

An event is *certain* where the client has the answer that waits for its row. Nothing else is
promised before the process is told to end.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doctorflan_ls.audit.reading import rows
from doctorflan_ls.audit.rows import Row
from doctorflan_ls.audit.verify import verify
from tests.e2e.peer import Peer
from tests.endurance.killing_page import brought_ids

Key = tuple[str, ...]
"""The kind of an event and what tells it from others: see ``_key``."""


@dataclass(frozen=True)
class Asked:
    """A request whose answer makes an event certain; ``key`` is None where the answer names it."""

    peer: Peer
    id: str
    key: Key | None

    def key_known(self) -> Key | None:
        """The event that is certain by now."""
        answers = self.peer.answers.get(self.id, [])
        if not answers or "error" in answers[0]:
            return None
        return self.key or _made(answers[0]["result"])


@dataclass
class Ledger:
    """Everything asked of the servers of one run."""

    asked: list[Asked] = field(default_factory=list)
    sent: Counter[Key] = field(default_factory=Counter)
    """Reviews and dismissals that the client told of, acknowledged or not."""
    seen: set[Key] = field(default_factory=set)
    """Events of drafts that came as an edit of the server's: recorded before they were sent."""
    behind: list[tuple[Key, Peer, int]] = field(default_factory=list)
    """Reviews that have no answer, each with its client and the number of requests in ``asked``
    before it."""
    drafts_asked: int = 0

    def certain(self) -> Counter[Key]:
        """The events that are in the trail, whatever happens to the process."""
        known = [each.key_known() for each in self.asked]
        found = Counter(key for key in known if key is not None)
        found.update(self.seen - set(found))
        for key, peer, before in self.behind:
            # The trail is written in order: what this server made later comes behind the review.
            later = zip(self.asked[before:], known[before:], strict=True)
            if any(made and made[0] == "draft" and asked.peer is peer for asked, made in later):
                found[key] += 1
        return found

    def faults(self, trail: Path) -> Iterator[str]:
        """What is wrong with the trail."""
        verdict = verify(trail)
        if verdict.fault is not None:
            yield f"audit verify: {verdict.fault} at {verdict.seq}"
            return
        there = Counter(map(_key, rows(trail)))
        certain = self.certain()
        for key, count in certain.items():
            if there[key] < count:
                yield f"lost: {key} {there[key]} of {count}"
        for key, count in there.items():
            most = 1 if key[0] == "draft" else self.sent[key]
            if count > most:
                yield f"doubled or never sent: {key} {count} of {most}"
        made = sum(count for key, count in there.items() if key[0] == "draft")
        if made > self.drafts_asked:
            yield f"{made} drafts in the trail, {self.drafts_asked} asked for"


def _key(row: Row) -> Key:
    named = json.loads(row.identifiers)
    if row.kind == "feedback":
        place = json.loads(row.digests).get("source", "")
        return row.kind, row.outcome, named["rule"], named["reason"], place
    if row.kind == "review":
        # Once is all that a draft is reviewed, whatever came of it.
        return row.kind, named["draft"]
    return row.kind, row.outcome, named["draft"]


def _made(result: dict[str, Any]) -> Key | None:
    """The draft that an answer holds: of ``doctorflan/draft``, or in a resolved action's edit."""
    if "draft" in result:
        return "draft", "ready", result["draft"]["id"]
    ids = brought_ids(result.get("edit", {}))
    return ("draft", "ready", ids[0]) if ids else None
