"""Where a server is, and whether text may be sent there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from doctorflan_ls.errors import ModelUnavailable

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A server's base URL in parts.

    ``host`` is as the manifest has it, in lower case; ``wire_host`` what is asked of the network.
    ``path`` is that of the interface, usually ``/v1``, without a slash at its end. ``local`` is
    true for this machine by its name or number: text goes there as it is, and only there.
    """

    secure: bool
    host: str
    port: int
    path: str
    local: bool

    @property
    def name(self) -> str:
        """``host:port``, as the setting ``network.hosts`` names it."""
        return f"{self.bracketed}:{self.port}"

    @property
    def wire_host(self) -> str:
        """The host in ASCII."""
        return self.host if self.host.isascii() else self.host.encode("idna").decode("ascii")

    @property
    def bracketed(self) -> str:
        """The host as it stands in a URL, an IPv6 number in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def is_allowed(self, hosts: Iterable[str]) -> bool:
        """True where ``hosts`` names the host, with this port or without one."""
        own = {self.host.casefold(), self.bracketed.casefold(), self.name.casefold()}
        return any(each.strip().casefold() in own for each in hosts)


def parse(url: str) -> Address:
    """The address of a base URL; raises ModelUnavailable for one that is none."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port or _PORTS[parts.scheme]
        host.encode("idna")
    except (KeyError, ValueError):
        raise ModelUnavailable("openai.bad-url") from None
    # A path is sent as it is written; h11 refuses what would break the request line.
    path = parts.path.rstrip("/")
    if not host or not path.isascii() or parts.username or parts.query or parts.fragment:
        raise ModelUnavailable("openai.bad-url")
    return Address(parts.scheme == "https", host, port, path, _is_local(host))


def is_loopback(number: str) -> bool:
    """True for the number of this machine; False for what is no number."""
    found = _number(number)
    return found is not None and found.is_loopback


def is_public(number: str) -> bool:
    """True for a number that the internet can reach."""
    found = _number(number)
    return found is None or found.is_global


def _is_local(host: str) -> bool:
    # RFC 6761: the name and those below it are this machine.
    return host == "localhost" or host.endswith(".localhost") or is_loopback(host)


def _number(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
