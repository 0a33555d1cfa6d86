"""A target's turn in its own process: changes inputs, keeps what is new, tells what breaks."""

from __future__ import annotations

import hashlib
import math
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from tests.endurance.fuzz_mutation import mutated
from tests.endurance.fuzz_quiet import apart
from tests.endurance.fuzz_targets import Target, text_of
from tests.endurance.fuzz_trial import SECONDS, tried

_MEMORY = 2 * 1024**3
_MOST_KEPT = 1500
_TRACED = 0.25
# Beyond this much CPU time a cost is looked at, and told where it grows by more than this power.
_SLOW, _POWER = 0.4, 1.5


def seeds(target: Target) -> list[bytes]:
    """Where the changes begin."""
    return [each[: target.longest] for each in target.seeds()]


def inputs(target: Target, seed: int, count: int) -> Iterator[bytes]:
    """The same ``count`` inputs for the same seed: the seeds and changes of them."""
    chance = random.Random(f"{target.name} {seed}")
    known = seeds(target)
    first = known[: count // 2]
    yield from first
    for _ in range(count - len(first)):
        yield mutated(target, chance.choice(known), chance, known)


class _Turn:
    """One target's turn in its own process; tells its parent of each finding as it is made."""

    def __init__(
        self, target: Target, seed: int, corpus: Path, tell: Connection, stretched: float
    ) -> None:
        self._target = target
        self._stretched = stretched
        self._chance = random.Random(f"{target.name} {seed}")
        self._corpus = corpus
        self._tell = tell
        self._known: list[bytes] = []
        self._seen: set[object] = set()
        self._faults: set[str] = set()
        self._inputs = 0

    def run(self, until: float) -> None:
        apart()
        now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = now * resource.getpagesize() + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        before = seeds(self._target)
        if self._corpus.is_dir():
            found = sorted(self._corpus.iterdir())
            before += [
                each.read_bytes() for each in self._chance.sample(found, min(len(found), 300))
            ]
        self._known += before
        for each in before:
            if time.monotonic() < until:
                self._try(each, traced=True)
        while time.monotonic() < until:
            data = mutated(
                self._target, self._chance.choice(self._known), self._chance, self._known
            )
            if self._chance.random() < self._stretched:
                self._stretch(data)
            else:
                self._try(data, traced=self._chance.random() < _TRACED)
        self._tell.send(("done", self._inputs, len(self._known), time.process_time()))

    def _try(self, data: bytes, *, traced: bool = False) -> float:
        (self._corpus.parent / f"{self._target.name}.now").write_bytes(data)
        made = tried(self._target, data, traced=traced)
        self._inputs += 1
        if made.fault and made.kind not in self._faults:
            self._faults.add(made.kind)
            self._tell.send(("fault", made.kind, made.fault, self._smaller(data, made.kind)))
        new = made.seen - self._seen
        if new and not made.fault and made.seconds < 1:
            self._seen |= new
            self._keep(data)
        return made.seconds

    def _keep(self, data: bytes) -> None:
        self._known.append(data)
        self._corpus.mkdir(parents=True, exist_ok=True)
        if len(self._known) < _MOST_KEPT:
            name = hashlib.sha256(data).hexdigest()[:16]
            (self._corpus / name).write_bytes(data)

    def _smaller(self, data: bytes, kind: str) -> bytes:
        """``data`` without pieces that its fault does not need; a few hundred attempts."""
        until = time.monotonic() + 20
        size = max(len(data) // 2, 1)
        while size and time.monotonic() < until:
            at = 0
            while at < len(data) and time.monotonic() < until:
                less = data[:at] + data[at + size :]
                if tried(self._target, less).kind == kind:
                    data = less
                else:
                    at += size
            size //= 2
        return data

    def _stretch(self, data: bytes) -> None:
        """Repeat a piece ever more often; tell where the cost grows faster than the input."""
        text = text_of(data)
        start = self._chance.randint(0, len(text))
        piece = text[start : start + self._chance.choice((1, 2, 3, 5, 10, 30, 80))]
        if self._target.words and self._chance.random() < 0.5:
            piece = self._chance.choice(self._target.words)
        if not piece:
            return
        costs: list[float] = []
        for size in (2_000, 8_000, 32_000):
            times = size // len(piece.encode("utf-8", "surrogatepass"))
            grown = text[:start] + piece * times + text[start + len(piece) :]
            costs.append(self._try(grown.encode("utf-8", "surrogatepass")))
            if costs[-1] > SECONDS:
                break
        if len(costs) > 1 and costs[-1] > _SLOW:
            power = math.log(costs[-1] / max(costs[-2], 1e-3), 4)
            if power > _POWER:
                said = f"{costs[-2]:.2f} s to {costs[-1]:.2f} s, power {power:.1f}"
                self._tell.send(("superlinear", said, f"{text[:start][-20:]!r} + {piece!r} * n"))


def turn(
    target: Target, seed: int, corpus: Path, until: float, tell: Connection, stretched: float
) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (for the process)
    _Turn(target, seed, corpus, tell, stretched).run(until)
