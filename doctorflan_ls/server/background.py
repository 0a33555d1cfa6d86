"""Work that would hold up the event loop: the first listing imports plugins, which may be slow."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from doctorflan_ls.server.documents import Document

_T = TypeVar("_T")
# In code points. All findings of such a note take less than 50 ms.
_LONG = 50_000


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

    try:
        threading.Thread(target=work, name="listing", daemon=True).start()
    except RuntimeError:
        # The system has no thread to give: late is better than not at all.
        work()
    return await answer


async def beside(document: Document, call: Callable[[], _T]) -> _T:
    """What ``call`` makes of the whole ``document``: at once where that is soon done, else from a
    thread, so that typing in a note of a megabyte goes on.

    One at a time for a document, or a note that is typed in would have a thread for each key.
    Raises Stale where the text changed meanwhile.
    """
    from doctorflan_ls.errors import Stale  # noqa: PLC0415  # starts faster

    if len(document.text) <= _LONG:
        return call()
    text = document.text
    while document.working is not None and not document.working.done():
        await asyncio.wait((document.working,))
    if document.text is not text:
        raise Stale("server.stale-action")
    working = asyncio.ensure_future(in_thread(call))
    # Whoever asked may be gone by the time it fails.
    working.add_done_callback(lambda done: done.cancelled() or done.exception())
    document.working = working
    made = await asyncio.shield(working)
    if document.text is not text:
        raise Stale("server.stale-action")
    return made


__all__ = ["beside", "in_thread"]
