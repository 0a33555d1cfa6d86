"""TCP: many clients, each with a server object of its own; one leaving disturbs no other."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from doctorflan_ls.server.connection import Connection
from doctorflan_ls.server.host import Host, ServerOptions
from doctorflan_ls.server.jsonrpc import Framer, Malformed, decode, frame
from doctorflan_ls.server.network import announce, serve

if TYPE_CHECKING:
    from doctorflan_ls.server.protocol import RepairedProtocol

_READ_BYTES = 64 * 1024
_MAX_WAITING_MESSAGES = 1000


def run_tcp(host: str, port: int, options: ServerOptions | None = None) -> int:
    """Serve until interrupted; the exit code."""
    return serve(partial(_listen, host, port), (host, port), options or ServerOptions())


async def _listen(address: str, port: int, host: Host) -> None:
    server = await asyncio.start_server(partial(_talk, host), address, port)
    announce("tcp", server.sockets)
    async with server:
        await server.serve_forever()


class _TcpSink:
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def write(self, body: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(frame(body))

    async def drain(self) -> None:
        with suppress(OSError):
            await self._writer.drain()


async def _talk(host: Host, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = Connection(host)
    connection.protocol.sink = _TcpSink(writer)
    reading = asyncio.ensure_future(
        _read(reader, connection.protocol, host.options.max_message_bytes)
    )
    try:
        await connection.protocol.run()
        with suppress(OSError):
            await writer.drain()
    finally:
        reading.cancel()
        await connection.close()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _read(reader: asyncio.StreamReader, protocol: RepairedProtocol, limit: int) -> None:
    framer = Framer(limit)
    with suppress(OSError):
        while data := await reader.read(_READ_BYTES):
            for body in framer.feed(data):
                protocol.receive(body if isinstance(body, Malformed) else decode(body))
            await protocol.room(_MAX_WAITING_MESSAGES)
    protocol.end_of_input()
