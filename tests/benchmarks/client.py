"""A raw JSON-RPC client: as little as possible between the clock and the server's pipe."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {
        "workspaceEdit": {
            "documentChanges": True,
            "changeAnnotationSupport": {"groupsOnLabel": True},
        }
    },
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": True}},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}},
            "resolveSupport": {"properties": ["edit"]},
            "dataSupport": True,
        },
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
    },
    "window": {"workDoneProgress": True},
}


PULLING: dict[str, Any] = {
    **CAPABILITIES,
    "textDocument": {
        **CAPABILITIES["textDocument"],
        "diagnostic": {"dynamicRegistration": False, "relatedDocumentSupport": False},
        "publishDiagnostics": {"versionSupport": True},
    },
}
_ID_FIRST = re.compile(rb'\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d+)')
_METHOD = re.compile(rb'"method"\s*:\s*"([^"]+)"')
_ID_LAST = re.compile(rb'"id"\s*:\s*(\d+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$')


class TooSlow(Exception):
    """The server did not answer in the time it has."""


class Client:
    """One server process, spoken to over its pipes."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=None if env is None else {**os.environ, **env},
        )
        assert self.process.stdout is not None
        self._out = self.process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN | select.POLLHUP)
        self._buffer = bytearray()
        self._id = 0
        # Answers that ``collect`` read while it waited for others.
        self.strays: set[int] = set()
        # perf_counter() after which reading raises TooSlow.
        self.deadline: float | None = None
        self.capabilities: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            if exc[0] is None:
                self.deadline = time.perf_counter() + 5
                self.request("shutdown", None)
                self.notify("exit", None)
                self.process.wait(5)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()

    def initialize(
        self, capabilities: dict[str, Any] = CAPABILITIES, root: str | None = None, **more: Any
    ) -> float:
        """Seconds from the start of the process to the answer of ``initialize``."""
        params = {"processId": None, "rootUri": root, "capabilities": capabilities, "locale": "zh"}
        self.capabilities = self.request("initialize", {**params, **more})["capabilities"]
        took = time.perf_counter() - self.started
        self.notify("initialized", {})
        return took

    def notify(self, method: str, params: Any) -> None:
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    def send(self, method: str, params: Any) -> int:
        """Send a request and return its id without waiting for the answer."""
        self._id += 1
        self._write({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})
        return self._id

    def request(self, method: str, params: Any) -> Any:
        wanted = self.send(method, params)
        while True:
            message = json.loads(body := self.read())
            if "method" in message:
                self._answer(body)
            elif message.get("id") == wanted:
                if "error" in message:
                    raise RuntimeError(message["error"])
                return message["result"]

    def wait_for(self, count: int) -> list[bytes]:
        """The next ``count`` answers, unparsed: parsing is the editor's cost."""
        answers: list[bytes] = []
        while len(answers) < count:
            body = self.read()
            if not method_of(body):
                answers.append(body)
        return answers

    def collect(self, ids: Collection[int], pushes: int = 0) -> dict[int, float]:
        """Wait for the answers of ``ids`` and for ``pushes`` reports of diagnostics.

        When each answer was read, by its id; requests of the server are answered with null.
        """
        left, arrived = set(ids), {}
        while left or pushes > 0:
            body = self.read()
            if method := method_of(body):
                pushes -= method == b"textDocument/publishDiagnostics"
                self._answer(body)
                continue
            number = answered(body)
            if number in left:
                left.discard(number)
                arrived[number] = time.perf_counter()
            else:
                self.strays.add(number)
        return arrived

    def _answer(self, body: bytes) -> None:
        if b'"id"' not in body:
            return
        message = json.loads(body)
        if "id" in message:
            items = (message.get("params") or {}).get("items")
            result = [None] * len(items) if items is not None else None
            self._write({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def read(self) -> bytes:
        """The next message's body, unparsed."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._fill()
        header = bytes(self._buffer[:end]).lower()
        start = end + 4
        length = int(header.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(self._buffer) < start + length:
            self._fill()
        body = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return body

    def _fill(self) -> None:
        if self.deadline is not None:
            left = self.deadline - time.perf_counter()
            if left <= 0 or not self._poll.poll(left * 1000):
                raise TooSlow
        piece = os.read(self._out, 1 << 20)
        if not piece:
            raise EOFError("the server has ended")
        self._buffer += piece

    def memory_mib(self) -> float:
        """Resident memory, from /proc (Linux)."""
        return memory(self.process.pid)["rss_mib"]

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps(message, ensure_ascii=False).encode()
        stream = self.process.stdin
        assert stream is not None
        stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        stream.flush()


def method_of(body: bytes) -> bytes:
    """The method of a notification or of a request of the server; empty for an answer.

    It stands before the parameters or, where they are written in another order, behind them.
    """
    found = _METHOD.search(body[:120]) or _METHOD.search(body[-120:])
    # Some writers of JSON escape the slash.
    return found[1].replace(b"\\/", b"/") if found else b""


def answered(body: bytes) -> int:
    """The id of the request that ``body`` answers."""
    found = _ID_FIRST.match(body) or _ID_LAST.search(body, max(len(body) - 60, 0))
    return int(found[1]) if found else int(json.loads(body)["id"])


def memory(pid: int) -> dict[str, float]:
    """MiB of a process (Linux): resident, its share of what is shared, and what is its own alone.

    Resident memory counts pages of files that other processes map too; PSS divides them.
    """
    sums = {"Rss": 0, "Pss": 0, "Private_Clean": 0, "Private_Dirty": 0}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name in sums:
            sums[name] = int(value.split()[0])
    own = sums["Private_Clean"] + sums["Private_Dirty"]
    found = {"rss_mib": sums["Rss"], "pss_mib": sums["Pss"], "uss_mib": own}
    return {name: round(value / 1024, 2) for name, value in found.items()}


def cpu_seconds(pid: int) -> float:
    """Seconds of processor time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
