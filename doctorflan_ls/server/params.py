"""Typed readers for message parameters.

They read only what a handler needs, so a keystroke costs no object for every unread field, and
refuse what is malformed with the path of the field (never its value).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from doctorflan_ls.text import Position

# LSP 3.17, "Base Types": uinteger is 0 to 2^31 - 1.
_MAX_UINTEGER = 2**31 - 1


class Params:
    """A JSON object of a message, with the path that led to it."""

    __slots__ = ("_path", "raw")

    def __init__(self, raw: object, path: str = "params") -> None:
        if not isinstance(raw, Mapping):
            raise _wrong(path, "an object")
        self.raw: Mapping[str, Any] = raw
        self._path = path

    def has(self, key: str) -> bool:
        """True where the field is there and not null."""
        return self.raw.get(key) is not None

    def string(self, key: str) -> str:
        """A string that must be there."""
        value = self.raw.get(key)
        if not isinstance(value, str):
            raise self._wrong(key, "a string")
        return value

    def string_or(self, key: str, default: str | None = None) -> str | None:
        """A string that may be missing or null."""
        return self.string(key) if self.has(key) else default

    def integer(self, key: str) -> int:
        """An integer that must be there."""
        value = self.raw.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(key, "an integer")
        return value

    def uinteger(self, key: str) -> int:
        """An unsigned integer that must be there."""
        value = self.integer(key)
        if not 0 <= value <= _MAX_UINTEGER:
            raise self._wrong(key, "an unsigned integer")
        return value

    def integer_or(self, key: str, default: int | None = None) -> int | None:
        """An integer that may be missing or null."""
        return self.integer(key) if self.has(key) else default

    def token(self, key: str) -> int | str | None:
        """A progress token, which is an integer or a string, or None."""
        value = self.raw.get(key)
        if value is not None and (not isinstance(value, int | str) or isinstance(value, bool)):
            raise self._wrong(key, "an integer or a string")
        return value

    def object(self, key: str) -> Params:
        """An object that must be there."""
        return Params(self.raw.get(key), f"{self._path}.{key}")

    def object_or_none(self, key: str) -> Params | None:
        """An object that may be missing or null."""
        return self.object(key) if self.has(key) else None

    def objects(self, key: str) -> list[Params]:
        """A list of objects that must be there."""
        value = self.raw.get(key)
        if not isinstance(value, list):
            raise self._wrong(key, "an array")
        return [Params(item, f"{self._path}.{key}[{i}]") for i, item in enumerate(value)]

    def strings_or_none(self, key: str) -> tuple[str, ...] | None:
        """A list of strings that may be missing or null."""
        value = self.raw.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(key, "an array of strings")
        return tuple(value)

    def position(self, key: str) -> Position:
        """A position; where it points outside the text, the text clamps it."""
        inner = self.object(key)
        return Position(inner.uinteger("line"), inner.uinteger("character"))

    def range(self, key: str) -> tuple[Position, Position]:
        """The two ends of a range."""
        inner = self.object(key)
        return inner.position("start"), inner.position("end")

    def uri(self) -> str:
        """The document that the parameters are about."""
        return self.object("textDocument").string("uri")

    def _wrong(self, key: str, wanted: str) -> JsonRpcInvalidParams:
        return _wrong(f"{self._path}.{key}", wanted)


def _wrong(path: str, wanted: str) -> JsonRpcInvalidParams:
    return JsonRpcInvalidParams(f"{path} must be {wanted}")
