"""TCP: many clients, each with a server object of its own; one leaving disturbs no other."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from doctorflan_ls.i18n import message
from doctorflan_ls.server import backlog
from doctorflan_ls.server.connection import Connection
from doctorflan_ls.server.host import Host, ServerOptions
from doctorflan_ls.server.jsonrpc import Framer, Malformed, decode, encode, frame
from doctorflan_ls.server.network import announce, serve

if TYPE_CHECKING:
    from doctorflan_ls.server.protocol import RepairedProtocol

_log = logging.getLogger(__name__)
_READ_BYTES = 64 * 1024
# A client that takes nothing of what waits for it, or has not said a word yet, is left after this
# or twice as long. An editor that was suspended takes nothing; its socket takes some megabytes.
_STUCK_SECONDS = 60.0
# A browser that a page made send something here begins with one of these; no editor does.
_WEB = tuple(f"{each} ".encode() for each in ("GET", "HEAD", "POST", "PUT", "OPTIONS", "CONNECT"))
_LONGEST = max(map(len, _WEB))
# One that vanished without a word (a pulled cable) is noticed after about two minutes.
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}


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
        self._written = 0
        most = backlog.MOST_UNREAD_BYTES
        writer.transport.set_write_buffer_limits(most, most)

    @property
    def unread(self) -> int:
        return self._writer.transport.get_write_buffer_size()

    @property
    def taken(self) -> int:
        """Bytes that the client took so far."""
        return self._written - self.unread

    def write(self, body: bytes) -> None:
        if not self._writer.is_closing():
            data = frame(body)
            self._written += len(data)
            self._writer.write(data)

    async def drain(self) -> None:
        with suppress(OSError):
            await self._writer.drain()

    def give_up(self) -> None:
        self._writer.transport.abort()


async def _talk(host: Host, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if not host.seats.take():
        await _send_away(host, writer)
        return
    try:
        await _serve(host, reader, writer)
    finally:
        host.seats.leave()


async def _serve(host: Host, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    _keep_alive(writer)
    connection = Connection(host)
    sink = connection.protocol.sink = _TcpSink(writer)
    reading = asyncio.ensure_future(
        _read(reader, connection.protocol, host.options.max_message_bytes)
    )
    watching = asyncio.ensure_future(_watch(sink, connection.protocol))
    try:
        await connection.protocol.run()
    finally:
        reading.cancel()
        await connection.close()
        # What is written still goes out, to a client that takes it.
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        watching.cancel()


async def _send_away(host: Host, writer: asyncio.StreamWriter) -> None:
    params = {"type": 1, "message": message("server.too-many-clients", host.options.locale)}
    shown = {"jsonrpc": "2.0", "method": "window/showMessage", "params": params}
    writer.write(frame(encode(shown)))
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            # Not every system has all of them.
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _watch(sink: _TcpSink, protocol: RepairedProtocol) -> None:
    """Leave a client that takes nothing, or does not greet."""
    while True:
        taken = sink.taken
        await asyncio.sleep(_STUCK_SECONDS)
        if protocol.phase == "new" or (sink.unread and sink.taken == taken):
            _log.warning("a client that does not read, or did not greet, was left")
            sink.give_up()
            return


async def _read(reader: asyncio.StreamReader, protocol: RepairedProtocol, limit: int) -> None:
    framer = Framer(limit)
    beginning = b""
    with suppress(OSError):
        while data := await reader.read(_READ_BYTES):
            beginning += data[: _LONGEST - len(beginning)]
            if beginning.startswith(_WEB):
                # Any page may send a request to this machine, with messages for its body.
                _log.warning("a web browser was sent away")
                break
            for body in framer.feed(data):
                if isinstance(body, Malformed):
                    protocol.receive(body)
                else:
                    protocol.receive(decode(body), len(body))
            await protocol.inbox.room()
    protocol.end_of_input()
