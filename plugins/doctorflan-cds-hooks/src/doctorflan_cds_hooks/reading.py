"""Reading JSON that somebody else wrote: each step says where it is and what it wants."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from doctorflan_cds_hooks.refusal import Refused


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place in the body. Raises Refused (400) where it is not what is asked for.

    Places are made of names that this package asks for and of numbers, so that they quote nothing.
    """

    value: object
    path: str = ""

    @property
    def place(self) -> str:
        """The place in words; the body itself has no name."""
        return self.path or "body"

    def members(self) -> dict[str, object]:
        """Its members; it must be an object."""
        if not isinstance(self.value, dict):
            raise Refused(400, "wanted-object", path=self.place)
        return self.value

    def find(self, key: str) -> Node | None:
        """The member ``key``; None where it is absent or null."""
        value = self.members().get(key)
        return None if value is None else Node(value, f"{self.path}.{key}" if self.path else key)

    def need(self, key: str) -> Node:
        """The member ``key``, which must be there."""
        found = self.find(key)
        if found is None:
            path = f"{self.path}.{key}" if self.path else key
            raise Refused(400, "missing", path=path)
        return found

    def text(self) -> str:
        """Its words; it must be a string."""
        if not isinstance(self.value, str):
            raise Refused(400, "wanted-string", path=self.place)
        try:
            self.value.encode("utf-8")
        except UnicodeEncodeError:
            # Half of a surrogate pair can be written in JSON but is no character.
            raise Refused(400, "half-character", path=self.place) from None
        return self.value

    def find_text(self, key: str) -> str:
        """The words of the member ``key``; empty where it is absent."""
        found = self.find(key)
        return "" if found is None else found.text()

    def flag(self, key: str) -> bool:
        """True where the member ``key`` is true; it must be a boolean where it is there."""
        found = self.find(key)
        if found is None:
            return False
        if not isinstance(found.value, bool):
            raise Refused(400, "wanted-boolean", path=found.place)
        return found.value

    def items(self) -> Iterator[Node]:
        """Its elements; it must be an array."""
        if not isinstance(self.value, list):
            raise Refused(400, "wanted-array", path=self.place)
        for index, value in enumerate(self.value):
            yield Node(value, f"{self.path}[{index}]")

    def each(self, key: str) -> Iterator[Node]:
        """The elements of the member ``key``; none where it is absent."""
        found = self.find(key)
        if found is not None:
            yield from found.items()


def parse(body: bytes) -> Node:
    """The JSON object in ``body``; raises Refused (400)."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(400, "not-utf8", offset=error.start) from None
    try:
        value = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise Refused(400, "not-json", line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError):
        # A number of thousands of digits, or brackets in thousands.
        raise Refused(400, "too-much-json") from None
    node = Node(value)
    node.members()
    return node


def _no_number(_name: str) -> NoReturn:
    # JSON knows neither NaN nor infinity.
    raise ValueError
