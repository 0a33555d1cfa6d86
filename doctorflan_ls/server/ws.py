"""WebSocket: for editors in a browser. A token and the page's origin are checked first.

Any web page may open a WebSocket to this machine, so loopback alone protects nothing here
(cross-site WebSocket hijacking; RFC 6455, section 10.2).
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import sys
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as serve_ws
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from doctorflan_ls.server import backlog
from doctorflan_ls.server.connection import Connection
from doctorflan_ls.server.host import Host, ServerOptions
from doctorflan_ls.server.jsonrpc import decode
from doctorflan_ls.server.network import announce, is_loopback, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from websockets.http11 import Request, Response

    from doctorflan_ls.server.protocol import RepairedProtocol
    from doctorflan_ls.server.seats import Seats

# For the opening handshake, in which nothing is known of a client yet.
_OPEN_SECONDS = 10.0
# A client that takes nothing answers no ping either, and is left after twice this.
_PING_SECONDS = 20.0
# For the closing handshake, which a client may never answer.
_CLOSE_SECONDS = 0.3
# How a browser, which can set no header on a WebSocket, may pass the token out of the URL.
_TOKEN_PROTOCOL = "doctorflan.token."  # noqa: S105  # a prefix, no secret
_PROTOCOL = Subprotocol("doctorflan.lsp")
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 17\r\nConnection: close\r\n\r\ntoo many clients\n"
)


def run_ws(
    host: str,
    port: int,
    token: str | None = None,
    origins: Sequence[str] = (),
    options: ServerOptions | None = None,
) -> int:
    """Serve until interrupted; the exit code. ``origins`` are allowed besides loopback ones."""
    # A variable that was not set gives an empty one, which anybody has.
    given = (token or "").strip()
    made = None if given else secrets.token_urlsafe(24)
    gate = Gate(given or made or "", frozenset(origins))
    start = partial(_listen, host, port, gate, made)
    return serve(start, (host, port), options or ServerOptions())


@dataclass(frozen=True)
class Gate:
    """Who may come in."""

    token: str
    origins: frozenset[str]

    def check(self, socket: ServerConnection, request: Request) -> Response | None:
        """None lets the client in; a response sends it away."""
        origins = request.headers.get_all("Origin")
        # No browser names two.
        if len(origins) > 1 or not self.allows_origin(origins[0] if origins else None):
            return socket.respond(HTTPStatus.FORBIDDEN, "origin not allowed\n")
        if not any(
            hmac.compare_digest(offered.encode("utf-8", "replace"), self.token.encode())
            for offered in _offered_tokens(request)
        ):
            return socket.respond(HTTPStatus.UNAUTHORIZED, "token missing or wrong\n")
        return None

    def allows_origin(self, origin: str | None) -> bool:
        """A browser names the page's origin: it must be listed or be a page of this machine.

        Other programs name none; the token is what lets them in. "The same host as the server's"
        would let in a foreign name that was made to resolve to this machine (DNS rebinding).
        """
        if origin is None or origin in self.origins:
            return True
        with suppress(ValueError):
            page = urlsplit(origin)
            return page.scheme in ("http", "https") and is_loopback(page.hostname or "")
        return False


def _offered_tokens(request: Request) -> list[str]:
    offered = parse_qs(request.path.partition("?")[2]).get("token", [])
    for header in request.headers.get_all("Authorization"):
        kind, _, value = header.partition(" ")
        if kind.lower() == "bearer":
            offered.append(value.strip())
    for header in request.headers.get_all("Sec-WebSocket-Protocol"):
        names = (name.strip() for name in header.split(","))
        offered += [
            name.removeprefix(_TOKEN_PROTOCOL) for name in names if name.startswith(_TOKEN_PROTOCOL)
        ]
    return offered


def _select_protocol(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    # A browser that asked for protocols drops the connection unless one is chosen; never the
    # token, which would come back in a header.
    return _PROTOCOL if _PROTOCOL in offered else None


def listen(
    address: str,
    port: int,
    host: Host,
    admit: Callable[[ServerConnection, Request], Response | None],
) -> AbstractAsyncContextManager[Server]:
    """A server that talks to each client that ``admit`` answers with None."""
    return serve_ws(
        partial(_talk, host),
        address,
        port,
        process_request=admit,
        select_subprotocol=_select_protocol,
        max_size=host.options.max_message_bytes,
        # Each that waits may be of that size; those that were handed on are counted by the inbox.
        max_queue=1,
        open_timeout=_OPEN_SECONDS,
        ping_interval=_PING_SECONDS,
        ping_timeout=_PING_SECONDS,
        create_connection=_seated(host.seats),
        logger=logging.getLogger("websockets.server"),
        close_timeout=_CLOSE_SECONDS,
        # What runs here is nobody's business.
        server_header=None,
    )


def _seated(seats: Seats) -> type[ServerConnection]:
    """A client that is sent away before it has said anything where there are too many."""

    class Seated(ServerConnection):
        has_seat = False

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.has_seat = seats.take()
            if not self.has_seat:
                self.transport.write(_FULL)
                self.transport.close()

        def connection_lost(self, exc: Exception | None) -> None:
            if self.has_seat:
                self.has_seat = False
                seats.leave()
            super().connection_lost(exc)

    return Seated


async def _listen(address: str, port: int, gate: Gate, made: str | None, host: Host) -> None:
    async with listen(address, port, host, gate.check) as server:
        if made is not None:
            sys.stderr.write(f"doctorflan-ls: token {made}\n")
        announce("ws", list(server.sockets))
        await server.serve_forever()


class _WsSink:
    """Sends text frames one after the other; browsers' clients refuse binary ones."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.unread = 0
        self._lower = asyncio.Event()

    def write(self, body: bytes) -> None:
        self.unread += len(body)
        self._queue.put_nowait(body)

    async def drain(self) -> None:
        while self.unread > backlog.MOST_UNREAD_BYTES:
            self._lower.clear()
            await self._lower.wait()

    def give_up(self) -> None:
        self._queue = asyncio.Queue()
        self._socket.transport.abort()

    async def send_all(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                body = await self._queue.get()
                await self._socket.send(body, text=True)
                self.unread -= len(body)
                self._lower.set()
                self._queue.task_done()

    async def finish(self) -> None:
        await self._queue.join()


async def _talk(host: Host, socket: ServerConnection) -> None:
    connection = Connection(host)
    sink = _WsSink(socket)
    connection.protocol.sink = sink
    sending = asyncio.ensure_future(sink.send_all())
    reading = asyncio.ensure_future(_read(socket, connection.protocol))
    finishing = asyncio.ensure_future(_run(connection, sink))
    try:
        await asyncio.wait((finishing, sending), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (reading, sending, finishing):
            task.cancel()
        await connection.close()


async def _run(connection: Connection, sink: _WsSink) -> None:
    await connection.protocol.run()
    await sink.finish()


async def _read(socket: ServerConnection, protocol: RepairedProtocol) -> None:
    with suppress(ConnectionClosed):
        async for body in socket:
            protocol.receive(decode(body), len(body))
            await protocol.inbox.room()
    protocol.end_of_input()
