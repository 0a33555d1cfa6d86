"""Signals that ask the process to end: what is to be recorded is written first."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


def on_end(loop: asyncio.AbstractEventLoop, end: Callable[[signal.Signals], None]) -> None:
    """Have ``end`` called, on the loop, where a signal asks the process to end."""
    for name in _ENDING:
        number = signal.Signals.__members__.get(name)
        # Whoever started it with ``nohup`` wants it to outlive the terminal.
        if number is None or (name == "SIGHUP" and signal.getsignal(number) == signal.SIG_IGN):
            continue
        # Windows has no signal handlers in its loop; there Ctrl+C interrupts the run. Nor is there
        # any in a thread.
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(number, end, number)
