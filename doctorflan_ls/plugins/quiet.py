"""Keeps what plugins print off standard output, which may be somebody's JSON.

The language server over stdio has no standard output to protect by then: it keeps the descriptor
for itself (``server/stdio.py``). Elsewhere standard output is the main thread's alone, on which no
plugin's hook runs, and on the command line descriptor 1 is standard error for all else: for what
writes to the descriptor itself, and for child processes.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from typing import Any, TextIO, cast

from doctorflan_ls.incidents import report

THREAD_PREFIX = "plugin "
"""How the names of the threads begin that run plugins' code."""

_lock = threading.Lock()


class _Parted:
    """Standard output for the main thread, standard error for every other."""

    def __init__(self, real: TextIO) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (whatever a stream has)
        is_main = threading.current_thread() is threading.main_thread()
        return getattr(self._real if is_main else sys.stderr, name)


def part_stdout() -> None:
    """From here on ``sys.stdout`` is the main thread's; whoever replaced it puts back his own."""
    with _lock:
        if sys.stdout is not sys.stderr and not isinstance(sys.stdout, _Parted):
            sys.stdout = cast("TextIO", _Parted(sys.stdout))


def keep_stdout() -> None:
    """For a command that will call plugins: keep descriptor 1, and report what their threads raise.

    A thread that dies would print its exception, which may quote a note.
    """
    threading.excepthook = _on_thread_error
    if sys.stdout is not sys.__stdout__ or not isinstance(sys.stdout, io.TextIOWrapper):
        return
    stream = sys.stdout
    stream.flush()
    try:
        kept = os.dup(stream.fileno())
        os.dup2(2, stream.fileno())
    except OSError:
        # There is no standard output, or no standard error, to keep apart.
        return
    os.set_inheritable(kept, False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(kept, "w")),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
    )


def _on_thread_error(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        report(arguments.exc_value)
