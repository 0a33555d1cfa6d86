"""What a browser, or whoever pretends to be one, sends to the page's port before it is let in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from pathlib import Path

from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from doctorflan_ls.server.web import SOCKET, Door
from doctorflan_ls.server.ws import Gate, _select_protocol
from tests.endurance.fuzz_targets import target

_TOKEN = "a-token-of-the-tests"  # a made one


def _requests() -> Iterator[bytes]:
    shake = (
        b"Host: 127.0.0.1:8000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    )
    yield b"GET / HTTP/1.1\r\nHost: localhost:8000\r\n\r\n"
    yield b"GET /a.json?x=1 HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n"
    yield b"GET /..%2f..%2fetc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    yield f"GET {SOCKET}?token={_TOKEN} HTTP/1.1\r\n".encode() + shake + b"\r\n"
    yield f"GET {SOCKET} HTTP/1.1\r\nAuthorization: Bearer {_TOKEN}\r\n".encode() + shake + b"\r\n"
    yield (
        f"GET {SOCKET} HTTP/1.1\r\nOrigin: http://localhost:3000\r\n"
        f"Sec-WebSocket-Protocol: doctorflan.lsp, doctorflan.token.{_TOKEN}\r\n".encode()
        + shake
        + b"\r\n"
    )


class _Socket(ServerProtocol):
    """The server's side of a connection, without one: requests in, responses out."""

    def respond(self, status: HTTPStatus, text: str) -> Response:
        return self.reject(status, text)


@target(
    "web",
    "text",
    _requests,
    words=(
        _TOKEN,
        SOCKET,
        "Host: ",
        "Origin: ",
        "\r\n",
        "%00",
        "%2e%2e/",
        "//",
        "?token=",
        "[",
        "]",
        "@",
        "\ufeff",
    ),
)
def web(data: bytes, folder: Path) -> Iterable[object]:
    """Each request is refused, gets a file that was listed, or has the token."""
    (folder / "index.html").write_text("<p>", encoding="utf-8")
    door = Door(
        Gate(_TOKEN, frozenset()), {"/index.html": folder / "index.html"}, {"/a.json": b"{}"}
    )
    socket = _Socket(select_subprotocol=lambda _, offered: _chosen(offered))
    socket.receive_data(data)
    for event in socket.events_received():
        # What comes behind the request ends the connection before it is looked at.
        if not isinstance(event, Request) or socket.close_expected():
            continue
        answer = door.check(socket, event)  # type: ignore[arg-type]  # only ``respond`` is used
        if answer is None:
            assert _TOKEN in event.path or _TOKEN in str(list(event.headers.raw_items())), (
                "let in without the token"
            )
            answer = socket.accept(event)
        socket.send_response(answer)
        yield answer.status_code
        head = b"".join(socket.data_to_send()[:1]).partition(b"\r\n\r\n")[0]
        assert _TOKEN.encode() not in head, "the token comes back"
        break
    yield type(socket.handshake_exc).__name__


def _chosen(offered: Iterable[Subprotocol]) -> Subprotocol | None:
    return _select_protocol(None, list(offered))  # type: ignore[arg-type]  # it is not looked at
