"""What the TCP and WebSocket servers have in common."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from doctorflan_ls.i18n import message
from doctorflan_ls.server.host import Host, ServerOptions
from doctorflan_ls.server.quiet import quieten, spare_pauses
from doctorflan_ls.server.stdio import leave

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from socket import socket


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


def serve(start: Callable[[Host], Awaitable[None]], address: str, options: ServerOptions) -> int:
    """Run ``start`` until the process is interrupted; the exit code."""
    if not options.allow_remote and not is_loopback(address):
        sys.stderr.write(f"doctorflan-ls: {message('server.not-loopback', 'en', host=address)}\n")
        return 2
    try:
        asyncio.run(_serve(start, options))
    except OSError as error:
        sys.stderr.write(f"doctorflan-ls: cannot listen on {address}: {error.strerror}\n")
        return 1
    leave(0)
    return 0


async def _serve(start: Callable[[Host], Awaitable[None]], options: ServerOptions) -> None:
    loop = asyncio.get_running_loop()
    quieten(loop)
    spare_pauses()
    # A client's process id says nothing about this process, which serves others too.
    host = Host(options, lambda _: None)
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        # Windows has no signal handlers in its loop; there Ctrl+C interrupts the run.
        with suppress(NotImplementedError):
            loop.add_signal_handler(name, stopped.set)
    serving = asyncio.ensure_future(start(host))
    stopping = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
    finally:
        host.close()
        serving.cancel()
        stopping.cancel()
        await asyncio.gather(serving, stopping, return_exceptions=True)
