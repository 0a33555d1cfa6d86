"""What was found in the parts of a note, kept as long as their words stay as they are.

A key in a note changes one part of it. The others are not read again, and not even looked at one by
one: this is what makes findings of a note of a megabyte come within a blink.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar, cast

from doctorflan_ls.notes.memo import Since
from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from doctorflan_ls.checks.model import Finding
    from doctorflan_ls.checks.options import CheckOptions
    from doctorflan_ls.checks.scope import Check, Scope
    from doctorflan_ls.notes.note import Note

_T = TypeVar("_T")
Collect = Callable[["Scope"], Iterable[_T]]
# Versions of parts that may be kept beside those of the latest reading.
_SPARE = 200
_SPARE_CHARACTERS = 2_000_000
_Hit = tuple[int, tuple[object, ...]]
_start, _end = itemgetter(0), itemgetter(1)
_number = itemgetter(0)


class Reading:
    """The parts of one version of a note, and what each collector gave for each of them."""

    def __init__(self, scope: Scope, spans: list[Span], before: Reading | None) -> None:
        self.note = scope.note
        self.setting = scope.setting
        self.options = scope.options
        # What stands for it in a note: a note that held it would never be freed, as it holds one.
        self.token = object()
        self.spans = spans
        self.results: dict[tuple[Check, ...], tuple[CheckOptions, tuple[Finding, ...]]] = {}
        """What all of some checks found in the note, with what the settings were."""
        self._scope = scope
        # The parts that were asked for, so that all collectors share what one of them read.
        self._scopes: dict[int, Scope] = {}
        head, tail = (0, 0) if before is None else self._unchanged(before)
        middle = [scope.part(span) for span in spans[head : len(spans) - tail]]
        fresh = [(part.key, part.known) for part in middle]
        if before is None:
            self._kept = fresh
            self._given: dict[object, _Given] = {}
            return
        last = len(before.spans) - tail
        self._kept = [*before._kept[:head], *fresh, *before._kept[last:]]
        self._given = {
            collect: given.edited(head, last, len(middle))
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
        # A part that the change touches has changed, even where it only grew at its end.
        head = min(bisect_left(new, start, key=_end), len(old))
        if new[:head] != old[:head]:
            head = next(
                at for at, (was, now) in enumerate(zip(old, new, strict=False)) if was != now
            )
        by = new_end - old_end
        tail = len(old) - bisect_right(old, old_end, key=_start)
        tail = min(tail, len(old) - head, len(new) - head)
        moved = [(start + by, end + by) for start, end in old[len(old) - tail :]]
        if moved != new[len(new) - tail :]:
            backwards = zip(reversed(moved), reversed(new), strict=False)
            tail = next(at for at, (was, now) in enumerate(backwards) if was != now)
        return head, tail

    def gathered(self, collect: Collect[_T]) -> Iterator[tuple[int, _T]]:
        """What ``collect`` gives for each part, with where the part starts."""
        for at, given in self._of(collect, lambda part: remembered(part, collect)):
            start = self.spans[at].start
            for each in cast("tuple[_T, ...]", given):
                yield start, each

    def found(self, checks: tuple[Check, ...]) -> Iterator[Finding]:
        """What ``checks`` find in the parts, in the order of the parts."""
        hits = self._of(checks, lambda part: found_in(part, checks))
        for number, (at, given) in enumerate(hits):
            start, found = cast("tuple[int, tuple[Finding, ...]]", given)
            here = self.spans[at].start
            if start != here:
                found = tuple(each.moved(here - start) for each in found)
                hits[number] = at, (here, found)
            yield from found

    def _of(self, key: object, read: Callable[[Scope], tuple[object, ...]]) -> list[_Hit]:
        """The parts for which there is something, by their number."""
        given = self._given.get(key)
        if given is None:
            given = self._given[key] = _Given([], 0, len(self.spans))
        first, last = given.unread
        if first < last:
            fresh = ((at, read(self._part(at))) for at in range(first, last))
            given.take([each for each in fresh if each[1]])
        return given.hits

    def _part(self, at: int) -> Scope:
        part = self._scopes.get(at)
        if part is None:
            part = self._scopes[at] = self._scope.part(self.spans[at], *self._kept[at])
        return part

    def forget_others(self) -> None:
        """Drop what is known of earlier versions of parts, once that is much."""
        memo = self.note.memo.parts
        most = 2 * len(self._kept)
        if len(memo) <= most:
            return
        # A part may be the whole of a long text without headings: each key leaves a copy of it.
        longest = max((end - start for start, end in self.spans), default=0)
        if len(memo) > most + min(_SPARE, _SPARE_CHARACTERS // (longest + 1)):
            kept = dict(self._kept)
            memo.clear()
            memo.update(kept)


class _Given:
    """What a collector gave: the parts for which there is something, in their order.

    Those of which it is not known yet lie in ``unread``, from the first up to the last.
    """

    def __init__(self, hits: list[_Hit], first: int, last: int) -> None:
        self.hits = hits
        self.unread = first, last

    def edited(self, head: int, last: int, size: int) -> _Given:
        """After the parts from ``head`` up to ``last`` have become ``size`` others."""
        by = head + size - last
        after = self.hits[bisect_left(self.hits, last, key=_number) :]
        if by:
            after = [(at + by, given) for at, given in after]
        kept = [*self.hits[: bisect_left(self.hits, head, key=_number)], *after]
        first, end = self.unread
        if first == end:
            return _Given(kept, head, head + size)
        return _Given(kept, min(first, head), max(end, last) + by)

    def take(self, fresh: list[_Hit]) -> None:
        """Put what the unread parts gave in its place."""
        first, last = (bisect_left(self.hits, at, key=_number) for at in self.unread)
        self.hits[first:last] = fresh
        self.unread = 0, 0


def reading(scope: Scope) -> Reading:
    """The reading of the whole note of ``scope``, made of the one before as far as that stands."""
    note = scope.note
    before = note.memo.latest
    if isinstance(before, Reading):
        is_same = before.options is scope.options or before.setting == scope.setting
        if before.note is note and is_same:
            return before
        if note.since is None or note.since.reading is not before.token or note.draft_blocks:
            before = None
    made = Reading(scope, scope.part_spans(), before if isinstance(before, Reading) else None)
    made.forget_others()
    note.memo.latest = made
    note.since = None if note.draft_blocks else Since(made.token)
    return made


def last_options(note: Note) -> CheckOptions | None:
    """The options of the latest reading of ``note``, which is of no use to any others."""
    return note.memo.latest.options if isinstance(note.memo.latest, Reading) else None


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
