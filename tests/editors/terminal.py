"""An editor in a real terminal: keys go in, the screen and the saved file come out."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

# For a machine that is busy; nothing waits for long where all is well.
_PATIENCE_SECONDS = 20.0


def eventually(what: str, holds: Callable[[], bool], told: Callable[[], str] = str) -> None:
    """Wait until ``holds``; fail with ``what`` was awaited and what ``told`` shows instead."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, f"waited for {what}; there is:\n{told()}"
        time.sleep(0.05)


class Terminal:
    """A command in a terminal of 110 columns and 50 lines, in a tmux of its own."""

    def __init__(self, command: list[str], socket: Path, environment: dict[str, str]) -> None:
        self._tmux = ["tmux", "-u", "-S", str(socket), "-f", "/dev/null"]
        line = shlex.join(["env", "-i", *(f"{k}={v}" for k, v in environment.items()), *command])
        self._run("new-session", "-d", "-x", "110", "-y", "50", line)
        # An editor that waits for the rest of an escape sequence would wait for each Escape.
        self._run("set-option", "-s", "escape-time", "0")

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments], capture_output=True, text=True, check=False, timeout=10
        )
        assert done.returncode == 0 or "no server" in done.stderr, done.stderr
        return done.stdout

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names: ``Escape``, ``C-x``, ``Enter``."""
        self._run("send-keys", *names)

    def type(self, text: str) -> None:
        """Type ``text`` as it is."""
        self._run("send-keys", "-l", text)

    def screen(self) -> str:
        return self._run("capture-pane", "-p")

    def shows(self, text: str) -> None:
        """Wait until ``text`` stands on the screen."""
        eventually(f"{text!r} on the screen", lambda: text in self.screen(), self.screen)

    def hides(self, text: str) -> None:
        """Wait until ``text`` stands no longer on the screen."""
        eventually(f"no {text!r} on the screen", lambda: text not in self.screen(), self.screen)

    def close(self) -> None:
        self._run("kill-server")
