"""A fuzzed process touches nothing of its user's and no network, whatever an input names."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import NoReturn


def apart() -> None:
    """From here on this process works in a new folder, without plugins, and connects to nobody."""
    folder = tempfile.mkdtemp(prefix="fuzz-home-")
    os.environ |= {
        "HOME": folder,
        "XDG_CONFIG_HOME": folder,
        "XDG_STATE_HOME": folder,
        "XDG_DATA_HOME": folder,
        "XDG_CACHE_HOME": folder,
        "DOCTORFLAN_PLUGINS": "",
    }
    os.chdir(Path(folder))
    socket.socket.connect = _refuse  # type: ignore[method-assign]
    socket.socket.connect_ex = _refuse  # type: ignore[method-assign]
    socket.getaddrinfo = _refuse


def _refuse(*_: object, **__: object) -> NoReturn:
    raise PermissionError("no network here")
