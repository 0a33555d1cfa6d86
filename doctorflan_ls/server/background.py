"""Work that would hold up the event loop: the first listing imports plugins, which may be slow."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


async def in_thread(call: Callable[[], _T]) -> _T:
    """What ``call`` returns or raises, from a thread of its own.

    The thread is a daemon, which those of the loop's executor are not: one that never returns does
    not hold the process.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_T] = loop.create_future()

    def settle(give: Callable[[], None]) -> None:
        if not answer.done():
            give()

    def work() -> None:
        try:
            done = partial(answer.set_result, call())
        except Exception as error:  # noqa: BLE001  (raised where it is awaited)
            done = partial(answer.set_exception, error)
        # The loop may be closed by now.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, done)

    threading.Thread(target=work, name="listing", daemon=True).start()
    return await answer


__all__ = ["in_thread"]
