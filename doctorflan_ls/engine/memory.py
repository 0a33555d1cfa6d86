"""Memory: what says that it is short, and giving it back to the system."""

from __future__ import annotations

import sys

from doctorflan_ls.errors import DoctorFlanError


def is_short(error: BaseException) -> bool:
    """True where ``error`` says that memory is too little: its key's last part begins with it."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, DoctorFlanError) and "memory" in error.key.rpartition(".")[2]


def give_back() -> None:
    """Return what was freed to the system, which glibc by itself does only at the heap's end.

    Looks for no cycles: that would hold up every keystroke of a server with large notes.
    """
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415  (only an unloaded model needs it)

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
