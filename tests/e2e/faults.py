"""What the tests of faults share: clients that misbehave, and what a server process holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.e2e.peer import Peer, StreamPeer, WsPeer, listening, port_of, stdio, tcp, ws

TOKEN = "correct-horse"
SECONDS = 30


class Held(NamedTuple):
    """Threads, handles and MiB of memory of a process, from /proc (Linux)."""

    threads: int
    handles: int
    mib: float


def held(pid: int) -> Held:
    folder = Path(f"/proc/{pid}")
    for line in (folder / "status").read_text().splitlines():
        if line.startswith("VmRSS"):
            mib = int(line.split()[1]) / 1024
    return Held(len(list((folder / "task").iterdir())), len(list((folder / "fd").iterdir())), mib)


async def settled(pid: int, before: Held) -> Held:
    """What the process holds once it has no more threads and handles than ``before``."""
    async with asyncio.timeout(SECONDS):
        # Another process says nothing of it.
        while (now := held(pid)).threads > before.threads or now.handles > before.handles:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return now


async def ended(process: asyncio.subprocess.Process) -> int:
    """The exit code; ``process.wait`` also waits until all that was written is read."""
    async with asyncio.timeout(SECONDS):
        while process.returncode is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return process.returncode


class Server:
    """A server process, and how to come in; over stdio there is one client."""

    def __init__(self, pid: int, transport: str, port: int, only: Peer | None = None) -> None:
        self.pid = pid
        self.transport = transport
        self.port = port
        self._only = only

    @asynccontextmanager
    async def client(self, **capabilities: Any) -> AsyncIterator[Peer]:
        if self._only is not None:
            await self._only.initialize(capabilities)
            yield self._only
            return
        coming = tcp(self.port) if self.transport == "tcp" else self.socket()
        async with coming as peer:
            await peer.initialize(capabilities)
            yield peer

    def socket(self, **options: Any) -> AbstractAsyncContextManager[WsPeer]:
        # A test that stops reading cannot wait for the closing handshake.
        return ws(self.port, f"/?token={TOKEN}", close_timeout=0.2, **options)


@asynccontextmanager
async def serving(transport: str, model: str = "") -> AsyncIterator[Server]:
    if transport == "stdio":
        async with stdio(model) as peer:
            yield Server(peer.process.pid, transport, 0, peer)
        return
    token = [TOKEN] if transport == "ws" else []
    async with listening(transport, *token, model=model) as (process, lines):
        yield Server(process.pid, transport, port_of(lines))
        assert process.returncode is None, "the server ended"


def constants(monkeypatch: Any, **changed: float) -> None:
    """Shorten waits of the server, by ``module__NAME``."""
    named = {
        f"doctorflan_ls.server.{name.replace('__', ':')}": value for name, value in changed.items()
    }
    monkeypatch.setenv("TEST_CONSTANTS", json.dumps(named))


def framed(method: str, params: Any = None, asked: Any = None) -> bytes:
    """A message as bytes of a stream."""
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    body = json.dumps(message if asked is None else {**message, "id": asked}).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


async def flood(peer: Peer, messages: list[dict[str, Any]]) -> None:
    """Send all, as fast as the server takes them."""
    with suppress(OSError):
        if isinstance(peer, StreamPeer):
            for at in range(0, len(messages), 100):
                bodies = [
                    json.dumps({"jsonrpc": "2.0", **each}).encode()
                    for each in messages[at : at + 100]
                ]
                await peer.send_raw(
                    b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(b), b) for b in bodies)
                )
            return
        for each in messages:
            await peer.send(each)


def asks_text(uri: str, count: int, method: str = "test/text") -> list[dict[str, Any]]:
    params = {"textDocument": {"uri": uri}}
    return [{"id": f"t{n}", "method": method, "params": params} for n in range(count)]


async def is_well(peer: Peer, uri: str | None = None) -> None:
    """The server answers this client, and knows its document."""
    assert "MainThread" in await peer.request("test/threads")
    if uri is not None:
        found = await peer.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
        assert found
