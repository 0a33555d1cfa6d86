"""Memory and latency of one WebSocket server with 1, 10 and 50 editors on it, in one run.

    python -m tests.benchmarks.connections [--json FILE] [--rounds N] [--counts 1,10,50]

Every editor has a note of its own of 3 KB open. In each round all of them, at the same moment,
type a key, wait for the findings of the new text, hover and complete: the worst case, since doctors
do not type in step.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.benchmarks.editor import note_of, quantile

TOKEN = "benchmark"
CAPABILITIES = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": True}},
        "publishDiagnostics": {"versionSupport": True},
    },
}
KINDS = ("completion_ms", "hover_ms", "findings_ms")


class Editor:
    """One connection with one note open."""

    def __init__(self, socket: ClientConnection, number: int) -> None:
        self.socket = socket
        self.uri = f"ehr:note-{number}"
        self.version = 1
        self._id = 0

    async def open(self) -> None:
        params = {"processId": None, "rootUri": None, "capabilities": CAPABILITIES, "locale": "zh"}
        await self.request("initialize", params)
        await self.notify("initialized", {})
        text = note_of(3000) + "\n/\n"
        self.line = text.count("\n") - 1
        item = {"uri": self.uri, "languageId": "clinicalnote", "version": 1, "text": text}
        await self.notify("textDocument/didOpen", {"textDocument": item})
        await self.findings()

    async def notify(self, method: str, params: Any) -> None:
        await self.socket.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))

    async def request(self, method: str, params: Any) -> Any:
        self._id += 1
        sent = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
        await self.socket.send(json.dumps(sent))
        while True:
            message = json.loads(await self.socket.recv())
            if message.get("id") == self._id and "method" not in message:
                if "error" in message:
                    raise RuntimeError(message["error"])
                return message["result"]

    async def findings(self) -> None:
        """Wait for the findings of the latest version."""
        while True:
            message = json.loads(await self.socket.recv())
            pushed = message.get("method") == "textDocument/publishDiagnostics"
            if pushed and message["params"].get("version") == self.version:
                return

    async def round(self) -> dict[str, float]:
        """Milliseconds of one key with all that follows it."""
        took = {}
        place = {"line": 0, "character": 0}
        self.version += 1
        change = {"range": {"start": place, "end": place}, "text": "，"}
        start = time.perf_counter()
        document = {"uri": self.uri, "version": self.version}
        await self.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
        )
        await self.findings()
        took["findings_ms"] = (time.perf_counter() - start) * 1000
        at = {"textDocument": {"uri": self.uri}, "position": {"line": 2, "character": 4}}
        start = time.perf_counter()
        await self.request("textDocument/hover", at)
        took["hover_ms"] = (time.perf_counter() - start) * 1000
        at["position"] = {"line": self.line, "character": 1}
        start = time.perf_counter()
        await self.request("textDocument/completion", at)
        took["completion_ms"] = (time.perf_counter() - start) * 1000
        return took


async def measure(count: int, rounds: int) -> dict[str, float]:
    """``count`` editors on one server, ``rounds`` keys each."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "doctorflan_ls", "--ws", "127.0.0.1:0"),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "DOCTORFLAN_TOKEN": TOKEN, "DOCTORFLAN_PLUGINS": ""},
    )
    assert process.stderr is not None
    try:
        address = ""
        while "listening on" not in address:
            address = (await process.stderr.readline()).decode()
        url = address.split("listening on ")[1].strip()
        empty = memory_mib(process.pid)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        sockets = [await connect(url, additional_headers=headers) for _ in range(count)]
        editors = [Editor(socket, number) for number, socket in enumerate(sockets)]
        await asyncio.gather(*(editor.open() for editor in editors))
        took = []
        for _ in range(rounds):
            took += await asyncio.gather(*(editor.round() for editor in editors))
        result = {"empty_mib": empty, "memory_mib": memory_mib(process.pid)}
        for kind in KINDS:
            values = [each[kind] for each in took]
            result[f"{kind} p50"] = quantile(values, 0.5)
            result[f"{kind} p95"] = quantile(values, 0.95)
        for socket in sockets:
            await socket.close()
        return result
    finally:
        process.terminate()
        await process.wait()


def memory_mib(pid: int) -> float:
    """Resident memory, from /proc (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--counts", default="1,10,50")
    chosen = parser.parse_args()
    counts = [int(each) for each in chosen.counts.split(",")]
    results = {count: asyncio.run(measure(count, chosen.rounds)) for count in counts}
    names = list(next(iter(results.values())))
    lines = ["| " + " | ".join(["editors", *map(str, counts)]) + " |"]
    for name in names:
        row = [f"{results[count][name]:.1f}" for count in counts]
        lines.append("| " + " | ".join([name, *row]) + " |")
    sys.stdout.write("\n".join(lines) + "\n")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
