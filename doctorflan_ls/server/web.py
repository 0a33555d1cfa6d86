"""A web page, the data it shows and its WebSocket, on one port of this machine.

Any page in the same browser may send requests here, so nothing is trusted for being local: the
``Host`` must be this machine's own name (DNS rebinding), only files that were listed at the start
are served, and the WebSocket asks for the token, which stands in the part of the address that
browsers send to nobody.
"""

from __future__ import annotations

import re
import secrets
import sys
import threading
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from websockets.datastructures import Headers
from websockets.http11 import Response

from doctorflan_ls.i18n import message
from doctorflan_ls.server.host import Host, ServerOptions
from doctorflan_ls.server.network import is_loopback, serve
from doctorflan_ls.server.ws import Gate, listen

if TYPE_CHECKING:
    from pathlib import Path

    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request

ADDRESS = "127.0.0.1"
SOCKET = "/lsp"
_INDEX = "index.html"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".map": "application/json; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_PLAIN = _TYPES[".txt"]
# What may follow in a policy: nothing in it can end a directive.
_HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")
# The page constructs its styles and parses none.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; manifest-src 'self'; connect-src 'self' ws://{host}; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
_SAFE = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Site:
    """What is served: the files of ``folder``, and ``data`` (JSON) by its path (``/a.json``).

    ``token`` is what the WebSocket asks for; one is made where it is empty.
    """

    folder: Path
    data: Mapping[str, bytes]
    token: str = ""


def run_web(
    site: Site, port: int, ready: Callable[[str], None], options: ServerOptions | None = None
) -> int:
    """Serve until interrupted; the exit code. ``ready`` is called with the page's address."""
    options = options or ServerOptions()
    files = _files(site.folder)
    if f"/{_INDEX}" not in files:
        sys.stderr.write(f"doctorflan-ls: {message('web.no-page', options.locale)}\n")
        return 1
    gate = Gate(site.token or secrets.token_urlsafe(24), frozenset())
    door = Door(gate, files, site.data)
    return serve(partial(_listen, port, door, ready), (ADDRESS, port), options)


def open_page(address: str) -> None:
    """Have the user's browser open ``address``; a browser that takes its time holds up nobody."""
    threading.Thread(target=webbrowser.open, args=(address,), name="browser", daemon=True).start()


async def _listen(port: int, door: Door, ready: Callable[[str], None], host: Host) -> None:
    async with listen(ADDRESS, port, host, door.check) as server:
        taken = next(iter(server.sockets)).getsockname()[1]
        ready(f"http://{ADDRESS}:{taken}/#token={door.gate.token}")
        await server.serve_forever()


@dataclass(frozen=True)
class Door:
    """Answers each request: a file, data, a refusal, or the way to the WebSocket."""

    gate: Gate
    files: Mapping[str, Path]
    data: Mapping[str, bytes]

    def check(self, socket: ServerConnection, request: Request) -> Response | None:
        """None lets a WebSocket client in."""
        hosts = request.headers.get_all("Host")
        host = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if host is None or not is_loopback(host["name"]):
            return _refusal(HTTPStatus.FORBIDDEN, "host not allowed\n")
        # Older versions of websockets answer GET alone and do not say so.
        if getattr(request, "method", "GET") != "GET":
            refusal = _refusal(HTTPStatus.METHOD_NOT_ALLOWED, "")
            refusal.headers["Allow"] = "GET"
            return refusal
        path = unquote(request.path.partition("?")[0], errors="replace")
        if path == SOCKET:
            return self._admitted(socket, request)
        return self._served(path, hosts[0])

    def _admitted(self, socket: ServerConnection, request: Request) -> Response | None:
        refused = self.gate.check(socket, request)
        if refused is not None:
            refused.headers.update(_SAFE)
        return refused

    def _served(self, path: str, host: str) -> Response:
        if path in self.data:
            return _response(HTTPStatus.OK, _TYPES[".json"], self.data[path])
        file = self.files.get(f"/{_INDEX}" if path == "/" else path)
        if file is None:
            return _refusal(HTTPStatus.NOT_FOUND, "no such page\n")
        try:
            body = file.read_bytes()
        except OSError:
            # It was there at the start: a page is being built again.
            return _refusal(HTTPStatus.NOT_FOUND, "no such page\n")
        response = _response(HTTPStatus.OK, _TYPES[file.suffix], body)
        response.headers["Content-Security-Policy"] = _POLICY.format(host=host)
        return response


def _files(folder: Path) -> dict[str, Path]:
    """The files of known types, by the path that asks for each: nothing else can be asked for."""
    return {
        f"/{file.relative_to(folder).as_posix()}": file
        for file in sorted(folder.rglob("*"))
        if file.suffix in _TYPES and file.is_file()
    }


def _refusal(status: HTTPStatus, text: str) -> Response:
    return _response(status, _PLAIN, text.encode())


def _response(status: HTTPStatus, kind: str, body: bytes) -> Response:
    headers = Headers(_SAFE)
    headers["Content-Type"] = kind
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    return Response(status.value, status.phrase, headers, body)
