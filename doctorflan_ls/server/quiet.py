"""Keeps note text out of every log, whatever level the logs are set to.

pygls and websockets log message bodies, asyncio logs exceptions with their messages; all of them
may quote a note.
"""

from __future__ import annotations

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


def _on_loop_error(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if isinstance(error, BaseException):
        report(error)


def _on_thread_error(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        report(arguments.exc_value)
