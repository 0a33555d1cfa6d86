"""Work that would hold up the event loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio
from anyio.lowlevel import RunVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

_AT_ONCE = 4
"""Threads at once: reading a note is all processor, and one processor works on one at a time."""

_limiter: RunVar[anyio.CapacityLimiter] = RunVar("doctorflan_cds_hooks_limiter")


async def in_thread(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """What ``function`` gives; it runs on a thread, and to its end even where nobody waits."""
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(_AT_ONCE)
        _limiter.set(limiter)
    work = partial(function, *args, **kwargs)
    return await anyio.to_thread.run_sync(work, limiter=limiter, abandon_on_cancel=True)
