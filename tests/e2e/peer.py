"""A client that sends any bytes and remembers every message, over each transport."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from doctorflan_ls.server.jsonrpc import Framer

ROOT = Path(__file__).resolve().parents[2]
SERVE = Path(__file__).with_name("serve.py")


class RpcError(Exception):
    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.message = error["message"]
        self.error = error


class Peer:
    """Answers are matched by id; everything else the server says is kept in ``heard``.

    ``patience`` is how many seconds an answer may take: a guard.
    """

    patience = 20.0

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.answers: dict[Any, list[dict[str, Any]]] = {}
        self._waiting: dict[Any, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Condition()
        self._ids = count(1)
        self.closed = asyncio.Event()
        self._pump: asyncio.Task[None]

    async def send_body(self, body: bytes) -> None:
        raise NotImplementedError

    async def _read(self) -> None:
        raise NotImplementedError

    def stop_reading(self) -> None:
        """Take nothing more of what the server sends."""
        self._pump.cancel()

    def read_again(self) -> None:
        """Take what has waited, and all that comes."""
        self._pump = asyncio.create_task(self._read())

    async def send(self, message: dict[str, Any]) -> None:
        await self.send_body(json.dumps({"jsonrpc": "2.0", **message}).encode())

    async def notify(self, method: str, params: Any = None) -> None:
        await self.send({"method": method, "params": params})

    async def start(self, method: str, params: Any = None, asked: Any = None) -> Any:
        asked = f"c{next(self._ids)}" if asked is None else asked
        self._waiting[asked] = asyncio.get_running_loop().create_future()
        await self.send({"id": asked, "method": method, "params": params})
        return asked

    async def answer(self, asked: Any) -> Any:
        message = await asyncio.wait_for(self._waiting[asked], self.patience)
        if "error" in message:
            raise RpcError(message["error"])
        return message["result"]

    async def request(self, method: str, params: Any = None) -> Any:
        return await self.answer(await self.start(method, params))

    async def until(self, found: Any) -> Any:
        """Wait until ``found(heard)`` is true and return it."""
        async with asyncio.timeout(20), self._news:
            while not (result := found(self.heard)):
                await self._news.wait()
            return result

    async def take(self, body: bytes | str) -> None:
        message = json.loads(body)
        self.heard.append(message)
        if "method" not in message:
            self.answers.setdefault(message["id"], []).append(message)
            future = self._waiting.get(message["id"])
            if future is not None and not future.done():
                future.set_result(message)
        async with self._news:
            self._news.notify_all()

    async def initialize(self, capabilities: Any = None, **more: Any) -> dict[str, Any]:
        params = {"processId": None, "rootUri": None, "capabilities": capabilities or {}} | more
        result = await self.request("initialize", params)
        await self.notify("initialized", {})
        return result

    async def open(self, text: str, uri: str = "file:///n.txt", version: int = 1) -> str:
        item = {"uri": uri, "languageId": "clinical-note", "version": version, "text": text}
        await self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    async def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        document = {"uri": uri, "version": version}
        params = {"textDocument": document, "contentChanges": list(changes)}
        await self.notify("textDocument/didChange", params)


class StreamPeer(Peer):
    """Over a byte stream with base protocol headers."""

    def __init__(self, reader: asyncio.StreamReader, writer: Any) -> None:
        super().__init__()
        self.writer = writer
        self._reader = reader
        self._framer = Framer()
        self.raw = bytearray()
        self._pump = asyncio.create_task(self._read())

    async def send_body(self, body: bytes) -> None:
        await self.send_raw(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def send_raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def _read(self) -> None:
        while data := await self._reader.read(65536):
            self.raw += data
            for body in self._framer.feed(data):
                assert isinstance(body, bytes), f"stray bytes in the protocol: {body}"
                await self.take(body)
        self.closed.set()


class ProcessPeer(StreamPeer):
    """A server process on its standard streams."""

    process: asyncio.subprocess.Process
    errors: bytes

    async def stderr(self) -> str:
        """Everything it wrote on stderr, once it has ended."""
        await self.process.wait()
        return (await self._errors).decode()

    def collect(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        assert process.stderr is not None
        self._errors = asyncio.create_task(process.stderr.read())


def environment(model: str = "", log_level: str = "WARNING") -> dict[str, str]:
    folders = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    chosen = {"PYTHONPATH": os.pathsep.join(folders), "TEST_LOG_LEVEL": log_level}
    if model:
        chosen["TEST_MODEL"] = model
    return {**os.environ, **chosen}


@asynccontextmanager
async def stdio(model: str = "", log_level: str = "WARNING") -> AsyncIterator[ProcessPeer]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SERVE),
        "stdio",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(model, log_level),
    )
    assert process.stdout is not None
    peer = ProcessPeer(process.stdout, process.stdin)
    peer.collect(process)
    try:
        yield peer
    finally:
        if process.returncode is None:
            process.kill()
        # What a test left unread would be waited for.
        process._transport.get_pipe_transport(1).close()
        await process.wait()


@asynccontextmanager
async def listening(
    transport: str, *arguments: str, model: str = ""
) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[str]]]:
    """A TCP or WebSocket server and the lines it printed up to the one with its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SERVE),
        transport,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment(model),
    )
    assert process.stderr is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(20):
            while not lines or "listening on" not in lines[-1]:
                line = await process.stderr.readline()
                assert line, f"the server ended: {lines}"
                lines.append(line.decode().strip())
        yield process, lines
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def port_of(lines: list[str]) -> int:
    return int(lines[-1].rsplit(":", 1)[1])


@asynccontextmanager
async def tcp(port: int) -> AsyncIterator[StreamPeer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    peer = StreamPeer(reader, writer)
    try:
        yield peer
    finally:
        peer.stop_reading()
        writer.close()


class WsPeer(Peer):
    """Over WebSocket text frames."""

    def __init__(self, socket: ClientConnection) -> None:
        super().__init__()
        self.socket = socket
        self.kinds: set[type] = set()
        self._pump = asyncio.create_task(self._read())

    async def send_body(self, body: bytes) -> None:
        await self.socket.send(body, text=True)

    async def _read(self) -> None:
        # A server that was killed says no goodbye.
        with suppress(ConnectionClosed):
            async for body in self.socket:
                self.kinds.add(type(body))
                await self.take(body)
        self.closed.set()


@asynccontextmanager
async def ws(port: int, path: str = "/", **options: Any) -> AsyncIterator[WsPeer]:
    async with connect(f"ws://127.0.0.1:{port}{path}", max_size=None, **options) as socket:
        yield WsPeer(socket)
