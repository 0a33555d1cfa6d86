"""Cold starts, idle memory, and many open documents."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from tests.benchmarks.client import TooSlow, memory
from tests.benchmarks.figures import Figures, spread
from tests.benchmarks.peers import Server
from tests.benchmarks.session import Session

COUNTS = (1, 10, 50, 200)
NOTE = 3_000
# Until nothing moves any more after the first answer.
SETTLE_SECONDS = 0.5


def start(servers: Mapping[str, Server], rounds: int) -> dict[str, Figures]:
    """By server: ms from the start of the process to the answer of ``initialize``; idle MiB."""
    times: dict[str, list[float]] = {name: [] for name in servers}
    idle: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            session = Session(server)
            with session:
                times[name].append(session.started_ms)
                time.sleep(SETTLE_SECONDS)
                idle[name].append(memory(session.client.process.pid))
    return {
        name: {
            "start": spread(times[name]),
            "idle": {
                kind: round(statistics.median(each[kind] for each in idle[name]), 2)
                for kind in idle[name][0]
            },
        }
        for name in servers
    }


def opened(
    servers: Mapping[str, Server], keys: int, seconds: float, counts: Sequence[int] = COUNTS
) -> dict[str, Figures]:
    """By number of open documents of 3 KB and server: MiB, and spreads of a key in any of them.

    Each server types at most ``keys`` keys, and for at most ``seconds``.
    """
    result: dict[str, Figures] = {}
    with ExitStack() as stack:
        alive = {name: stack.enter_context(Session(each)) for name, each in servers.items()}
        for count in counts:
            rows = result[str(count)] = {}
            for name, session in list(alive.items()):
                try:
                    while session.count < count:
                        session.open(servers[name].document(NOTE))
                    rows[name] = _typed(session, keys, seconds)
                except TooSlow:
                    rows[name] = {"cut": "too slow"}
                    alive.pop(name).client.kill()
    return result


def _typed(session: Session, keys: int, seconds: float) -> Figures:
    # The first key reads what has not been read.
    for turn in range(session.count):
        session.key(session.has, turn)
    loaded = memory(session.client.process.pid)
    took: list[float] = []
    until = time.perf_counter() + seconds
    while len(took) < keys and (time.perf_counter() < until or len(took) < 3):
        took.append(session.key(session.has, len(took))["all"])
    return {"all": spread(took), "rounds": len(took), "loaded": loaded}
