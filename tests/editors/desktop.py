"""An editor with windows, on a display that nobody sees: keys go in, the saved file comes out."""

from __future__ import annotations

import os
import subprocess

from tests.editors.terminal import eventually


class Desktop:
    """A display of its own with one program on it."""

    def __init__(self, command: list[str], environment: dict[str, str], window_class: str) -> None:
        reader, writer = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1200x800x24"],
            pass_fds=[writer],
            stderr=subprocess.DEVNULL,
        )
        os.close(writer)
        with os.fdopen(reader) as told:
            display = f":{told.readline().strip()}"
        self._environment = {**environment, "DISPLAY": display}
        self._class = window_class
        self._program = subprocess.Popen(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _xdotool(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        return done.stdout

    def windows(self) -> list[str]:
        """The program's visible windows, dialogs last."""
        return self._xdotool("search", "--onlyvisible", "--class", self._class).split()

    def has_windows(self, count: int) -> None:
        """Wait until ``count`` windows are visible; the last of them gets the keys."""
        eventually(f"{count} windows", lambda: len(self.windows()) == count, self._titles)
        self._xdotool("windowfocus", "--sync", self.windows()[-1])

    def _titles(self) -> str:
        names = (self._xdotool("getwindowname", each).strip() for each in self.windows())
        return "\n".join(names)

    def keys(self, *names: str) -> None:
        """Press keys by xdotool's names: ``ctrl+s``, ``Return``."""
        self._xdotool("key", "--delay", "30", *names)

    def type(self, text: str) -> None:
        self._xdotool("type", "--delay", "30", text)

    def point(self, x: int, y: int) -> None:
        """Move the mouse there, in steps as a hand does."""
        for step in range(10, -1, -1):
            self._xdotool("mousemove", "--sync", str(x - 2 * step), str(y))

    def close(self) -> None:
        for process in (self._program, self._server):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
