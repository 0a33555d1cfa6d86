"""What others worked out of a note, handed from one version of it to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from doctorflan_ls.text import Span


@dataclass(slots=True)
class Memo:
    """Shared by all versions of a note. ``parts`` is by what it follows from, ``latest`` the latest
    reading of the whole note; both are `checks.memo`'s."""

    parts: dict[object, dict[object, object]] = field(default_factory=dict)
    latest: object = None


class Since(NamedTuple):
    """What was changed since the reading that ``reading`` stands for.

    Its code points ``start`` to ``old_end`` have become ``start`` to ``new_end``; None where
    nothing was changed.
    """

    reading: object
    change: tuple[int, int, int] | None = None

    def edited(self, span: Span, length: int) -> Since:
        """After ``span`` of the present text became ``length`` code points."""
        if self.change is None:
            return Since(self.reading, (span.start, span.end, span.start + length))
        start, old_end, new_end = self.change
        beyond = max(span.end - new_end, 0)
        grown = max(new_end, span.end) + length - (span.end - span.start)
        return Since(self.reading, (min(start, span.start), old_end + beyond, grown))
