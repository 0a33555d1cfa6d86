"""Local models beside the engines that others use, and the editor while a model writes.

    python -m tests.benchmarks.models --models DIR [--rounds 5] [--json FILE]
        [--llama PYTHON] [--torch PYTHON] [--genai PYTHON]

DIR is what ``python -m scripts.test_models DIR --benchmark`` makes: model folders (those with a
``genai_config.json`` are also given to onnxruntime-genai) and GGUF files (for llama.cpp and torch).
Each PYTHON is an interpreter that has the engine: llama-cpp-python; torch, transformers and gguf;
onnxruntime-genai. An engine that is not there loses its rows, and a line says so.

Two threads, the same prompt of about 300 tokens, 64 new, greedy, one process for each engine and
model, rounds in turn, medians. Other engines are given token ids; ours reads the chat messages.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from doctorflan_ls.models.base import Message
from doctorflan_ls.models.folders import manifest
from doctorflan_ls.models.local.tokenizer import Tokenizer
from tests.benchmarks import model_prompts, model_server

Row = dict[str, Any]
HERE = Path(__file__).parent
NEW = 64
THREADS = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """An engine on a model. ``bits`` of its weights pair it with its peers; 0 is unknown."""

    engine: str
    python: str
    model: Path
    family: str
    bits: int

    @property
    def name(self) -> str:
        return f"{self.engine} {self.model.name}"


class Engine:
    """The process of one engine (``engines.py``)."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.process = subprocess.Popen(
            [entry.python, str(HERE / "engines.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if "BENCH_VERBOSE" in os.environ else subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)

    def start(self) -> Row:
        model = str(self.entry.model)
        return self.ask("start", engine=self.entry.engine, model=model, threads=THREADS)

    def ask(self, do: str, **job: Any) -> Row:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **job}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            message = f"{self.entry.name}: the engine's process ended"
            raise RuntimeError(message)
        answer: Row = json.loads(line)
        return answer


def medians(rounds: list[Row]) -> Row:
    return {
        key: round(statistics.median(each[key] for each in rounds), 2)
        for key in rounds[0]
        if isinstance(rounds[0][key], (int, float))
    }


def bits_of(name: str) -> int:
    """4 or 8, from what a folder or file calls its quantisation."""
    found = re.search(r"(?:int|q)([48])", name.lower())
    return int(found[1]) if found else 0


def folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if (path / "tokenizer.json").is_file())


def entries(root: Path, pythons: dict[str, str]) -> list[Entry]:
    """What can be measured: every folder by our engine, and each peer's own."""
    found = []
    for folder in folders(root):
        family = folder.name.split("-int")[0]
        bits = bits_of(folder.name) or manifest_bits(folder)
        found.append(Entry("ours", sys.executable, folder, family, bits))
        if "genai" in pythons and (folder / "genai_config.json").is_file():
            found.append(Entry("genai", pythons["genai"], folder, family, bits))
    for file in sorted(root.glob("*.gguf")):
        family = next(
            (e.family for e in found if file.name.lower().startswith(e.family)), file.stem
        )
        if "llama" in pythons:
            found.append(Entry("llama", pythons["llama"], file, family, bits_of(file.stem)))
        if "torch" in pythons and bits_of(file.stem) == 4:
            found.append(Entry("torch", pythons["torch"], file, family, 32))
    return found


def manifest_bits(folder: Path) -> int:
    return bits_of(manifest.read(folder).quantisation)


def decode(found: list[Entry], root: Path, rounds: int) -> dict[str, Row]:
    """Load time, time to first token, tokens a second and peak memory of each entry."""
    families = {entry.family for entry in found}
    jobs = {family: decode_job(family, root) for family in families}
    engines = [Engine(entry) for entry in found]
    loads = {engine.entry.name: engine.start() for engine in engines}
    results: dict[str, list[Row]] = {engine.entry.name: [] for engine in engines}
    for turn in range(rounds + 1):
        for engine in engines:
            result = engine.ask("decode", **jobs[engine.entry.family])
            # The first round warms caches and pages.
            if turn:
                results[engine.entry.name].append(result)
    rows = {}
    for engine in engines:
        name = engine.entry.name
        rows[name] = medians(results[name]) | {"load_ms": round(loads[name]["load_ms"], 1)}
        engine.__exit__()
    return rows


def decode_job(family: str, root: Path) -> Row:
    """The same prompt for all engines of a family: as messages, and as tokens."""
    folder = next(path for path in folders(root) if path.name.split("-int")[0] == family)
    tokenizer = Tokenizer.load(folder)
    messages = model_prompts.short(tokenizer, 300)
    ids = tokenizer.prompt_ids([Message(*each) for each in messages])
    return {"messages": messages, "other": model_prompts.OTHER, "ids": ids, "new": NEW}


