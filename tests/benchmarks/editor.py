"""Editor latency, start and memory beside a bare pygls server, in one interleaved run.

    python -m tests.benchmarks.editor [--json FILE] [--rounds N]

The goals are those of the project's first issue; each is printed beside its figure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.benchmarks.client import Client

HERE = Path(__file__).parent
BARE = [sys.executable, str(HERE / "bare_server.py")]
OURS = [str(Path(sys.executable).with_name("doctorflan-ls")), "--stdio"]
SLOW = [sys.executable, str(HERE / "slow_server.py")]
URI = "untitled:note.note"


def note_of(size: int) -> str:
    """``size`` bytes of UTF-8: the project's Chinese example notes, one after another."""
    folder = files("doctorflan_ls").joinpath("examples")
    notes = [
        entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.startswith("zh")
    ]
    whole = "\n\n".join(notes) + "\n\n"
    repeated = whole * (size // len(whole.encode()) + 1)
    return repeated.encode()[:size].decode(errors="ignore")


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def start(rounds: int) -> dict[str, float]:
    """Medians of cold starts (ms) and of idle memory (MiB), the two servers in turn."""
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    memory: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(rounds):
        for name, command in (("bare", BARE), ("ours", OURS)):
            with Client(command) as client:
                times[name].append(client.initialize() * 1000)
                time.sleep(0.3)
                memory[name].append(client.memory_mib())
    return {
        **{f"start_ms_{name}": statistics.median(values) for name, values in times.items()},
        **{f"idle_mib_{name}": statistics.median(values) for name, values in memory.items()},
    }


def keystrokes(command: list[str], size: int, rounds: int, *, facts: bool) -> list[float]:
    """Milliseconds from a typed character to all answers an editor asks for after it."""
    text = note_of(size)
    lines = text.split("\n")
    line = next(i for i in range(len(lines) // 2, len(lines)) if len(lines[i]) > 20)
    took = []
    with Client(command) as client:
        client.initialize()
        item = {"uri": URI, "languageId": "clinicalnote", "version": 1, "text": text}
        client.notify("textDocument/didOpen", {"textDocument": item})
        for version in range(2, rounds + 12):
            at = {"line": line, "character": 10}
            here = {"start": at, "end": at}
            document = {"uri": URI}
            began = time.perf_counter()
            client.notify(
                "textDocument/didChange",
                {
                    "textDocument": {"uri": URI, "version": version},
                    "contentChanges": [{"range": here, "text": "痛"}],
                },
            )
            client.send("textDocument/completion", {"textDocument": document, "position": at})
            client.send(
                "textDocument/codeAction",
                {"textDocument": document, "range": here, "context": {"diagnostics": []}},
            )
            client.send("textDocument/documentSymbol", {"textDocument": document})
            if facts:
                around = {
                    "start": {"line": max(line - 10, 0), "character": 0},
                    "end": {"line": line + 10, "character": 0},
                }
                client.send("doctorflan/analysis", {"textDocument": document, "range": around})
            client.wait_for(4 if facts else 3)
            took.append((time.perf_counter() - began) * 1000)
    # The first keystrokes read the data files and the whole note once.
    return took[10:]


def drafts(rounds: int) -> list[float]:
    """Milliseconds of a skeleton draft of a 3 KB note, over all tasks in turn."""
    took = []
    with Client(OURS) as client:
        client.initialize()
        item = {"uri": URI, "languageId": "clinicalnote", "version": 1, "text": note_of(3000)}
        client.notify("textDocument/didOpen", {"textDocument": item})
        tasks = [task["id"] for task in client.request("doctorflan/tasks", {})["tasks"]]
        for turn in range(rounds + 1):
            for number, task in enumerate(tasks):
                # A typed character first, so that no draft comes out of the cache.
                at = {"line": 0, "character": 0}
                client.notify(
                    "textDocument/didChange",
                    {
                        "textDocument": {"uri": URI, "version": 2 + turn * len(tasks) + number},
                        "contentChanges": [{"range": {"start": at, "end": at}, "text": " "}],
                    },
                )
                began = time.perf_counter()
                client.request("doctorflan/draft", {"textDocument": {"uri": URI}, "task": task})
                if turn:
                    took.append((time.perf_counter() - began) * 1000)
    return took


def cancels(rounds: int) -> list[float]:
    """Milliseconds from ``$/cancelRequest`` to the answer, while a slow model drafts."""
    took = []
    with Client(SLOW) as client:
        client.initialize()
        item = {"uri": URI, "languageId": "clinicalnote", "version": 1, "text": note_of(3000)}
        client.notify("textDocument/didOpen", {"textDocument": item})
        for _ in range(rounds):
            wanted = client.send(
                "doctorflan/draft", {"textDocument": {"uri": URI}, "task": "case-summary"}
            )
            time.sleep(0.15)
            began = time.perf_counter()
            client.notify("$/cancelRequest", {"id": wanted})
            client.wait_for(1)
            took.append((time.perf_counter() - began) * 1000)
    return took


def spread(values: list[float]) -> dict[str, float]:
    return {
        "p50": round(quantile(values, 0.5), 2),
        "p95": round(quantile(values, 0.95), 2),
        "p99": round(quantile(values, 0.99), 2),
    }


def measure(rounds: int) -> dict[str, Any]:
    started = start(max(rounds // 20, 7))
    result: dict[str, Any] = {key: round(value, 1) for key, value in started.items()}
    result["start_ratio"] = round(started["start_ms_ours"] / started["start_ms_bare"], 3)
    result["idle_ratio"] = round(started["idle_mib_ours"] / started["idle_mib_bare"], 3)
    steps: dict[str, Callable[[], list[float]]] = {
        "keystroke_30kb_bare": lambda: keystrokes(BARE, 30_000, rounds, facts=False),
        "keystroke_30kb": lambda: keystrokes(OURS, 30_000, rounds, facts=True),
        "keystroke_1mb_bare": lambda: keystrokes(BARE, 1_000_000, rounds, facts=False),
        "keystroke_1mb": lambda: keystrokes(OURS, 1_000_000, rounds, facts=True),
        "draft_3kb": lambda: drafts(max(rounds // 22, 3)),
        "cancel": lambda: cancels(max(rounds // 10, 10)),
    }
    for name, step in steps.items():
        result[name] = spread(step())
    return result


GOALS = {
    "start_ratio": "at most 1.15",
    "idle_ratio": "at most 1.25",
    "keystroke_30kb": "p99 under 15 ms",
    "keystroke_1mb": "p99 under 30 ms",
    "draft_3kb": "p99 under 50 ms",
    "cancel": "under 20 ms",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    result = measure(options.rounds)
    for name, value in result.items():
        goal = f"   goal: {GOALS[name]}" if name in GOALS else ""
        sys.stdout.write(f"{name:22} {value}{goal}\n")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
