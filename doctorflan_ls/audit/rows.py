"""A row of the trail: an event, who worked, and the hash that chains it to the row before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from doctorflan_ls.audit.places import AuditFailed

if TYPE_CHECKING:
    from doctorflan_ls.audit.event import Event

FIRST = "0" * 64
"""What stands where the first row names the hash of the row before it."""

# Hashed with each row: a row of another form must never have the hash of one of this.
_FORM = "doctorflan-audit-1"


class Row(NamedTuple):
    """One row as the file holds it; ``seq`` counts from 1 without gaps.

    ``at`` is UTC with microseconds, ``user`` the identifier that the host gave or empty; the
    mappings of the event are canonical JSON. ``previous`` and ``hash`` are SHA-256 in hexadecimal.
    """

    seq: int
    at: str
    user: str
    kind: str
    outcome: str
    identifiers: str
    digests: str
    counts: str
    previous: str
    hash: str

    def computed(self) -> str:
        """The hash that follows from all else in the row."""
        return _hash(self[:-1])

    def to_json(self) -> dict[str, object]:
        """The row as ``schemas/audit.schema.json`` has it; raises AuditFailed for a broken one."""
        said: dict[str, object] = dict(self._asdict())
        try:
            for name in ("identifiers", "digests", "counts"):
                said[name] = json.loads(str(said[name]))
        except ValueError:
            raise AuditFailed("audit.broken-row", seq=self.seq) from None
        return said


def next_row(event: Event, user: str, seq: int, previous: str) -> Row:
    """The row of ``event`` behind the row whose hash is ``previous``."""
    fields = (
        seq,
        stamp(event.at),
        user,
        event.kind,
        event.outcome,
        _canonical(event.identifiers),
        _canonical(event.digests),
        _canonical(event.counts),
        previous,
    )
    return Row(*fields, _hash(fields))


def stamp(at: float) -> str:
    """Seconds since 1970 as UTC: texts of it sort as the times do."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _canonical(values: Mapping[str, str] | Mapping[str, int]) -> str:
    return json.dumps(dict(values), sort_keys=True, separators=(",", ":"))


def _hash(fields: tuple[object, ...]) -> str:
    text = json.dumps([_FORM, *fields], separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
