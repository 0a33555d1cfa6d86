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
from functools import partial
from typing import Any, TypeVar

from doctorflan_ls.errors import BadRequest, ModelUnavailable, PluginFailed
from doctorflan_ls.hookspecs import BUDGETS
from doctorflan_ls.incidents import report
from doctorflan_ls.plugins.quiet import THREAD_PREFIX, part_stdout
from doctorflan_ls.tasks.loader import BadTaskFile

_T = TypeVar("_T")

MOST_FAILURES = 3
"""As many failures of one hook, one after the other, switch it off."""

REST_SECONDS = 300.0
"""So long; then one call may show that it works again."""

# Of its budget, how long a call waits for those before it.
_PATIENCE = 4
_OURS = frozenset({BadTaskFile, BadRequest, ModelUnavailable, PluginFailed})
_WITHOUT_NOTE = frozenset({"import", *(hook for hook in BUDGETS if hook.startswith("register_"))})


class Refused(PluginFailed):
    """Raised inside the fence by this package alone: what the plugin gave cannot be taken."""


@dataclass(slots=True)
class _Breaker:
    """The failures of one hook, one after the other."""

    failures: int = 0
    since: float = 0.0

    def is_open(self, now: float) -> bool:
        return self.failures >= MOST_FAILURES and now - self.since < REST_SECONDS


@dataclass(slots=True)
class _Box:
    """What a call gave, or why it failed; nothing yet where neither is set."""

    done: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    failure: PluginFailed | None = None


class Caller:
    """Calls one plugin. ``seconds`` is the time it took in all, ``calls`` and ``failures`` count.

    ``failure`` is the latest one, ``answered`` the hooks that came back at least once. Safe to use
    from several threads, which then wait for each other.
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
        self.answered: set[str] = set()
        self._stuck: tuple[str, threading.Thread] | None = None
        self._turn = threading.Lock()

    def tripped(self) -> tuple[str, ...]:
        """What is switched off now: hooks, and checks by their id."""
        now = self._clock()
        off = [name for name, each in tuple(self._breakers.items()) if each.is_open(now)]
        stuck = self._stuck
        if stuck is not None and stuck[1].is_alive() and stuck[0] not in off:
            off.append(stuck[0])
        return tuple(off)

    def call(self, hook: str, function: Callable[[], _T], name: str = "") -> _T:
        """What ``function`` gives, in the budget of ``hook``; raises PluginFailed.

        Failures count for ``name``, by default the hook's.
        """
        budget = self._budgets[hook]
        if not self._turn.acquire(timeout=budget * _PATIENCE):
            # Somebody else's call: no fault of this one.
            self.failure = PluginFailed("plugins.busy", plugin=self.plugin, hook=hook)
            raise self.failure
        try:
            return self._counted(hook, name or hook, function, budget)
        finally:
            self._turn.release()

    def _counted(self, hook: str, name: str, function: Callable[[], _T], budget: float) -> _T:
        breaker = self._breakers.setdefault(name, _Breaker())
        if breaker.is_open(self._clock()):
            raise PluginFailed("plugins.tripped", plugin=self.plugin, hook=name)
        if self._stuck is not None and self._stuck[1].is_alive():
            raise PluginFailed("plugins.stuck", plugin=self.plugin, hook=name)
        self.calls += 1
        began = self._clock()
        try:
            value = self._timed(hook, name, function, budget)
        except PluginFailed as failure:
            breaker.failures += 1
            breaker.since = self._clock()
            self.failures += 1
            self.failure = failure
            raise
        finally:
            self.seconds += self._clock() - began
        breaker.failures = 0
        self.answered.add(hook)
        return value

    def _timed(self, hook: str, name: str, function: Callable[[], _T], budget: float) -> _T:
        box = _Box()
        work = partial(self._run, hook, name, function, box)
        title = f"{THREAD_PREFIX}{self.plugin} {name}"
        thread = threading.Thread(target=work, name=title, daemon=True)
        part_stdout()
        try:
            thread.start()
        except RuntimeError:
            # The system has no thread to give.
            raise PluginFailed("plugins.busy", plugin=self.plugin, hook=hook) from None
        if not box.done.wait(budget):
            self._stuck = (name, thread)
            raise PluginFailed("plugins.late", plugin=self.plugin, hook=name, seconds=budget)
        if box.failure is None:
            result: _T = box.value
            return result
        raise box.failure

    def _run(self, hook: str, name: str, function: Callable[[], object], box: _Box) -> None:
        try:
            box.value = function()
        # Nothing that a plugin raises may end more than its own call: not even an interrupt, which
        # Python would deliver to the main thread if it came from the keyboard.
        except BaseException as error:  # noqa: BLE001
            box.failure = self._failure(hook, name, error)
        box.done.set()

    def _failure(self, hook: str, name: str, error: BaseException) -> PluginFailed:
        """Why the call failed; looked at here, because an exception may be of the plugin's own."""
        try:
            return self._told(hook, name, error)
        except BaseException:  # noqa: BLE001  (not even to be described)
            fields = {"kind": "?", "reference": "?"}
            return PluginFailed("plugins.raised", plugin=self.plugin, hook=name, **fields)

    def _told(self, hook: str, name: str, error: BaseException) -> PluginFailed:
        if type(error) is Refused:
            return PluginFailed(error.key, **error.fields)
        if isinstance(error, SystemExit):
            return PluginFailed("plugins.exits", plugin=self.plugin, hook=name)
        if type(error) in _OURS and hook in _WITHOUT_NOTE:
            # Made of identifiers and paths by our own code, and no note is at hand there.
            reason = "".join(str(error))
            return PluginFailed("plugins.says", plugin=self.plugin, hook=name, reason=reason)
        fields = {"kind": str(type(error).__name__), "reference": report(error)}
        key = "plugins.no-import" if hook == "import" else "plugins.raised"
        return PluginFailed(key, plugin=self.plugin, hook=name, **fields)
