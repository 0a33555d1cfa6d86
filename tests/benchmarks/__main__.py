"""The benchmark suite: our server beside a floor, two Python peers and native code, in one run.

    python -m tests.benchmarks [--quick] [--only PART] [--servers NAMES] [--store] [--json FILE]
                               [--peers PYTHON] [--models DIR]

A whole run takes about eight minutes. It is compared with the run that was stored before, then
stored itself (``results/last.json``), drawn (``docs/images/performance-*.svg``) and written into
``docs/performance.md``. A quick or partial run is stored only with ``--store``. Run it on a machine
that does nothing else: a busy one is said to be so, and its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import connections, drafts, editor, local_models, machine, report, starts
from tests.benchmarks.peers import PYTHON_PEERS, Server, interpreter, servers, versions

STORED = Path(__file__).parent / "results" / "last.json"
PARTS = ("start", "keys", "documents", "clients", "drafts")
NAMES = ("floor", "ours", "ruff", *PYTHON_PEERS)
QUICK_SIZES = (3_000, 30_000)


def measured(options: argparse.Namespace, chosen: Mapping[str, Server]) -> dict[str, Any]:
    """The figures of each part that was asked for."""
    quick = options.quick
    plan = editor.Plan(15, 2.0) if quick else editor.Plan(120, 8.0)
    steps: dict[str, Callable[[], dict[str, Any]]] = {
        "start": lambda: starts.start(chosen, 2 if quick else 10),
        "keys": lambda: editor.keys(chosen, plan, QUICK_SIZES if quick else editor.SIZES),
        "documents": lambda: starts.opened(
            chosen, 20 if quick else 100, 1.0 if quick else 4.0, (1, 10) if quick else starts.COUNTS
        ),
        "clients": lambda: connections.clients(
            3.0 if quick else 12.0, (1, 10) if quick else connections.COUNTS
        ),
        "drafts": lambda: drafts.drafts(
            3 if quick else 15, 1 if quick else 6, local_models.folder(options.models)
        ),
    }
    result: dict[str, Any] = {}
    for name in options.only or PARTS:
        began = time.perf_counter()
        result[name] = steps[name]()
        sys.stdout.write(f"{name}: {time.perf_counter() - began:.0f} s\n")
    if "keys" in result:
        result["slopes"] = editor.slopes(result["keys"])
    return result


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="one or two minutes; few rounds")
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--servers", default=",".join(NAMES), help=f"of: {','.join(NAMES)}")
    parser.add_argument("--store", action="store_true", help="store this run though it is partial")
    parser.add_argument("--no-store", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--peers", help="an interpreter that has the packages of the extra `bench`")
    parser.add_argument("--models", type=Path, help="what `python -m scripts.test_models` made")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    options = arguments(given)
    names = options.servers.split(",")
    python = interpreter(options.peers) if set(names) - {"floor", "ours"} else sys.executable
    known = servers(python)
    about = machine.described()
    if machine.noisy(about):
        sys.stdout.write(f"NOISY: the load is {about['load']}; do not believe these figures\n")
    if set(names) == set(NAMES):
        about["versions"] = versions(python)
    result = measured(options, {name: known[name] for name in names})
    run = {"machine": about, **result}
    then = json.loads(STORED.read_text(encoding="utf-8")) if STORED.is_file() else None
    sys.stdout.write(report.text(run, then))
    if options.json:
        report.write(options.json, run)
    whole = not options.quick and not options.only and set(names) == set(NAMES)
    if (whole or options.store) and not options.no_store:
        if not whole and then is not None and machine.same(then["machine"], about):
            run = {**then, **result, "machine": {**then["machine"], **about}}
        report.publish(STORED, run)


if __name__ == "__main__":
    main()
