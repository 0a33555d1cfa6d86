"""Calls of somebody else's code: each alone, within its time, and given up on after three failures.

A Python thread cannot be killed. So a call runs on a daemon thread of its own, its caller waits for
the budget and no longer, what comes later is dropped, and while a plugin has not come back from one
call it gets no other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from doctorflan_ls.errors import DoctorFlanError, PluginFailed
from doctorflan_ls.hookspecs import BUDGETS
from doctorflan_ls.incidents import report
from doctorflan_ls.plugins.quiet import THREAD_PREFIX, part_stdout

_T = TypeVar("_T")

MOST_FAILURES = 3
"""As many failures of one hook, one after the other, switch it off."""

REST_SECONDS = 300.0
"""So long; then one call may show that it works again."""


@dataclass(slots=True)
class _Breaker:
    """The failures of one hook, one after the other."""

    failures: int = 0
    since: float = 0.0

    def is_open(self, now: float) -> bool:
        return self.failures >= MOST_FAILURES and now - self.since < REST_SECONDS


@dataclass(slots=True)
class _Box:
    """What a call gave or raised; nothing yet where neither is set."""

    done: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    error: BaseException | None = None


class Caller:
    """Calls one plugin. ``seconds`` is the time it took in all, ``calls`` and ``failures`` count.

    ``failure`` is the latest one. Safe to use from several threads, which then wait for each other.
    """

    def __init__(
        self,
        plugin: str,
        budgets: Mapping[str, float] = BUDGETS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plugin = plugin
        self.calls = 0
        self.failures = 0
        self.seconds = 0.0
        self.failure: PluginFailed | None = None
        self._budgets = budgets
        self._clock = clock
        self._breakers: dict[str, _Breaker] = {}
        self._stuck: threading.Thread | None = None
        self._turn = threading.Lock()

    def tripped(self) -> tuple[str, ...]:
        """The hooks that are switched off now."""
        now = self._clock()
        return tuple(hook for hook, each in self._breakers.items() if each.is_open(now))

    def call(self, hook: str, function: Callable[[], _T]) -> _T:
        """What ``function`` gives, in the budget of ``hook``; raises PluginFailed."""
        budget = self._budgets[hook]
        if not self._turn.acquire(timeout=budget):
            # Somebody else's call: no fault of this one.
            raise PluginFailed("plugins.busy", plugin=self.plugin, hook=hook)
        try:
            return self._counted(hook, function, budget)
        finally:
            self._turn.release()

    def _counted(self, hook: str, function: Callable[[], _T], budget: float) -> _T:
        breaker = self._breakers.setdefault(hook, _Breaker())
        if breaker.is_open(self._clock()):
            raise PluginFailed("plugins.tripped", plugin=self.plugin, hook=hook)
        self.calls += 1
        began = self._clock()
        try:
            value = self._timed(hook, function, budget)
        except PluginFailed as failure:
            breaker.failures += 1
            breaker.since = self._clock()
            self.failures += 1
            self.failure = failure
            raise
        finally:
            self.seconds += self._clock() - began
        breaker.failures = 0
        return value

    def _timed(self, hook: str, function: Callable[[], _T], budget: float) -> _T:
        if self._stuck is not None and self._stuck.is_alive():
            raise PluginFailed("plugins.stuck", plugin=self.plugin, hook=hook)
        box = _Box()
        name = f"{THREAD_PREFIX}{self.plugin} {hook}"
        thread = threading.Thread(target=_run, args=(function, box), name=name, daemon=True)
        part_stdout()
        thread.start()
        if not box.done.wait(budget):
            self._stuck = thread
            raise PluginFailed("plugins.late", plugin=self.plugin, hook=hook, seconds=budget)
        if box.error is None:
            result: _T = box.value
            return result
        raise self._told(hook, box.error) from None

    def _told(self, hook: str, error: BaseException) -> PluginFailed:
        if isinstance(error, PluginFailed):
            return error
        if isinstance(error, SystemExit):
            return PluginFailed("plugins.exits", plugin=self.plugin, hook=hook)
        if isinstance(error, DoctorFlanError):
            # Made of identifiers and paths, by its own contract.
            return PluginFailed("plugins.says", plugin=self.plugin, hook=hook, reason=error)
        fields = {"kind": type(error).__name__, "reference": report(error)}
        key = "plugins.no-import" if hook == "import" else "plugins.raised"
        return PluginFailed(key, plugin=self.plugin, hook=hook, **fields)


def _run(function: Callable[[], object], box: _Box) -> None:
    try:
        box.value = function()
    # Nothing that a plugin raises may end more than its own call: not even an interrupt, which
    # Python would deliver to the main thread if it came from the keyboard.
    except BaseException as error:  # noqa: BLE001
        box.error = error
    box.done.set()
