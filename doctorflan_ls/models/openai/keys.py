"""A server's key, from where the manifest says that it is kept."""

from __future__ import annotations

import os
import re

from doctorflan_ls.errors import ModelUnavailable

# What may stand in a header, RFC 9110 5.5; anything else is no key but a slip.
_KEY = re.compile(r"[\x21-\x7e]+( [\x21-\x7e]+)*")


class Key:
    """A secret; it shows itself to nobody but ``header``."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "<key>" if self._value else "<no key>"

    def __reduce__(self) -> str:
        raise TypeError

    def header(self) -> list[tuple[bytes, bytes]]:
        """The header that carries it; none where there is no key."""
        if not self._value:
            return []
        return [(b"Authorization", b"Bearer " + self._value.encode("ascii"))]


def read(where: str) -> Key:
    """The key kept at ``env:NAME`` or ``keyring:SERVICE/USER``; none where ``where`` is empty.

    Raises ModelUnavailable where nothing is there, or what is there can be no key.
    """
    if not where:
        return Key("")
    store, _, name = where.partition(":")
    value = os.environ.get(name, "") if store == "env" else _from_keyring(name)
    value = value.strip()
    if not value:
        raise ModelUnavailable("openai.no-key" if store == "env" else "openai.no-entry", name=name)
    if not _KEY.fullmatch(value):
        raise ModelUnavailable("openai.bad-key", name=where)
    return Key(value)


def _from_keyring(name: str) -> str:
    try:
        import keyring  # noqa: PLC0415
    except ImportError:
        raise ModelUnavailable("openai.no-keyring", name=name) from None
    service, _, user = name.partition("/")
    try:
        return keyring.get_password(service, user) or ""
    except Exception as error:  # noqa: BLE001 - each system's store has its own
        raise ModelUnavailable(
            "openai.keyring-failed", name=name, reason=type(error).__name__
        ) from None
