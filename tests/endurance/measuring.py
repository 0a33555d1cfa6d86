"""What a process holds, from /proc (Linux), and whether a series of figures grows."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import statistics
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

MEMORY = {"Rss": "rss_mib", "Pss": "pss_mib"}
PRIVATE = ("Private_Clean", "Private_Dirty")


async def sample(pid: int, counts: Path, *, collected: bool = False) -> dict[str, float]:
    """Memory in MiB, threads, handles, CPU seconds, and what the process counts itself,
    ``collected``: with its objects by type, once it has thrown away what nobody holds."""
    _taken(counts)
    os.kill(pid, signal.SIGUSR2 if collected else signal.SIGUSR1)
    async with asyncio.timeout(20):
        # Another process writes it.
        while (said := _taken(counts)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    kinds = {f"kind {name}": float(count) for name, count in said.pop("kinds", {}).items()}
    return {**_of_proc(Path(f"/proc/{pid}")), **said, **kinds}


def _taken(counts: Path) -> dict[str, Any] | None:
    """What the file holds, which is gone then; None where there is none."""
    try:
        said: dict[str, Any] = json.loads(counts.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    counts.unlink()
    return said


def _of_proc(folder: Path) -> dict[str, float]:
    found = {"uss_mib": 0.0}
    for line in (folder / "smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]:
        name, _, value = line.partition(":")
        mib = int(value.split()[0]) / 1024
        if name in MEMORY:
            found[MEMORY[name]] = mib
        elif name in PRIVATE:
            found["uss_mib"] += mib
    # The name, which may hold blanks, ends with the last bracket.
    fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    found["cpu_s"] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    found["threads"] = len(list((folder / "task").iterdir()))
    found["handles"] = len(list((folder / "fd").iterdir()))
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


class Trend(NamedTuple):
    """Least squares: ``slope`` in units an hour. ``error`` is its standard error, widened for the
    correlation of neighbouring residuals by the square root of (1 + r) / (1 - r)."""

    slope: float
    error: float
    autocorrelation: float
    first: float
    last: float


def trend(seconds: Sequence[float], values: Sequence[float]) -> Trend:
    """``first`` and ``last`` are the medians of the first and the last fifth."""
    fifth = max(1, len(values) // 5)
    ends = statistics.median(values[:fifth]), statistics.median(values[-fifth:])
    hours = [each / 3600 for each in seconds]
    if len(values) < 3:
        return Trend(0.0, math.inf, 0.0, *ends)
    slope, intercept = statistics.linear_regression(hours, values)
    rest = [y - intercept - slope * x for x, y in zip(hours, values, strict=True)]
    squares = sum(each * each for each in rest)
    middle = statistics.fmean(hours)
    spread = sum((each - middle) ** 2 for each in hours)
    error = math.sqrt(squares / (len(rest) - 2) / spread)
    pairs = sum(a * b for a, b in pairwise(rest))
    correlation = min(0.99, max(0.0, pairs / squares)) if squares else 0.0
    return Trend(
        slope, error * math.sqrt((1 + correlation) / (1 - correlation)), correlation, *ends
    )


def is_flat(found: Trend, allowed: float) -> bool:
    """Within noise: less than two standard errors above zero, or less than ``allowed`` an hour."""
    return found.slope < 2 * found.error or found.slope < allowed
