"""Fuzzes the project for a while: `python -m tests.endurance.fuzzing --minutes 60 --seed 1`.

Each target gets short turns in a process of its own, whose memory is limited. Inputs are changed
copies of known ones; what leads to something new (a call that was not made before, another answer)
is kept and changed further. An input that fails is made smaller and saved. Beside that, pieces of
inputs are repeated to tell costs that grow faster than the input.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from tests.endurance.fuzz_targets import Target, targets
from tests.endurance.fuzz_turn import seeds, turn

_TURN = 20.0
_STRETCHED = 0.01
# For code that no signal interrupts: CPU seconds, and seconds without any, on one input.
_DEAD, _ASLEEP = 60.0, 600.0


@dataclass(slots=True)
class Tally:
    """What came of one target; ``faults`` are by their kind, with the file of a small input."""

    inputs: int = 0
    cpu_seconds: float = 0.0
    kept: int = 0
    faults: dict[str, str] = field(default_factory=dict)
    superlinear: dict[str, str] = field(default_factory=dict)


class _Watch:
    """Whether a process is at one input for too long, in its own CPU time or asleep."""

    def __init__(self, process: int, now: Path) -> None:
        self._stat = Path(f"/proc/{process}/stat")
        self._now = now
        self._at: tuple[int, float, float] = (0, self._used(), time.monotonic())

    def is_stuck(self) -> bool:
        try:
            changed = self._now.stat().st_mtime_ns
        except FileNotFoundError:
            changed = 0
        known, used, since = self._at
        if changed != known:
            self._at = (changed, self._used(), time.monotonic())
            return False
        spent = self._used() - used
        return spent > _DEAD or (time.monotonic() - since > _ASLEEP and spent < 1)

    def _used(self) -> float:
        try:
            stat = self._stat.read_text(encoding="ascii", errors="replace")
        except OSError:
            return 0.0
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Fuzzing:
    """Turns of all targets until the time is over; ``tallies`` are by target."""

    def __init__(
        self, chosen: Mapping[str, Target], seed: int, folder: Path, stretched: float = _STRETCHED
    ) -> None:
        self.tallies = {name: Tally() for name in chosen}
        self._chosen = chosen
        self._seed = seed
        self._stretched = stretched
        self._folder = folder
        self._corpora = folder / "corpus"
        self._corpora.mkdir(parents=True, exist_ok=True)

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        each = min(_TURN, max(seconds / len(self._chosen), 1.0))
        number = self._seed * 1000
        while time.monotonic() < end:
            for name, target in self._chosen.items():
                left = end - time.monotonic()
                if left <= 0:
                    break
                number += 1
                self._one(name, target, number, min(each, left))

    def _one(self, name: str, target: Target, number: int, seconds: float) -> None:
        fork = multiprocessing.get_context("fork")
        heard, tell = fork.Pipe(duplex=False)
        corpus, until = self._corpora / name, time.monotonic() + seconds
        arguments = (target, number, corpus, until, tell, self._stretched)
        child = fork.Process(target=turn, args=arguments, daemon=True)
        child.start()
        tell.close()
        whole = self._listen(name, heard, child.pid or 0)
        if not whole and child.is_alive():
            child.kill()
        child.join()
        if not whole:
            data = (self._corpora / f"{name}.now").read_bytes()
            kind = "hangs" if child.exitcode == -9 else f"dies {child.exitcode}"
            self._fault(name, kind, f"the process: {kind}", data)

    def _listen(self, name: str, heard: Connection, child: int) -> bool:
        """True where the turn came to its end."""
        tally = self.tallies[name]
        try:
            watch = _Watch(child, self._corpora / f"{name}.now")
            while not watch.is_stuck():
                if not heard.poll(2.0):
                    continue
                match heard.recv():
                    case ("done", int(count), int(kept), float(cpu)):
                        tally.inputs += count
                        tally.cpu_seconds += cpu
                        tally.kept = kept
                        return True
                    case ("fault", str(kind), str(fault), bytes(data)):
                        self._fault(name, kind, fault, data)
                    case ("superlinear", str(said), str(piece)):
                        tally.superlinear.setdefault(piece, said)
        except EOFError:
            pass
        return False

    def _fault(self, name: str, kind: str, fault: str, data: bytes) -> None:
        if kind in self.tallies[name].faults:
            return
        digest = hashlib.sha256(data).hexdigest()[:12]
        file = self._folder / f"{name}-{digest}"
        file.write_bytes(data)
        file.with_suffix(".txt").write_text(fault, encoding="utf-8", errors="replace")
        self.tallies[name].faults[kind] = str(file)
        sys.stdout.write(f"{name}: {kind}: {file}\n")
        sys.stdout.flush()


def _shown(tallies: Mapping[str, Tally]) -> str:
    lines = [f"{'target':20} {'inputs':>8} {'kept':>6} {'CPU s':>7}  findings"]
    for name, each in tallies.items():
        cost = f"{each.cpu_seconds:7.0f}"
        lines.append(f"{name:20} {each.inputs:8} {each.kept:6} {cost}  {len(each.faults)}")
        lines += [f"  superlinear: {said}: {piece}" for piece, said in each.superlinear.items()]
    total = sum(each.inputs for each in tallies.values())
    faults = sum(len(each.faults) for each in tallies.values())
    return "\n".join((*lines, f"{total} inputs, {faults} findings", ""))


def main(arguments: list[str] | None = None) -> int:
    """The command; 1 where anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", choices=sorted(targets()), metavar="NAME")
    parser.add_argument("--out", type=Path, help="folder of the findings (a new one)")
    parser.add_argument(
        "--stretch", type=float, default=_STRETCHED, help="share of inputs that look at costs alone"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    told = parser.parse_args(arguments)
    chosen = {
        name: each for name, each in targets().items() if not told.target or name in told.target
    }
    folder = told.out or Path(tempfile.mkdtemp(prefix="fuzzing-"))
    for each in chosen.values():
        # Made once, in the parent, for all turns.
        seeds(each)
    fuzzing = Fuzzing(chosen, told.seed, folder, told.stretch)
    # Its children are ended with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    with suppress(KeyboardInterrupt):
        fuzzing.run(told.minutes * 60)
    sys.stdout.write(_shown(fuzzing.tallies))
    if told.json is not None:
        made = {"minutes": told.minutes, "seed": told.seed}
        made["targets"] = {name: asdict(each) for name, each in fuzzing.tallies.items()}
        told.json.write_text(json.dumps(made, ensure_ascii=False, indent=2), encoding="utf-8")
    return 1 if any(each.faults for each in fuzzing.tallies.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
