"""What this machine has for a model."""

from __future__ import annotations

import os
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_mib() -> int:
    """Memory that can be had without swapping, in MiB; 0 where the system does not say."""
    found = [value for value in (_of_machine(), _of_container()) if value is not None]
    return min(found) // 2**20 if found else 0


def _of_machine() -> int | None:
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    return next((int(ln.split()[1]) * 1024 for ln in lines if ln.startswith("MemAvailable:")), None)


def _of_container() -> int | None:
    """What cgroup v2 leaves of its bound, pages that can be dropped included."""
    try:
        bound = (_CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = int((_CGROUP / "memory.current").read_text(encoding="ascii"))
        stat = (_CGROUP / "memory.stat").read_text(encoding="ascii").split()
        cached = int(stat[stat.index("inactive_file") + 1])
    except (OSError, ValueError):
        return None
    return int(bound) - used + cached if bound.isdecimal() else None
