"""What the figures were measured on. Nothing here names the machine."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Figures are compared directly only where all of these are equal.
SAME = ("processor", "cores", "memory_gib", "system", "python")
QUIET_LOAD = 0.5


def described() -> dict[str, Any]:
    """Processor, memory and software; how busy it is, and how long a loop of Python takes on it."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": _field("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(_field("/proc/meminfo", "MemTotal").split()[0]) / 2**20),
        "system": platform.system(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "loop_ms": round(statistics.median(_loop() for _ in range(7)), 2),
    }


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one.get(name) == other.get(name) for name in SAME)


def noisy(machine: Mapping[str, Any]) -> bool:
    """Whether something else was running: the figures are then of no use."""
    return bool(machine["load"] > QUIET_LOAD * machine["cores"])


def _loop() -> float:
    began = time.perf_counter()
    sum(number * number for number in range(200_000))
    return (time.perf_counter() - began) * 1000


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
