"""Misbehaving clients in full: floods and reconnects, and what the server holds afterwards.

    python -m tests.endurance.clients --cancellations 100000 --reconnects 1000 --json clients.json

Each figure is the growth between two points of one server process: MiB, threads, handles, tasks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e import test_faults_connect as connect
from tests.e2e import test_faults_flood as floods

NETWORK = ("tcp", "ws")


async def measured(options: argparse.Namespace) -> dict[str, object]:
    """Every run's growth, by its name."""
    chance = random.Random(options.seed)
    runs = [
        *((f"cancellations {each}", floods.cancellations, each) for each in ("stdio", *NETWORK)),
        *((f"reconnects {each}", connect.reconnects, each) for each in NETWORK),
        ("keys", floods.changes, None),
    ]
    chance.shuffle(runs)
    counts = {
        "cancellations": options.cancellations,
        "reconnects": options.reconnects,
        "keys": options.keys,
    }
    found: dict[str, object] = {}
    for name, run, transport in runs:
        started = time.monotonic()
        count = counts[name.partition(" ")[0]]
        grown = await (run(count) if transport is None else run(transport, count))
        found[name] = {"count": count, "grown": grown, "seconds": time.monotonic() - started}
        sys.stdout.write(f"{name}: {found[name]}\n")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=8, help="the order of the runs")
    parser.add_argument("--cancellations", type=int, default=100_000)
    parser.add_argument("--reconnects", type=int, default=1000)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"XDG_CONFIG_HOME": home, "DOCTORFLAN_PLUGINS": ""}
        found = asyncio.run(measured(options))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
