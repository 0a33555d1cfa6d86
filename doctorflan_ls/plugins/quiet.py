"""Keeps what a plugin prints off standard output, which may be somebody's JSON or an editor's line.

The language server over stdio has no standard output to protect by then: it keeps the descriptor
for itself (``server/stdio.py``). This is for the command line, where other threads print.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

THREAD_PREFIX = "plugin "
"""How the names of the threads begin that run plugins' code."""

_lock = threading.Lock()
_inside = 0


class _Parted:
    """Standard output, which for a plugin's thread is standard error."""

    def __init__(self, real: TextIO) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (whatever a stream has)
        is_plugin = threading.current_thread().name.startswith(THREAD_PREFIX)
        return getattr(sys.stderr if is_plugin else self.real, name)


@contextmanager
def parted_stdout() -> Iterator[None]:
    """Within the block, and after it while a plugin's thread runs on, it writes to stderr."""
    global _inside  # noqa: PLW0603  (there is one sys.stdout)
    with _lock:
        _inside += 1
        if sys.stdout is not sys.stderr and not isinstance(sys.stdout, _Parted):
            sys.stdout = cast("TextIO", _Parted(sys.stdout))
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside and not _running() and isinstance(sys.stdout, _Parted):
                sys.stdout = sys.stdout.real


def _running() -> bool:
    return any(thread.name.startswith(THREAD_PREFIX) for thread in threading.enumerate())
