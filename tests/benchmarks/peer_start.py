"""Start a Python language server whose own wait before diagnostics is another number of seconds.

    python peer_start.py (pylsp|jedi) SECONDS

Neither has a setting for it. Run by the peers' interpreter, so nothing of this project is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

# The module that holds the decorator, and the command.
WHERE = {
    "pylsp": ("pylsp._utils", "pylsp.__main__", "main"),
    "jedi": ("jedi_language_server.jedi_utils", "jedi_language_server.cli", "cli"),
}


def main() -> None:
    name, seconds = sys.argv[1], float(sys.argv[2])
    decorator, command, entry = WHERE[name]
    home: Any = import_module(decorator)
    own = home.debounce

    def debounce(_: float, keyed_by: str | None = None) -> Callable[..., Any]:
        return own(seconds, keyed_by)

    home.debounce = debounce
    sys.argv = [name]
    getattr(import_module(command), entry)()


if __name__ == "__main__":
    main()
