"""What the TCP and WebSocket servers have in common."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import signal
import sys
from typing import TYPE_CHECKING

from doctorflan_ls.i18n import message
from doctorflan_ls.leaving import leave
from doctorflan_ls.server.host import Host, ServerOptions
from doctorflan_ls.server.quiet import quieten, spare_pauses
from doctorflan_ls.server.signals import on_end

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from socket import socket


_INTERRUPTED = 130
_GOODBYE_SECONDS = 0.4


def is_loopback(host: str) -> bool:
    """True for an address, or the name ``localhost``, that no other machine can reach."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def announce(scheme: str, sockets: Sequence[socket]) -> None:
    """Say on stderr, in one line, where the server listens."""
    host, port = sockets[0].getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    sys.stderr.write(f"doctorflan-ls: listening on {scheme}://{shown}:{port}\n")
    sys.stderr.flush()


def serve(
    start: Callable[[Host], Awaitable[None]], address: tuple[str, int], options: ServerOptions
) -> int:
    """Run ``start`` until the process is interrupted; the exit code where it cannot begin."""
    host, port = address
    if not options.allow_remote and not is_loopback(host):
        _say("server.not-loopback", options, host=host)
        return 2
    try:
        asyncio.run(_serve(start, options))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            _say("server.port-in-use", options, host=host, port=port)
        else:
            _say("server.cannot-listen", options, host=host, port=port, reason=error.strerror)
        return 1
    leave(0)
    return 0


def _say(key: str, options: ServerOptions, **fields: object) -> None:
    sys.stderr.write(f"doctorflan-ls: {message(key, options.locale, **fields)}\n")


async def _serve(start: Callable[[Host], Awaitable[None]], options: ServerOptions) -> None:
    loop = asyncio.get_running_loop()
    quieten(loop)
    spare_pauses()
    # A client's process id says nothing about this process, which serves others too.
    host = Host(options, lambda _: None, shared=True)
    stopped: asyncio.Future[int] = loop.create_future()

    def stop(number: signal.Signals) -> None:
        if not stopped.done():
            stopped.set_result(_INTERRUPTED if number == signal.SIGINT else 0)

    on_end(loop, stop)
    serving = asyncio.ensure_future(start(host))
    try:
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
    finally:
        serving.cancel()
        await asyncio.wait((serving,), timeout=_GOODBYE_SECONDS)
        # Last: what is recorded after the host is closed is not written.
        host.close()
    sys.stderr.flush()
    # Clients may still be connected, and one that answers no goodbye would hold the loop's end.
    os._exit(stopped.result())
