"""Local models beside the engines that others use, and through the server, in one run.

    python -m tests.benchmarks.models [--quick] [--json FILE] [--plots FOLDER]
        [--docs PAGE] [--models FOLDER] [--peers PYTHON] [--only PART ...]

The first run makes the same weights in every engine's form (``model_files.py``), which takes some
minutes and is kept in FOLDER; a run takes about seven minutes, with ``--quick`` one. PYTHON is an
interpreter with the other engines, by default this one: the extra ``bench-models`` has them all. An
engine that is not there loses its rows, and a line says so. Figures are printed beside those of the
stored run, as ratios where the machine is the same.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from tests.benchmarks import (
    model_decode,
    model_drafts,
    model_files,
    model_page,
    model_report,
    model_server,
)
from tests.benchmarks.model_decode import Bench

HERE = Path(__file__).parent
STORED = HERE / "results" / "models.json"
PARTS = ("decode", "quality", "drafts", "overhead", "keystrokes")
_MODULES = {
    "genai": ("onnxruntime_genai", "onnx_ir", "torch", "transformers"),
    "llama": ("llama_cpp",),
    "torch": ("torch", "transformers"),
}
_DISTRIBUTIONS = ("onnxruntime", "onnxruntime-genai", "llama-cpp-python", "torch", "transformers")
_VERSIONS = """
import importlib.metadata as m, json, sys
def version(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return ""
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def present(peers: str) -> frozenset[str]:
    """The engines that ``peers`` has, ours always."""
    found = {"ours"}
    for engine, modules in _MODULES.items():
        probe = f"import {', '.join(modules)}"
        done = subprocess.run([peers, "-c", probe], check=False, capture_output=True)
        if done.returncode == 0:
            found.add(engine)
        else:
            sys.stdout.write(f"{engine}: {peers} cannot import it; its rows are left out\n")
    return frozenset(found)


def machine() -> dict[str, Any]:
    """What figures depend on besides the code."""
    model = ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((ln.split(":")[1].strip() for ln in lines if ln.startswith("model name")), "")
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.system()}


def versions(peers: str) -> dict[str, str]:
    command = [peers, "-c", _VERSIONS, *_DISTRIBUTIONS]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    made: dict[str, str] = json.loads(found.stdout)
    return {name: value for name, value in made.items() if value}


def measured(bench: Bench, options: argparse.Namespace) -> dict[str, Any]:
    """Every part that was asked for."""
    rounds = 1 if options.quick else options.rounds
    threads = (2,) if options.quick else (1, 2)
    root = bench.root
    families = list(bench.families)

    def decode() -> dict[str, Any]:
        made = {}
        for count in threads:
            rows = model_decode.decode(bench, count, rounds)
            made[f"threads {count}"] = {
                "rows": rows,
                "ratios": model_decode.ratios(bench, rows),
            }
        return made

    parts: dict[str, Callable[[], Any]] = {
        "decode": decode,
        "quality": lambda: model_decode.quality(bench),
        "drafts": lambda: model_drafts.measure(root, min(rounds, 2), families),
        "overhead": lambda: model_server.overheads(rounds),
        "keystrokes": lambda: model_server.beside(root, families, min(rounds, 2)),
    }
    result: dict[str, Any] = {}
    for name in options.only or PARTS:
        began = time.perf_counter()
        result[name] = parts[name]()
        sys.stdout.write(f"{name}: {time.perf_counter() - began:.0f} s\n")
        sys.stdout.flush()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="the smaller model, one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plots", type=Path, help="write models-*.svg into this folder")
    parser.add_argument("--docs", type=Path, help="put the tables into this page")
    parser.add_argument("--models", type=Path, default=user_cache_path("doctorflan-bench-models"))
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--only", nargs="*", choices=PARTS)
    parser.add_argument("--show", type=Path, help="print and plot a stored run; measure nothing")
    options = parser.parse_args()
    show: Path | None = options.show
    result = json.loads(show.read_text(encoding="utf-8")) if show else run(options)
    model_report.show(result)
    if not show and STORED.exists():
        model_report.compare(result, json.loads(STORED.read_text(encoding="utf-8")))
    if options.plots:
        model_report.plots(result, options.plots)
    if options.docs:
        model_page.fill(options.docs, result)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(result, ensure_ascii=False, indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Make what is missing, then measure."""
    root = options.models.resolve()
    engines = present(options.peers)
    model_files.make(root, options.peers, set(engines))
    families = list(model_files.FAMILIES)[-1:] if options.quick else list(model_files.FAMILIES)
    bench = Bench(root, options.peers, engines, tuple(families))
    began = time.perf_counter()
    head = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": options.quick,
        "machine": machine(),
        "versions": versions(options.peers),
        "load": round(os.getloadavg()[0], 1),
    }
    found = measured(bench, options)
    return {**head, "seconds": round(time.perf_counter() - began), **found}


if __name__ == "__main__":
    main()
