"""The goals, each with the figure that decides it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.benchmarks.figures import Figures, at, ratio, shown_size
from tests.benchmarks.peers import PYTHON_PEERS
from tests.benchmarks.session import ANSWERS

START, IDLE = 1.1, 1.1
PEER, NATIVE = 1.0, 2.0
SLOPE = 0.15
CLIENTS, CLIENTS_MS = "100", 50.0
BESIDE = 1.3
SHARES = ("p50", "p95")


class Verdict(NamedTuple):
    """A goal, what was measured for it, and whether it is met; None where nothing was measured."""

    goal: str
    measured: str
    met: bool | None


def verdicts(parts: Mapping[str, Any]) -> list[Verdict]:
    """All goals whose part of the suite was run."""
    found: list[Verdict] = []
    if "start" in parts:
        found += _start(parts["start"])
    if "keys" in parts:
        found += _peers(parts["keys"])
        found += _native(parts["keys"])
        found.append(_slope(parts["slopes"]))
    if "clients" in parts:
        found += _clients(parts["clients"])
    if "drafts" in parts:
        found += _beside(parts["drafts"])
    return found


def _limit(goal: str, value: float | None, limit: float, unit: str = "") -> Verdict:
    if value is None:
        return Verdict(goal, "not measured", None)
    return Verdict(goal, f"{value:.2f}{unit}", value <= limit)


def _start(rows: Figures) -> Iterator[Verdict]:
    for name, path, limit in (
        ("cold start", "start/p50", START),
        ("idle memory (PSS)", "idle/pss_mib", IDLE),
    ):
        value = ratio(at(rows, f"ours/{path}"), at(rows, f"floor/{path}"))
        yield _limit(f"{name}: at most {limit} of the floor", value, limit)


def _peers(keys: Figures) -> Iterator[Verdict]:
    for size, rows in keys.items():
        for peer in PYTHON_PEERS:
            if peer not in rows:
                continue
            goal = f"{shown_size(size)}: every answer faster than {peer}"
            if "cut" in rows[peer]:
                said = f"{peer} was cut off: {rows[peer]['cut']}"
                yield Verdict(goal, said, "cut" not in rows["ours"])
            else:
                worst, which = _worst(rows["ours"], rows[peer])
                yield Verdict(goal, f"at worst {worst:.2f} of its time ({which})", worst < PEER)


def _worst(ours: Figures, peer: Figures) -> tuple[float, str]:
    """The largest ratio of ours to a peer's, and of which answer."""
    paths = [f"{name}/{share}" for name in ("all", *ANSWERS) for share in SHARES]
    return max((ratio(at(ours, path), at(peer, path)) or 0.0, path) for path in paths)


def _native(keys: Figures) -> Iterator[Verdict]:
    rows = keys.get("30000")
    if rows is None or "ruff" not in rows:
        return
    for name in ("native", "actions", "diagnostics"):
        limit = at(rows, f"ruff/{name}/p50")
        value, least = (ratio(at(rows, f"{who}/{name}/p50"), limit) for who in ("ours", "floor"))
        shown = "actions + diagnostics" if name == "native" else f"{name} alone"
        goal = f"30 KB: {shown} at most {NATIVE:g} times ruff server"
        # No server in this language can be below the floor.
        unit = "" if least is None else f" (the floor: {least:.2f})"
        yield _limit(goal, value, NATIVE, unit)


def _slope(slopes: Figures) -> Verdict:
    goal = f"slope of a key's cost against size under {SLOPE}"
    return _limit(goal, at(slopes, "ours/all"), SLOPE)


def _clients(clients: Figures) -> Iterator[Verdict]:
    for name in ("completion", "diagnostics"):
        value = at(clients, f"{CLIENTS}/ours/{name}/p99")
        goal = f"{CLIENTS} clients, key to {name}: p99 under {CLIENTS_MS:g} ms"
        yield _limit(goal, value, CLIENTS_MS, " ms")


def _beside(drafts: Figures) -> Iterator[Verdict]:
    for name, shown in (("model", "a model decodes"), ("skeleton", "the skeleton drafts")):
        for share in ("p50", "p99"):
            value = at(drafts, f"beside_{name}/ratio/{share}")
            yield _limit(
                f"typing while {shown}: {share} at most {BESIDE} times typing alone", value, BESIDE
            )
