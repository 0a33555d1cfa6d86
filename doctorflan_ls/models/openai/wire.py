"""The socket under one request: bounded in time and in bytes, cut at once when it is stopped."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from httpcore2 import SOCKET_OPTION, NetworkBackend, NetworkStream, WriteError

from doctorflan_ls.models.base import Stop
from doctorflan_ls.models.openai import address as addresses
from doctorflan_ls.models.openai.address import Address
from doctorflan_ls.models.openai.faults import Fault, Stopped

CONNECT_SECONDS = 10.0
# Status line and headers together; h11 bounds each single header by itself.
_MAX_HEAD_BYTES = 256 * 1024
# An answer is some hundred bytes for each token.
_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_LAST_SECONDS = 1.0
# How soon a stop is seen while a connection is being made.
_LOOK_SECONDS = 0.05


class Wire(NetworkBackend):
    """Makes the connection of one request, to ``address`` alone.

    ``hang_up`` may be called from any thread and at any time: whatever this thread waits for on
    the connection ends at once with Stopped, and the server sees the connection close. ``silence``
    is in seconds without a byte. The stop's deadline bounds every wait.
    """

    def __init__(self, address: Address, stop: Stop, silence: float) -> None:
        self.address = address
        self.stop = stop
        self.silence = silence
        self.limit = _MAX_HEAD_BYTES
        self.received = 0
        self.has_answer = False
        self._last: float | None = None
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def answered(self) -> None:
        """The head of the answer is here: its body may be longer."""
        self.has_answer = True
        self.limit = _MAX_ANSWER_BYTES

    def ending(self) -> None:
        """All that matters is here: what still comes is not waited for long, silent or not."""
        self._last = time.monotonic() + _LAST_SECONDS

    def hang_up(self) -> None:
        """Cut the connection; returns at once and never raises."""
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):
                    # Not that of an SSLSocket, which takes TLS off under the reader's feet.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def use(self, sock: socket.socket | None) -> None:
        """The socket that ``hang_up`` cuts; raises Stopped where it was called before."""
        with self._lock:
            self._socket = sock
        if sock is not None and self.stop.is_set():
            raise Stopped

    def patience(self, seconds: float) -> float:
        """``seconds``, or what is left until the deadline; raises Stopped or Fault at its end."""
        if self.stop.is_set():
            raise Stopped
        if self._last is not None:
            seconds = min(seconds, self._last - time.monotonic())
            if seconds <= 0:
                raise Fault("openai.deadline")
        left = self.stop.left()
        if left is None:
            return seconds
        if left <= 0:
            raise Fault("openai.deadline")
        return min(seconds, left)

    def late(self, silent: Fault) -> Fault:
        """What a time-out was: the deadline, or ``silent``."""
        return Fault("openai.deadline") if self.stop.left() == 0 else silent

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> NetworkStream:
        """As `httpcore2.NetworkBackend` has it; raises Fault or Stopped."""
        self.patience(CONNECT_SECONDS)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Fault("openai.no-name") from None
        fault = Fault("openai.no-name")
        for family, kind, protocol, _, where in found:
            if fault_here := self._refuse(str(where[0])):
                fault = fault_here
                continue
            try:
                sock = socket.socket(family, kind, protocol)
                try:
                    self._connect(sock, where)
                except BaseException:
                    self.use(None)
                    sock.close()
                    raise
                return _Stream(sock, self)
            except OSError:
                fault = Fault("openai.unreachable", again=True)
            except Fault as error:
                fault = error
        raise fault

    def _refuse(self, number: str) -> Fault | None:
        if self.address.local and not addresses.is_loopback(number):
            return Fault("openai.not-loopback")
        if not self.address.secure and addresses.is_public(number):
            return Fault("openai.plain-public")
        return None

    def _connect(self, sock: socket.socket, where: Any) -> None:  # noqa: ANN401 - by family
        self.use(sock)
        sock.setblocking(False)
        until = time.monotonic() + self.patience(CONNECT_SECONDS)
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_WRITE)
            try:
                sock.connect(where)
            except BlockingIOError:
                # In short waits: not every system wakes a connecting socket that is shut down.
                while not selector.select(_LOOK_SECONDS):
                    self.patience(_LOOK_SECONDS)
                    if time.monotonic() > until:
                        raise self.late(Fault("openai.unreachable", again=True)) from None
        if problem := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(problem, "")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _Stream(NetworkStream):
    """Bytes to and from the server."""

    def __init__(self, sock: socket.socket, wire: Wire) -> None:
        self._socket = sock
        self._wire = wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """The next bytes, none at the end of the stream."""
        self._socket.settimeout(self._wire.patience(self._wire.silence))
        try:
            data = self._socket.recv(max_bytes)
        except TimeoutError:
            silent = Fault("openai.silent", seconds=round(self._wire.silence))
            raise self._wire.late(silent) from None
        except (OSError, ValueError):
            if self._wire.stop.is_set():
                raise Stopped from None
            raise self._dropped() from None
        if self._wire.stop.is_set():
            raise Stopped
        self._wire.received += len(data)
        if self._wire.received > self._wire.limit:
            raise Fault("openai.too-much")
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Send all of ``buffer``."""
        view = memoryview(buffer)
        while view:
            self._socket.settimeout(self._wire.patience(self._wire.silence))
            try:
                view = view[self._socket.send(view) :]
            except TimeoutError:
                silent = Fault("openai.silent", seconds=round(self._wire.silence))
                raise self._wire.late(silent) from None
            except (OSError, ValueError):
                if self._wire.stop.is_set():
                    raise Stopped from None
                # The server may have said why before it closed: httpcore then reads its answer.
                raise WriteError from None

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> NetworkStream:
        """The same over TLS; the server's certificate and name are verified by ``ssl_context``."""
        try:
            self._socket.settimeout(self._wire.patience(CONNECT_SECONDS))
            self._socket = wrapped = ssl_context.wrap_socket(
                self._socket, server_hostname=server_hostname, do_handshake_on_connect=False
            )
            self._wire.use(wrapped)
            wrapped.do_handshake()
        except BaseException as error:  # noqa: BLE001 - the socket is closed, whatever it was
            self.close()
            raise self._handshake(error) from None
        return self

    def _handshake(self, error: BaseException) -> BaseException:
        if not isinstance(error, (OSError, ValueError)):
            return error
        if self._wire.stop.is_set():
            return Stopped()
        if isinstance(error, ssl.SSLCertVerificationError):
            return Fault("openai.certificate")
        fault = Fault("openai.tls")
        return self._wire.late(fault) if isinstance(error, TimeoutError) else fault

    def close(self) -> None:
        """Close the connection."""
        self._wire.use(None)
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401, ARG002 - the interface's
        """Nothing: HTTP/1.1 needs none of it."""
        return None

    def _dropped(self) -> Fault:
        if self._wire.has_answer:
            return Fault("openai.cut-off")
        return Fault("openai.dropped", again=True)
