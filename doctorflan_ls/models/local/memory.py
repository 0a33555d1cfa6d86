"""What this machine has for a model."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
_PAGES = Path("/proc/self/statm")


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_mib() -> int:
    """Memory that can be had without swapping, in MiB; 0 where the system does not say."""
    known = (_of_machine(), _of_container(), _of_process())
    found = [value for value in known if value is not None]
    # 0 would be read as unknown.
    return max(min(found) // 2**20, 1) if found else 0


def can_map(mib: int) -> bool:
    """True where the system gives this process so much more address space; takes none of it."""
    # Windows knows no such bound.
    if hasattr(mmap, "MAP_PRIVATE"):
        try:
            mmap.mmap(-1, mib * 2**20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
        except (OSError, ValueError, MemoryError):
            return False
    return True


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


def _of_process() -> int | None:
    """What ``ulimit -v`` leaves of the address space; None where there is no such bound."""
    try:
        import resource  # noqa: PLC0415  (POSIX)

        bound, _ = resource.getrlimit(resource.RLIMIT_AS)
        used = int(_PAGES.read_text(encoding="ascii").split()[0]) * mmap.PAGESIZE
    except (ImportError, OSError, ValueError):
        return None
    return None if bound == resource.RLIM_INFINITY else bound - used
