"""Measures the service as an EHR meets it: start, time of a call, memory. Linux.

python scripts/measure.py [CALLS]
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

_CALLS = 200
_EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "patient-view.json"


def main(calls: int) -> None:
    """Start a service, call it, say how long it took."""
    began = time.perf_counter()
    words = [sys.executable, "-m", "doctorflan_ls", "cds", "serve", "--port", "0"]
    # The paths are this program's own.
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        line = "" if process.stderr is None else process.stderr.readline()
        ready = time.perf_counter() - began
        found = re.search(r"http://\S+(?=/cds-services)", line)
        if found is None:
            sys.exit(line)
        body = _EXAMPLE.read_bytes()
        url = f"{found[0]}/cds-services/doctorflan-note-check"
        times = [_timed(url, body) for _ in range(calls + 1)]
        memory = _memory(process.pid)
        process.terminate()
    warm = sorted(times[1:])
    figures = {
        "body_bytes": len(body),
        "start_s": round(ready, 2),
        "first_call_ms": round(times[0], 1),
        "p50_ms": round(statistics.median(warm), 1),
        "p95_ms": round(warm[int(len(warm) * 0.95)], 1),
        "max_ms": round(warm[-1], 1),
        "resident_mib": memory,
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


def _timed(url: str, body: bytes) -> float:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310  (it is on this machine)
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        json.load(answer)
    return (time.perf_counter() - began) * 1000


def _memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) // 1024 if found else 0


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _CALLS)
