"""Keeps note text out of every log, whatever level the logs are set to.

pygls and websockets log message bodies, asyncio logs exceptions with their messages; all of them
may quote a note.
"""

from __future__ import annotations

import gc
import logging
import threading
from typing import TYPE_CHECKING, Any

from doctorflan_ls.incidents import report

if TYPE_CHECKING:
    import asyncio

_OFF = logging.CRITICAL + 1


def quieten(loop: asyncio.AbstractEventLoop) -> None:
    """Silence foreign loggers and report uncaught errors by type and frames only."""
    for name in ("pygls", "websockets", "asyncio"):
        logging.getLogger(name).setLevel(_OFF)
    loop.set_exception_handler(_on_loop_error)
    threading.excepthook = _on_thread_error


def spare_pauses() -> None:
    """Let the garbage collector look through all objects rarely.

    A large note is many thousands of objects that live on, and a full pass over them takes 50 ms in
    the middle of a keystroke. What this server leaves behind is freed by reference counts.
    """
    gc.set_threshold(10_000, 50, 1_000)


def _on_loop_error(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if isinstance(error, BaseException):
        report(error)


def _on_thread_error(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        report(arguments.exc_value)
