"""The server of a killing run: started in a folder of its own, ended in one of many ways."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.peer import SERVE, Peer, ProcessPeer, StreamPeer, WsPeer, environment, port_of, ws

TOKEN = "killing"
SIGNALS = {
    "TERM": signal.SIGTERM,
    "KILL": signal.SIGKILL,
    "INT": signal.SIGINT,
    "HUP": signal.SIGHUP,
}
# docs/protocol.md, "Lifecycle".
EXITS = {
    "stdio": {"TERM": 1, "HUP": 1, "INT": 130, "KILL": -9, "EOF": 1, "exit": 0},
    "ws": {"TERM": 0, "HUP": 0, "INT": 130, "KILL": -9, "EOF": 0, "exit": 0},
}
MOST_SECONDS = 60.0
"""A guard for machines with much else to do: an end takes a quarter of a second."""


@dataclass
class Server:
    """A process and the clients that talk to it."""

    transport: str
    process: asyncio.subprocess.Process
    mark: str
    errors: asyncio.Task[bytes]
    peers: list[Peer] = field(default_factory=list)

    def said(self) -> int:
        """How many messages the clients have been sent."""
        return sum(len(peer.heard) for peer in self.peers)

    async def half_a_message(self) -> None:
        """Write the beginning of a message and no more: what came behind would be its rest."""
        peer = self.peers[0]
        peer.send_body = _cut_off  # type: ignore[method-assign]
        with suppress(OSError):
            if isinstance(peer, StreamPeer):
                peer.writer.write(b'Content-Length: 900\r\n\r\n{"jsonrpc": "2.0", "method": "textD')
            else:
                assert isinstance(peer, WsPeer)
                # A masked text frame of 900 bytes (RFC 6455, section 5.2).
                peer.socket.transport.write(b"\x81\xfe\x03\x84\x00\x00\x00\x00{")

    def end(self, how: str) -> None:
        """End it: by a signal, or by leaving it alone."""
        with suppress(ProcessLookupError):
            if how in SIGNALS:
                self.process.send_signal(SIGNALS[how])
            elif self.transport == "stdio":
                assert self.process.stdin is not None
                self.process.stdin.close()
            else:
                for peer in self.peers:
                    assert isinstance(peer, WsPeer)
                    peer.socket.transport.abort()
                # The process serves on until it is told.
                asyncio.get_running_loop().call_later(0.2, self.end, "TERM")

    async def ended(self) -> int:
        """The exit code, once all that it said was read."""
        async with asyncio.timeout(MOST_SECONDS):
            code = await self.process.wait()
            for peer in self.peers:
                await peer.closed.wait()
        return code

    def left(self) -> list[int]:
        """Processes that it left behind, whoever is their parent now."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(OSError):
                    if self.mark.encode() in (folder / "environ").read_bytes():
                        found.append(int(folder.name))
        return found


@asynccontextmanager
async def serving(transport: str, folder: Path, clients: int) -> AsyncIterator[Server]:
    """A server whose trail and state lie in ``folder``, with its clients connected."""
    mark = f"killing-{uuid.uuid4().hex}"
    own = {
        "DOCTORFLAN_AUDIT_PATH": str(folder / "audit" / "audit.sqlite3"),
        "DOCTORFLAN_PLUGINS": "",
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "KILLING_RUN": mark,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SERVE),
        transport,
        *([TOKEN] if transport == "ws" else []),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment("several"), **own},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    async with AsyncExitStack() as stack:
        stack.push_async_callback(_reap, process)
        if transport == "stdio":
            peers: list[Peer] = [ProcessPeer(process.stdout, process.stdin)]
        else:
            port = await _port(process.stderr)
            address = f"/?token={TOKEN}"
            peers = [await stack.enter_async_context(ws(port, address)) for _ in range(clients)]
        for peer in peers:
            peer.patience = MOST_SECONDS
        errors = asyncio.create_task(process.stderr.read())
        try:
            yield Server(transport, process, mark, errors, peers)
        except BaseException as error:
            await _reap(process)
            error.add_note(f"on stderr: {(await errors).decode()[-400:]}")
            raise


async def _cut_off(_: bytes) -> None:
    raise ConnectionResetError


async def _port(errors: asyncio.StreamReader) -> int:
    lines: list[str] = []
    async with asyncio.timeout(MOST_SECONDS):
        while not lines or "listening on" not in lines[-1]:
            lines.append((await errors.readline()).decode().strip())
            assert lines[-1], f"the server ended: {lines}"
    return port_of(lines)


async def _reap(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    await process.wait()
