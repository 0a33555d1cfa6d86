"""Small real servers on loopback that answer as a test tells them, byte by byte."""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress

from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.tasks.model import Bilingual

Answer = Callable[[socket.socket, bytes], None]


class Server:
    """Gives each connection's request to the next of ``answers``, the last one for all that follow.

    ``requests`` are the bytes that came; ``gone`` is set once a client closed before its answer
    was complete.
    """

    def __init__(self, answers: Iterable[Answer], context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.times: list[float] = []
        self.gone = threading.Event()
        self._answers = list(answers)
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http{'s' if context else ''}://{self.host}/v1"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        # Not every system wakes a thread that accepts on a socket which another one closes.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    @property
    def bodies(self) -> list[dict]:
        return [
            json.loads(request.partition(b"\r\n\r\n")[2])
            for request in self.requests
            if request.startswith(b"POST")
        ]

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            connection.settimeout(20)
            request = read_request(connection)
            if not request:
                return
            answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
            self.requests.append(request)
            self.times.append(time.monotonic())
            try:
                answer(connection, request)
            except (BrokenPipeError, ConnectionResetError):
                self.gone.set()
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


@contextmanager
def serving(*answers: Answer, context: ssl.SSLContext | None = None):
    server = Server(answers, context)
    try:
        yield server
    finally:
        server.close()


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def sends(*pieces: bytes, pause: float = 0.0) -> Answer:
    """An answer of raw bytes, one send for each piece."""

    def answer(connection: socket.socket, _request: bytes) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)

    return answer


def status(code: int, body: bytes = b"", *headers: str, kind: str = "application/json") -> Answer:
    lines = [f"HTTP/1.1 {code} X", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return sends("\r\n".join([*lines, *headers, "", ""]).encode() + body)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def event(content: str | None = None, finish: str | None = None, **delta: object) -> bytes:
    if content is not None:
        delta["content"] = content
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def stream(*texts: str, finish: str = "stop") -> Answer:
    """A whole streamed answer."""
    done = b"data: [DONE]\n\n"
    return sends(HEAD, *map(event, texts), event(finish=finish), done)


def echoes(connection: socket.socket, request: bytes) -> None:
    """Streams the last message back, three characters at a time."""
    text = json.loads(request.partition(b"\r\n\r\n")[2])["messages"][-1]["content"]
    pieces = [text[at : at + 3] for at in range(0, len(text), 3)]
    stream(*pieces)(connection, request)


def hangs(*pieces: bytes) -> Callable[[threading.Event], Answer]:
    """Sends ``pieces``, then waits until the client closes, and says so."""

    def with_event(gone: threading.Event) -> Answer:
        def answer(connection: socket.socket, _request: bytes) -> None:
            for piece in pieces:
                connection.sendall(piece)
            with suppress(ConnectionResetError):
                readable, _, _ = select.select([connection], [], [], 20)
                if readable and not connection.recv(1):
                    gone.set()

        return answer

    return with_event


def manifest(url: str, model: str = "m", **given: object) -> Manifest:
    values: dict = {
        "id": "remote",
        "version": "1",
        "kind": "openai",
        "licence": "Apache-2.0",
        "source": "test",
        "languages": ("zh", "en"),
        "description": Bilingual("测试", "test"),
        "limits": Bilingual("测试", "test"),
        "digest": "",
    }
    return Manifest(**(values | given), url=url, model=model)
