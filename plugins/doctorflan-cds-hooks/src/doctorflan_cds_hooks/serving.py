"""Running the service on a socket."""

from __future__ import annotations

import ipaddress
import re
import socket

import uvicorn
from starlette.types import ASGIApp

from doctorflan_cds_hooks.answers import answer_of
from doctorflan_cds_hooks.backend import Backend
from doctorflan_cds_hooks.catalogue import services
from doctorflan_ls.checks.table import rule_table
from doctorflan_ls.notes.note import parse_note

_BACKLOG = 128
_GOODBYE_SECONDS = 3
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")
_TOKEN = re.compile(r"[!-~]{16,512}")
# Made up; whatever is read at the first note is read before the first call.
_SAMPLE = """主诉：发热3天。
过敏史：青霉素过敏。
体格检查：T 38.5℃。
处理：阿莫西林 0.5g 口服 每日3次。
"""


def is_loopback(host: str) -> bool:
    """True for an address, or the name ``localhost``, that no other machine can reach."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_origin(text: str) -> bool:
    """True for a web origin as browsers send it."""
    return bool(_ORIGIN.fullmatch(text))


def is_token(text: str) -> bool:
    """True for a token that can stand in a header and is long enough not to be guessed."""
    return bool(_TOKEN.fullmatch(text))


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """The address of discovery."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/cds-services"


def warm(backend: Backend) -> None:
    """Read tables and modules that the first call would wait for."""
    backend.plugins.load()
    backend.findings(parse_note(_SAMPLE))
    rule_table()
    for service in services().values():
        answer_of(service.answers)


def server(app: ASGIApp) -> uvicorn.Server:
    """uvicorn without its logs: one line of a request is more than a log should know."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GOODBYE_SECONDS,
    )
    return uvicorn.Server(config)
