"""What was found in the parts of a note, kept as long as their words stay as they are.

A key in a note changes one part of it. The others are not read again, and not even looked at one by
one: this is what makes findings of a note of a megabyte come within a blink.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar, cast

from doctorflan_ls.notes.memo import Since
from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from doctorflan_ls.checks.model import Finding
    from doctorflan_ls.checks.scope import Check, Scope

_T = TypeVar("_T")
Collect = Callable[["Scope"], Iterable[_T]]
# Versions of parts that may be kept beside those of the latest reading.
_SPARE = 2000
_SPARE_CHARACTERS = 2_000_000
_UNREAD: tuple[object, ...] | None = None


class Reading:
    """The parts of one version of a note, and what each collector gave for each of them."""

    def __init__(self, scope: Scope, spans: list[Span], before: Reading | None) -> None:
        self.note = scope.note
        self.setting = scope.setting
        # What stands for it in a note: a note that held it would never be freed, as it holds one.
        self.token = object()
        self.spans = spans
        self._scope = scope
        # The parts that were asked for, so that all collectors share what one of them read.
        self._scopes: dict[int, Scope] = {}
        head, tail = (0, 0) if before is None else self._unchanged(before)
        middle = [scope.part(span) for span in spans[head : len(spans) - tail]]
        fresh = [(part.key, part.known) for part in middle]
        if before is None:
            self._kept = fresh
            self._given: dict[object, list[object]] = {}
            return
        last = len(before.spans) - tail
        self._kept = [*before._kept[:head], *fresh, *before._kept[last:]]
        unread = [_UNREAD] * len(middle)
        self._given = {
            collect: [*given[:head], *unread, *given[last:]]
            for collect, given in list(before._given.items())
        }

    def _unchanged(self, before: Reading) -> tuple[int, int]:
        """How many parts at the beginning and at the end are those of ``before``."""
        since = self.note.since
        change = None if since is None else since.change
        if change is None or before.setting != self.setting:
            return 0, 0
        start, old_end, new_end = change
        old, new = before.spans, self.spans
        most = min(len(old), len(new))
        head = 0
        # A part that the change touches has changed, even where it only grew at its end.
        while head < most and new[head] == old[head] and new[head].end < start:
            head += 1
        by = new_end - old_end
        tail = 0
        while tail < most - head:
            was, now = old[-1 - tail], new[-1 - tail]
            if was.start <= old_end or (was.start + by, was.end + by) != now:
                break
            tail += 1
        return head, tail

    def gathered(self, collect: Collect[_T]) -> Iterator[tuple[int, _T]]:
        """What ``collect`` gives for each part, with where the part starts."""
        for at, given in self._of(collect, lambda part: remembered(part, collect)):
            for each in cast("tuple[_T, ...]", given):
                yield self.spans[at].start, each

    def found(self, checks: tuple[Check, ...]) -> Iterator[Finding]:
        """What ``checks`` find in the parts, in the order of the parts."""
        given = self._given.get(checks)
        for at, _ in self._of(checks, lambda part: found_in(part, checks)):
            given = given or self._given[checks]
            start, found = cast("tuple[int, tuple[Finding, ...]]", given[at])
            if start != self.spans[at].start:
                found = tuple(each.moved(self.spans[at].start - start) for each in found)
                given[at] = self.spans[at].start, found
            yield from found

    def _of(
        self, key: object, read: Callable[[Scope], tuple[object, ...]]
    ) -> list[tuple[int, tuple[object, ...]]]:
        """The parts for which there is something, by their number."""
        given = self._given.setdefault(key, [_UNREAD] * len(self.spans))
        for at, each in enumerate(given):
            if each is _UNREAD:
                given[at] = read(self._part(at))
        return [(at, cast("tuple[object, ...]", each)) for at, each in enumerate(given) if each]

    def _part(self, at: int) -> Scope:
        part = self._scopes.get(at)
        if part is None:
            part = self._scopes[at] = self._scope.part(self.spans[at], *self._kept[at])
        return part

    def forget_others(self) -> None:
        """Drop what is known of earlier versions of parts, once that is much."""
        memo = self.note.memo.parts
        most = 2 * len(self._kept) + _SPARE
        # A part may be the whole of a long text without headings: each key leaves a copy of it.
        longest = max((span.end - span.start for span in self.spans), default=0)
        if len(memo) > min(most, 2 * len(self._kept) + _SPARE_CHARACTERS // (longest + 1)):
            kept = dict(self._kept)
            memo.clear()
            memo.update(kept)


def reading(scope: Scope) -> Reading:
    """The reading of the whole note of ``scope``, made of the one before as far as that stands."""
    note = scope.note
    before = note.memo.latest
    if isinstance(before, Reading):
        if before.note is note and before.setting == scope.setting:
            return before
        if note.since is None or note.since.reading is not before.token or note.draft_blocks:
            before = None
    made = Reading(scope, scope.part_spans(), before if isinstance(before, Reading) else None)
    made.forget_others()
    note.memo.latest = made
    note.since = None if note.draft_blocks else Since(made.token)
    return made


def remembered(part: Scope, collect: Collect[_T]) -> tuple[_T, ...]:
    """What ``collect`` gives for ``part``, asked once for the same words."""
    known = part.known.get(collect)
    if known is None:
        known = part.known[collect] = tuple(collect(part))
    return cast("tuple[_T, ...]", known)


def found_in(part: Scope, checks: tuple[Check, ...]) -> tuple[object, ...]:
    """Where ``part`` stood, and what ``checks`` found there; empty where they found nothing."""
    known = part.known.get(checks)
    if known is None:
        found = tuple(each for check in checks for each in check.find(part))
        known = part.known[checks] = (part.span.start, found) if found else ()
    return cast("tuple[object, ...]", known)
