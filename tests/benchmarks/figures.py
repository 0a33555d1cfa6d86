"""The suite's arithmetic: quantiles, slopes of cost against size, ratios, comparisons of runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Figures = dict[str, Any]
# Two runs on one quiet machine differ by less than this, in ratios to the floor of the same run.
NOISE = 1.15


def quantile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of the sorted values lie below; the largest at the end."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def spread(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99, rounded to hundredths."""
    shares = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    return {name: round(quantile(values, share), 2) for name, share in shares}


def slope(points: Mapping[int, float]) -> float | None:
    """Least squares of log cost against log size: 0 is flat, 1 linear; None for one size."""
    if len(points) < 2:
        return None
    xs = [math.log(size) for size in points]
    ys = [math.log(cost) for cost in points.values()]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    above = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return above / sum((x - mean_x) ** 2 for x in xs)


def ratio(ours: float | None, other: float | None) -> float | None:
    """``ours / other``, or None where one was not measured."""
    return None if ours is None or not other else ours / other


def at(figures: Mapping[str, Any], path: str) -> Any:
    """What stands at ``a/b/c`` in nested mappings, or None."""
    found: Any = figures
    for step in path.split("/"):
        if not isinstance(found, Mapping) or step not in found:
            return None
        found = found[step]
    return found


def leaves(figures: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """All numbers by their path."""
    found: dict[str, float] = {}
    for name, value in figures.items():
        path = f"{before}{name}"
        if isinstance(value, Mapping):
            found |= leaves(value, path + "/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[path] = value
    return found


def compared(now: Mapping[str, Any], then: Mapping[str, Any], *, same: bool) -> list[Figures]:
    """A row for each cost of ours that both runs measured.

    ``to_floor`` is (ours / floor) now against (ours / floor) then: what the machine does to both
    servers cancels out. Only where the machine is the ``same`` is there ``direct``, ours now
    against ours then. A row is ``slower`` where the ratio to the floor, or where there is no floor
    the direct one, is more than noise.
    """
    rows = []
    before = leaves(then)
    for path, value in leaves(now).items():
        if "/ours/" not in path or path not in before or not before[path] or not value:
            continue
        if not path.endswith(("p50", "p99", "ms", "pss_mib")):
            continue
        floor = path.replace("/ours/", "/floor/")
        mine = ratio(value, at(now, floor))
        old = ratio(before[path], at(then, floor))
        to_floor, direct = ratio(mine, old), value / before[path] if same else None
        judged = to_floor if to_floor is not None else direct
        if judged is None:
            continue
        rows.append(
            {"figure": path, "to_floor": to_floor, "direct": direct, "slower": judged > NOISE}
        )
    return rows


def shown_size(size: str | int) -> str:
    """The size of a document, for people."""
    number = int(size)
    return f"{number // 1_000_000} MB" if number >= 1_000_000 else f"{number // 1_000} KB"
