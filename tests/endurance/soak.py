"""Ten doctors on one WebSocket server for hours: does anything grow?

    python -m tests.endurance.soak --minutes 120 [--clients 10] [--seed 1] [--pace 0.7]
        [--json FILE] [--plot FILE.svg]

Every ten seconds the server's memory, threads, handles, asyncio tasks and allocated blocks are
looked at. After the warm-up (an eighth of the run) a line is fitted by least squares: memory is
flat where it rises by less than two standard errors (widened for autocorrelation) or by less than
1 MiB an hour. Linux alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from doctorflan_ls.audit.reading import rows
from doctorflan_ls.audit.verify import verify
from tests.endurance.doctor import Day, Doctor, Socket
from tests.endurance.measuring import is_flat, quantile, sample, trend
from tests.endurance.picture import picture

SERVER = Path(__file__).with_name("counted_server.py")
TOKEN = "soak"
# What may grow by how much an hour and still be called flat.
ALLOWED = {
    "rss_mib": 1.0,
    "pss_mib": 1.0,
    "uss_mib": 1.0,
    "threads": 0.25,
    "handles": 0.5,
    "tasks": 0.5,
}


@asynccontextmanager
async def serving(
    home: Path, server: Path = SERVER
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, Path]]:
    """A server with a state of its own under ``home``: the process, its address, its counts.

    ``server`` is a program that takes the counts' file and then what the command line takes.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DOCTORFLAN_")}
    folders = {f"XDG_{each}_HOME": str(home / each.lower()) for each in ("CONFIG", "STATE", "DATA")}
    os.makedirs(home, exist_ok=True)  # noqa: PTH103  (asynchronous code has no Path.mkdir)
    counts = home / "counts.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(str(server), str(counts), "--ws", "127.0.0.1:0"),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**kept, **folders, "DOCTORFLAN_TOKEN": TOKEN, "DOCTORFLAN_PLUGINS": ""},
    )
    assert process.stderr is not None
    try:
        line = ""
        while "listening on" not in line:
            line = (await process.stderr.readline()).decode()
            assert line, "the server ended"
        yield process, line.split("listening on ")[1].strip(), counts
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Socket]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with connect(url, additional_headers=headers, max_size=None) as socket:
        peer = Socket(socket)
        try:
            yield peer
        finally:
            peer._pump.cancel()


async def watch(
    process: asyncio.subprocess.Process, counts: Path, day: Day, seconds: float
) -> list[dict[str, float]]:
    """A sample each ``every`` seconds, until ``seconds`` have passed."""
    every = min(10.0, seconds / 12)
    samples = []
    while day.now() < seconds and process.returncode is None:
        samples.append({"at": day.now(), **await sample(process.pid, counts)})
        await asyncio.sleep(max(0.0, min(every, seconds - day.now())))
    day.stopping.set()
    return samples


async def soak(seconds: float, clients: int, seed: int, pace: float, home: Path) -> dict[str, Any]:
    """The samples and all that the doctors met."""
    async with serving(home) as (process, url, counts):
        before = await sample(process.pid, counts, collected=True)
        day = Day(pace)
        doctors = [Doctor(each, seed, day, lambda: connected(url)) for each in range(clients)]
        working = [asyncio.create_task(doctor.work()) for doctor in doctors]
        samples = await watch(process, counts, day, seconds)
        await asyncio.wait_for(asyncio.gather(*working), 120)
        # The server hears of the last goodbyes, and its engine's thread of its last job.
        await asyncio.sleep(1)
        after = await sample(process.pid, counts, collected=True)
        process.terminate()
        assert process.stderr is not None
        written = (await process.stderr.read()).decode()
        code = await process.wait()
    trail = home / "state" / "doctorflan-ls" / "audit.sqlite3"
    audit = {"rows": len(list(rows(trail))), "fault": str(verify(trail).fault or "")}
    return {
        "seconds": seconds,
        "clients": clients,
        "seed": seed,
        "samples": samples,
        "before": before,
        "after": after,
        "done": dict(day.done.most_common()),
        "errors": dict(day.errors.most_common(20)),
        "latencies": _latencies(day, seconds),
        "requests": len(day.latencies),
        "exit": code,
        "stderr": written[-2000:],
        "audit": audit,
    }


def _latencies(day: Day, seconds: float) -> dict[str, dict[str, float]]:
    """Milliseconds of all requests, in the first and the last fifth behind the warm-up."""
    from_ = seconds / 8
    fifth = (seconds - from_) / 5
    parts = {"beginning": (from_, from_ + fifth), "end": (seconds - fifth, seconds)}
    result = {}
    for name, (low, high) in parts.items():
        took = [each for at, _, each in day.latencies if low <= at < high]
        if took:
            result[name] = {"p50": quantile(took, 0.5), "p99": quantile(took, 0.99)}
    return result


def judged(result: dict[str, Any]) -> dict[str, Any]:
    """A trend for each figure of the samples behind the warm-up."""
    kept = [each for each in result["samples"] if each["at"] >= result["seconds"] / 8]
    names = [each for each in kept[-1] if each not in ("at", "cpu_s")]
    at = [each["at"] for each in kept]
    found = {name: trend(at, [each.get(name, 0.0) for each in kept]) for name in names}
    busy = kept[-1]["cpu_s"] - kept[0]["cpu_s"]
    return {
        "core_share": busy / max(1e-9, at[-1] - at[0]),
        "trends": {name: each._asdict() for name, each in found.items()},
        "flat": {name: is_flat(found[name], allowed) for name, allowed in ALLOWED.items()},
    }


def report(result: dict[str, Any]) -> str:
    minutes, share = result["seconds"] / 60, result["verdict"]["core_share"]
    done = f"{result['requests']} requests, {share:.0%} of a core"
    lines = [
        f"{result['clients']} clients, {minutes:.0f} minutes, {done}",
        "| | first | last | slope/h | 2 s.e. | flat |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, each in result["verdict"]["trends"].items():
        flat = result["verdict"]["flat"].get(name, "")
        lines.append(
            f"| {name} | {each['first']:.1f} | {each['last']:.1f} | {each['slope']:+.2f} "
            f"| {2 * each['error']:.2f} | {flat} |"
        )
    lines += _kept(result["before"], result["after"])
    for name in ("latencies", "done", "audit", "exit", "errors", "stderr"):
        lines.append(f"{name}: {result[name]}")
    return "\n".join(lines) + "\n"


def _kept(before: dict[str, float], after: dict[str, float]) -> list[str]:
    """What there is more of once everybody has gone."""
    more = {name: count - before.get(name, 0) for name, count in after.items()}
    kinds = sorted(
        (each for each in more if each.startswith("kind ")), key=lambda each: -more[each]
    )
    shown = [each for each in more if not each.startswith("kind ")] + kinds[:12]
    return ["kept when all had gone: " + ", ".join(f"{each} {more[each]:+.0f}" for each in shown)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", type=float, default=0.7)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    chosen = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        seconds = chosen.minutes * 60
        result = asyncio.run(soak(seconds, chosen.clients, chosen.seed, chosen.pace, home))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    result["verdict"] = judged(result)
    sys.stdout.write(report(result))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if chosen.plot is not None:
        chosen.plot.write_text(picture(result), encoding="utf-8")


if __name__ == "__main__":
    main()
