"""Findings after a key, by the length of the note, and notes a second of ``check``, in one run.

    python -m tests.benchmarks.checks [--json FILE] [--keys N] [--notes N]

A key is typed at a place drawn by chance, in the middle of the hpi of one of the records that the
note is made of; what is measured is from the edit to the findings as they stand beside the text.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from doctorflan_ls.features.diagnostics import Shown, report
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.server.quiet import spare_pauses
from doctorflan_ls.text import Span
from tests.benchmarks.documents import note_of
from tests.benchmarks.figures import quantile

SIZES = {"2,000 characters": 5_000, "20,000 characters": 50_000, "1 MB": 1_000_000}
"""In bytes of UTF-8; a Chinese note has about 0.4 characters a byte."""
_KEYS = "咳嗽痰热痛x1。，"


def typed(note: Note, rounds: int, chance: random.Random) -> list[float]:
    """Milliseconds from each key to the findings."""
    taken = []
    report(Snapshot(note), Shown(20))
    for version in range(rounds):
        at = chance.randrange(len(note.text))
        begin = time.perf_counter()
        note = note.edited(Span(at, at), chance.choice(_KEYS), version)
        report(Snapshot(note), Shown(20))
        taken.append((time.perf_counter() - begin) * 1000)
    return taken


def keys(rounds: int) -> dict[str, Any]:
    """p50, p95 and p99 for each size, in milliseconds."""
    found = {}
    for name, size in SIZES.items():
        note = parse_note(note_of(size))
        taken = typed(note, rounds, random.Random(1))
        found[name] = {
            f"p{share}": round(quantile(taken, share / 100), 2) for share in (50, 95, 99)
        } | {"characters": len(note.text)}
    return found


def checked(count: int) -> dict[str, Any]:
    """Notes a second of the command over ``count`` notes of 2 KB, from its start to its end."""
    chance = random.Random(2)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            text = note_of(2000) + f"\n备注：第{chance.randrange(10**6)}号。\n"
            Path(folder, f"{number:05}.txt").write_text(text, encoding="utf-8")
        begin = time.perf_counter()
        command = [sys.executable, "-m", "doctorflan_ls", "--no-plugins", "check", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - begin
    return {
        "notes": count,
        "seconds": round(seconds, 2),
        "notes_a_second": round(count / seconds),
        "last_line": done.stdout.splitlines()[-1],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keys", type=int, default=300)
    parser.add_argument("--notes", type=int, default=10_000)
    options = parser.parse_args()
    # As in the server: a full collection over a long note takes longer than its findings.
    spare_pauses()
    found = {"keys_ms": keys(options.keys), "check": checked(options.notes)}
    for name, row in found["keys_ms"].items():
        sys.stdout.write(
            f"{name:>18}  " + "  ".join(f"{key} {value}" for key, value in row.items()) + "\n"
        )
    sys.stdout.write(f"{found['check']}\n")
    if options.json:
        options.json.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n")


if __name__ == "__main__":
    main()
