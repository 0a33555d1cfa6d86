"""The language server: the only package that knows LSP and pygls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.server.host import ServerOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from doctorflan_ls.server.web import Site

__all__ = ["ServerOptions", "open_page", "run_stdio", "run_tcp", "run_web", "run_ws"]


def run_stdio(options: ServerOptions | None = None) -> int:
    """Serve one client on standard input and output; returns the exit code."""
    from doctorflan_ls.server.stdio import run_stdio as run  # noqa: PLC0415

    return run(options)


def run_tcp(host: str, port: int, options: ServerOptions | None = None) -> int:
    """Serve TCP clients until interrupted; port 0 takes a free one and says so on stderr."""
    from doctorflan_ls.server.tcp import run_tcp as run  # noqa: PLC0415

    return run(host, port, options)


def run_ws(
    host: str,
    port: int,
    token: str | None = None,
    origins: Sequence[str] = (),
    options: ServerOptions | None = None,
) -> int:
    """Serve WebSocket clients until interrupted; without a token one is made and printed."""
    from doctorflan_ls.server.ws import run_ws as run  # noqa: PLC0415

    return run(host, port, token, origins, options)


def run_web(
    site: Site,
    port: int,
    ready: Callable[[str], None],
    options: ServerOptions | None = None,
) -> int:
    """Serve a web page and its WebSocket on loopback until interrupted.

    ``ready`` is called with the page's address, which lets its reader in; port 0 takes a free one.
    """
    from doctorflan_ls.server.web import run_web as run  # noqa: PLC0415

    return run(site, port, ready, options)


def open_page(address: str) -> None:
    """Have the user's browser open ``address``, without waiting for it."""
    from doctorflan_ls.server.web import open_page as run  # noqa: PLC0415

    run(address)