def second_tasks(root: Path, rounds: int) -> dict[str, Row]:
    """Time to first token of a task on a note of 2,000 tokens, and of the next one."""
    rows = {}
    for folder in folders(root):
        tokenizer = Tokenizer.load(folder)
        first, then = model_prompts.two_tasks(tokenizer, 2000)
        with Engine(Entry("ours", sys.executable, folder, "", 0)) as engine:
            engine.start()
            job = {"first": first, "then": then, "other": model_prompts.OTHER}
            made = [engine.ask("second", **job) for _ in range(rounds + 1)][1:]
        row = medians(made)
        rows[folder.name] = row | {"share": round(row["second_ms"] / row["first_ms"], 3)}
    return rows


def cancels(root: Path, rounds: int) -> dict[str, Row]:
    """Milliseconds until the model is free: while it reads the prompt, and while it writes."""
    rows = {}
    for folder in folders(root):
        job = decode_job(folder.name.split("-int")[0], root)
        with Engine(Entry("ours", sys.executable, folder, "", 0)) as engine:
            engine.start()
            token_ms = 1000 / engine.ask("decode", **job)["tokens_s"]
            times: dict[str, list[float]] = {"writing_ms": [], "reading_ms": []}
            for turn in range(rounds * 4):
                # At another moment of the token each time.
                delay = token_ms * (turn % 4) / 4
                wrote = engine.ask("cancel", **job, after=5, delay_ms=delay)
                read = engine.ask("cancel", **job, after=0, delay_ms=20 + delay)
                times["writing_ms"].append(wrote["cancel_ms"])
                times["reading_ms"].append(read["cancel_ms"])
        rows[folder.name] = {
            "token_ms": round(token_ms, 2),
            **{name: round(statistics.median(all_), 2) for name, all_ in times.items()},
            **{f"{name}_worst": round(max(all_), 2) for name, all_ in times.items()},
        }
    return rows


def ratios(found: list[Entry], rows: dict[str, Row]) -> dict[str, Row]:
    """Ours against each peer on the same graph, or on weights of as many bits."""
    result = {}
    for ours in (entry for entry in found if entry.engine == "ours"):
        for peer in (entry for entry in found if entry.engine != "ours"):
            same = peer.model == ours.model
            like = peer.engine == "llama" and (peer.family, peer.bits) == (ours.family, ours.bits)
            if same or like:
                mine, its = rows[ours.name], rows[peer.name]
                result[f"{ours.name} / {peer.name}"] = {
                    "tokens_s": round(mine["tokens_s"] / its["tokens_s"], 3),
                    "ttft": round(mine["ttft_ms"] / its["ttft_ms"], 3),
                    "peak": round(mine["peak_mib"] / its["peak_mib"], 3),
                }
    return result


def usable(name: str, python: str | None, module: str) -> str | None:
    """The interpreter if it has the engine; else a line that says why there is no row."""
    if python is None:
        sys.stdout.write(f"{name}: not asked for (--{name} PYTHON); its rows are left out\n")
        return None
    probe = subprocess.run(
        [python, "-c", f"import {module}"], check=False, capture_output=True, text=True
    )
    if probe.returncode != 0:
        sys.stdout.write(f"{name}: {python} has no {module}; its rows are left out\n")
        return None
    return python


GOALS = {
    "ratios": "genai: tokens_s at least 0.95, llama: at least 1.0; ttft at most 1.0",
    "second": "share at most 0.1",
    "cancel": "at most token_ms + 10",
    "server": "overhead under 2 ms; keystrokes writing/idle at most 1.3",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    for name in ("llama", "torch", "genai"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--only", choices=["decode", "second", "cancel", "server"])
    options = parser.parse_args()
    modules = {
        "llama": "llama_cpp",
        "torch": "torch, transformers, gguf",
        "genai": "onnxruntime_genai",
    }
    given = {name: usable(name, getattr(options, name), module) for name, module in modules.items()}
    pythons = {name: python for name, python in given.items() if python is not None}
    root = options.models.resolve()
    found = entries(root, pythons)
    result: dict[str, Any] = {}
    wanted = [options.only] if options.only else ["decode", "second", "cancel", "server"]
    if "decode" in wanted:
        result["decode"] = decode(found, root, options.rounds)
        result["ratios"] = ratios(found, result["decode"])
    if "second" in wanted:
        result["second"] = second_tasks(root, options.rounds)
    if "cancel" in wanted:
        result["cancel"] = cancels(root, options.rounds)
    if "server" in wanted:
        result["server"] = model_server.measure(root, options.rounds)
    show(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def show(result: dict[str, dict[str, Row]]) -> None:
    for part, rows in result.items():
        goal = f"   goal: {GOALS[part]}" if part in GOALS else ""
        sys.stdout.write(f"\n{part}{goal}\n")
        for name, row in rows.items():
            cells = "  ".join(f"{key} {value:g}" for key, value in row.items())
            sys.stdout.write(f"  {name:44} {cells}\n")


if __name__ == "__main__":
    main()
