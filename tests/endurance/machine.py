"""Editors that do anything in any order, for as long as one likes.

    python -m tests.endurance.machine --minutes 20 --seed 1

The two transports take turns, a batch of examples each. A failure is printed with the steps that
lead to it, and the next seed goes on; ``--shorten`` looks for the fewest steps, for minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.e2e.editor_machine import on
from tests.e2e.editor_stage import Stage


@dataclass
class Report:
    """What was done: ``seeds`` failed."""

    seconds: float = 0.0
    batches: int = 0
    steps: int = 0
    messages: int = 0
    seeds: list[str] = field(default_factory=list)


def batch(transport: str, seed: int, asked: argparse.Namespace, report: Report) -> None:
    """One batch of examples."""
    phases = (Phase.generate, Phase.shrink) if asked.shorten else (Phase.generate,)
    chosen = settings(
        deadline=None,
        phases=phases,
        database=None,
        max_examples=asked.examples,
        stateful_step_count=asked.steps,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    stage = Stage(transport, patient=True)
    try:
        stage.begin()
        machine = hypothesis.seed(seed)(on(stage))
        run_state_machine_as_test(machine, settings=chosen)
        stage.close()
    # Whatever it is, it is what this run looks for.
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        report.seeds.append(f"{transport} {seed}")
        traceback.print_exc(limit=-4)
        sys.stderr.write("\n".join(getattr(error, "__notes__", ())) + "\n")
    report.batches += 1
    report.steps += stage.steps
    report.messages += stage.messages


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=20, help="in a batch")
    parser.add_argument("--steps", type=int, default=60, help="in an example, at the most")
    parser.add_argument("--transport", choices=["stdio", "ws"], help="only this one")
    parser.add_argument("--shorten", action="store_true")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        os.environ[name] = tempfile.mkdtemp()
    os.environ["DOCTORFLAN_PLUGINS"] = ""
    report, begun = Report(), time.monotonic()
    for seed in range(chosen.seed, sys.maxsize):
        transport = chosen.transport or ("ws", "ws", "stdio")[seed % 3]
        batch(transport, seed, chosen, report)
        report.seconds = time.monotonic() - begun
        if report.seconds > chosen.minutes * 60:
            break
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{asdict(report)}\n")
    return 1 if report.seeds else 0


if __name__ == "__main__":
    sys.exit(main())
