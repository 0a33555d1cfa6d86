"""The end of the process, whatever still runs in it."""

from __future__ import annotations

import os
import sys
import threading

# They are the server's own, and wait for nothing but a descriptor.
_OWN = frozenset({"stdin", "stdout"})


def leave(code: int) -> None:
    """End the process at once where a thread would hold it back; else return.

    A pool's threads are waited for at the exit whether they are daemons or not, and a plugin or a
    model may have made some that never end.
    """
    lingering = [
        thread
        for thread in threading.enumerate()
        if thread is not threading.current_thread() and thread.name not in _OWN
    ]
    if lingering:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                # Whoever read it has left.
                continue
        os._exit(code)
