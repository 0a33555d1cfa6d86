"""Standard input and output: the transport editors start.

A thread reads and another writes, so that neither a blocked pipe nor a slow client stops the event
loop. Both are daemons and use the raw descriptors: no lock of a buffered stream can be held at
exit. Anything else that writes to descriptor 1 lands on standard error.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from doctorflan_ls.leaving import leave
from doctorflan_ls.server import backlog
from doctorflan_ls.server.connection import Connection
from doctorflan_ls.server.host import Host, ServerOptions
from doctorflan_ls.server.jsonrpc import Framer, Malformed, decode, frame
from doctorflan_ls.server.quiet import quieten, spare_pauses
from doctorflan_ls.server.signals import on_end

if TYPE_CHECKING:
    from collections.abc import Callable

_READ_BYTES = 64 * 1024
_PARENT_CHECK_SECONDS = 0.5
# A process that is told to end handles what it has received, so long at the most.
_SIGNALLED_SECONDS = 1.0
_INTERRUPTED = 130


def run_stdio(options: ServerOptions | None = None) -> int:
    """Serve one client until ``exit``, the end of input, the client's death or a signal; the exit
    code.
    """
    out = claim_stdout()
    code = asyncio.run(_serve(options or ServerOptions(), out))
    leave(code)
    return code


def claim_stdout() -> int:
    """Keep standard output for the protocol: a stray print or child process goes to stderr."""
    out = os.dup(1)
    os.set_inheritable(out, False)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return out


async def _serve(options: ServerOptions, out: int) -> int:
    loop = asyncio.get_running_loop()
    quieten(loop)
    spare_pauses()

    def watch(process_id: int) -> None:
        if alive(process_id):
            loop.call_later(_PARENT_CHECK_SECONDS, watch, process_id)
        else:
            connection.protocol.end_of_input()

    host = Host(options, watch)
    connection = Connection(host)
    sink = StdoutSink(out, loop, connection.protocol.end_of_input)
    connection.protocol.sink = sink
    _start_reader(connection, loop, options.max_message_bytes)
    running = asyncio.ensure_future(connection.protocol.run())
    interrupted = False

    def end(number: signal.Signals) -> None:
        nonlocal interrupted
        interrupted = interrupted or number == signal.SIGINT
        connection.protocol.end_of_input()
        loop.call_later(_SIGNALLED_SECONDS, running.cancel)

    on_end(loop, end)
    try:
        await asyncio.wait((running,))
        if not running.cancelled():
            running.result()
    finally:
        # First: what is recorded after the host is closed is not written.
        await connection.close()
        host.close()
        sink.finish()
    if interrupted:
        return _INTERRUPTED
    return 0 if connection.protocol.phase == "exited" else 1


class StdoutSink:
    """Writes frames from a thread of its own."""

    def __init__(
        self, descriptor: int, loop: asyncio.AbstractEventLoop, on_broken: Callable[[], None]
    ) -> None:
        self._descriptor = descriptor
        self._loop = loop
        self._on_broken = on_broken
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self.unread = 0
        self._given_up = False
        self._lower = asyncio.Event()
        self._thread = threading.Thread(target=self._write_all, name="stdout", daemon=True)
        self._thread.start()

    def write(self, body: bytes) -> None:
        """Queue one message."""
        data = frame(body)
        self.unread += len(data)
        self._queue.put(data)

    async def drain(self) -> None:
        """Wait while the client is far behind."""
        while self.unread > backlog.MOST_UNREAD_BYTES:
            self._lower.clear()
            await self._lower.wait()

    def give_up(self) -> None:
        """Write nothing more, and hold nothing of it."""
        self._given_up = True
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        self._queue.put(None)

    def finish(self) -> None:
        """Write what is queued, unless the client has stopped reading."""
        self._queue.put(None)
        self._thread.join(timeout=0.3)

    def _write_all(self) -> None:
        while (data := self._queue.get()) is not None:
            try:
                view = memoryview(data)
                while view and not self._given_up:
                    view = view[os.write(self._descriptor, view) :]
            except OSError:
                self._call(self._on_broken)
                return
            self._call(self._written, len(data))

    def _written(self, count: int) -> None:
        self.unread -= count
        self._lower.set()

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        # The loop may have ended while this thread was blocked in a write.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)


def _start_reader(connection: Connection, loop: asyncio.AbstractEventLoop, max_bytes: int) -> None:
    framer = Framer(max_bytes)
    ready = threading.Event()

    def received(data: bytes) -> None:
        for body in framer.feed(data):
            message = body if isinstance(body, Malformed) else decode(body)
            size = 0 if isinstance(body, Malformed) else len(body)
            connection.protocol.receive(message, size)
        resume()

    def resume() -> None:
        if connection.protocol.inbox.is_full:
            loop.call_later(0.01, resume)
        else:
            ready.set()

    def read_all() -> None:
        while not loop.is_closed():
            try:
                data = os.read(0, _READ_BYTES)
            except OSError:
                data = b""
            if loop.is_closed():
                return
            if not data:
                loop.call_soon_threadsafe(connection.protocol.end_of_input)
                return
            ready.clear()
            loop.call_soon_threadsafe(received, data)
            ready.wait()

    threading.Thread(target=read_all, name="stdin", daemon=True).start()


def alive(process_id: int) -> bool:
    """True while the process exists (or cannot be asked, as on Windows without its handle)."""
    if os.name != "posix":
        return True
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
