"""What a key costs: fresh completion, code actions, symbols and diagnostics, by size and server.

All servers are open at one time and take turns of a few keys, so that whatever else the machine
does reaches all of them alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.benchmarks.client import TooSlow, cpu_seconds, memory
from tests.benchmarks.figures import Figures, shown_size, slope, spread
from tests.benchmarks.peers import Server
from tests.benchmarks.session import ANSWERS, LIMIT_SECONDS, Session

SIZES = (3_000, 30_000, 300_000, 3_000_000)
# What native code has of it.
NATIVE = ("actions", "diagnostics")
# Keys before the first that counts: as many, or fewer where they take longer.
WARM = 5
WARM_SECONDS = 5.0
TURN = 5


class Plan(NamedTuple):
    """How long is measured: at most ``rounds`` for each answer, ``seconds`` for each server."""

    rounds: int
    seconds: float
    least: int = 3


@dataclass(slots=True)
class Run:
    """A server at one size: its sessions and what they took."""

    server: Server
    loud: Session
    quiet: Session
    took: dict[str, list[float]] = field(default_factory=dict)
    loaded: dict[str, float] = field(default_factory=dict)
    spent: float = 0.0
    keys: int = 0
    cpu: float = 0.0
    cut: str = ""

    def open(self, size: int) -> None:
        document = self.server.document(size)
        for session in {id(each): each for each in (self.loud, self.quiet)}.values():
            session.open(document)
            until = time.perf_counter() + WARM_SECONDS
            for _ in range(WARM):
                session.key(session.has)
                if time.perf_counter() > until:
                    break
        self.loaded = memory(self.loud.client.process.pid)

    def round(self) -> None:
        """A key with all answers, one with those of native code, one for each answer alone."""
        began, busy = time.perf_counter(), self._cpu()
        whole = self.loud.key(self.loud.has)
        self._keep("all", whole["all"])
        if not self.loud.pushes:
            self._keep("native", self.loud.key(NATIVE)["all"])
        for name in self.loud.has:
            if name in self.server.lacks:
                continue
            session = self.loud if name == "diagnostics" else self.quiet
            self._keep(name, session.key((name,))[name])
        self.spent += time.perf_counter() - began
        self.cpu += self._cpu() - busy

    def _cpu(self) -> float:
        pids = {self.loud.client.process.pid, self.quiet.client.process.pid}
        return sum(map(cpu_seconds, pids))

    def _keep(self, name: str, value: float) -> None:
        self.keys += 1
        self.took.setdefault(name, []).append(value)

    @property
    def rounds(self) -> int:
        return len(self.took.get("all", ()))

    def wants_more(self, plan: Plan) -> bool:
        if self.cut or self.rounds >= plan.rounds:
            return False
        return self.rounds < plan.least or self.spent < plan.seconds

    def figures(self) -> Figures:
        if self.cut:
            return {"cut": self.cut}
        rows: Figures = {name: spread(values) for name, values in self.took.items()}
        used = round(self.cpu * 1000 / self.keys, 2)
        return {**rows, "rounds": self.rounds, "loaded": self.loaded, "cpu_ms_a_key": used}


def keys(
    servers: Mapping[str, Server], plan: Plan, sizes: tuple[int, ...] = SIZES
) -> dict[str, Figures]:
    """By size and server: spreads of ``all``, ``native`` and each answer alone, in ms."""
    result: dict[str, Figures] = {}
    cut: dict[str, str] = {}
    for size in sizes:
        alive = {name: server for name, server in servers.items() if name not in cut}
        rows = _at(size, alive, plan)
        cut |= {name: row["cut"] for name, row in rows.items() if "cut" in row}
        result[str(size)] = {name: rows.get(name, {"cut": cut.get(name)}) for name in servers}
    return result


def _at(size: int, servers: Mapping[str, Server], plan: Plan) -> dict[str, Figures]:
    with ExitStack() as stack:
        runs = []
        for server in servers.values():
            loud = stack.enter_context(Session(server))
            quiet = stack.enter_context(Session(server, quiet=True)) if loud.pushes else loud
            runs.append(Run(server, loud, quiet))
        for run in runs:
            _guarded(run, size, lambda run: run.open(size))
        while waiting := [run for run in runs if run.wants_more(plan)]:
            for run in waiting:
                for _ in range(TURN):
                    if run.wants_more(plan):
                        _guarded(run, size, Run.round)
        return {run.server.name: run.figures() for run in runs}


def _guarded(run: Run, size: int, step: Callable[[Run], None]) -> None:
    try:
        step(run)
    except TooSlow:
        run.cut = f"over {LIMIT_SECONDS:.0f} s for one key at {shown_size(size)}"
        # It may go on computing beside the others.
        run.loud.client.kill()
        run.quiet.client.kill()


def slopes(result: Mapping[str, Figures], *, paths: tuple[str, ...] = ("all", *ANSWERS)) -> Figures:
    """By server and answer, the slope of the median against size."""
    found: Figures = {}
    for name in next(iter(result.values())):
        for path in paths:
            points = {
                int(size): rows[name][path]["p50"]
                for size, rows in result.items()
                if path in rows[name]
            }
            each = slope(points)
            if each is not None:
                found.setdefault(name, {})[path] = round(each, 3)
    return found
