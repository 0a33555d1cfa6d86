"""Which paths and files a model folder may hold."""

from __future__ import annotations

import re
import unicodedata

MAX_PATH = 240

# What Windows cannot store, and what could leave the folder there.
_FORBIDDEN = re.compile(r'[<>:"|?*\\]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
# Formats that run code when they are read, and code itself.
_PICKLES = (".bin", ".ckpt", ".dill", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth")
_PROGRAMS = (".py", ".pyc", ".pyd", ".pyi", ".pyw", ".so", ".dll", ".dylib", ".exe", ".sh", ".bat")


def is_safe(path: str) -> bool:
    """True for a relative path with ``/`` that stays in its folder on every operating system."""
    return (
        0 < len(path) <= MAX_PATH
        and path.isprintable()
        and not _FORBIDDEN.search(path)
        and unicodedata.is_normalized("NFC", path)
        and all(map(_is_safe_name, path.split("/")))
    )


def is_pickle(path: str) -> bool:
    """True where the name is one of the formats that run code when they are read."""
    return path.lower().endswith(_PICKLES)


def is_program(path: str) -> bool:
    """True where the name is one of code, which no model needs."""
    return path.lower().endswith(_PROGRAMS)


def folded(path: str) -> str:
    """The same for two paths that are one file on a system that ignores case."""
    return unicodedata.normalize("NFC", path.casefold())


def _is_safe_name(name: str) -> bool:
    return (
        name not in {"", ".", ".."}
        and not name.startswith((" ", "~"))
        and not name.endswith((" ", "."))
        and not _DEVICES.fullmatch(name)
    )
