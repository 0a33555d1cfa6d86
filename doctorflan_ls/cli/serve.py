"""Start the server on the transport that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from doctorflan_ls.cli.exits import Exit, end
from doctorflan_ls.i18n import Locale, message, terminal_locale

_LOOPBACK = "127.0.0.1"
_LAST_PORT = 65535


class Address(NamedTuple):
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int


def serve(  # noqa: PLR0913  (each is an option of the group)
    *,
    stdio: bool,
    tcp: str | None,
    ws: str | None,
    token: str | None,
    origin: Sequence[str],
    overrides: Mapping[str, str],
    lang: Locale | None = None,
) -> int:
    """Serve until the client leaves (stdio) or the process is interrupted; the exit code."""
    from doctorflan_ls import server  # noqa: PLC0415  (subcommands need no server)

    options = server.ServerOptions(overrides=overrides, locale=lang or terminal_locale())
    if stdio:
        return server.run_stdio(options)
    if tcp is not None:
        return server.run_tcp(*address(tcp, "--tcp"), options)
    host, port = address(ws or "", "--ws")
    return server.run_ws(host, port, token, origin, options)


def address(text: str, option: str) -> Address:
    """``HOST:PORT``, ``[IPv6]:PORT``, ``:PORT`` or ``PORT``; without a host, loopback."""
    host, _, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    is_number = port.isascii() and port.isdigit() and int(port[:6]) <= _LAST_PORT
    if not is_number or (":" in host and bare == host):
        end(message("cli.bad-address", terminal_locale(), option=option), Exit.USAGE)
    return Address(bare or _LOOPBACK, int(port))
