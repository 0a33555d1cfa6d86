"""What can go wrong between here and a server."""

from __future__ import annotations


class Fault(Exception):
    """One attempt failed: the message's key and fields.

    ``again`` is true where the same request may succeed a moment later, ``after`` the seconds the
    server asked to wait, None where it did not say.
    """

    def __init__(
        self, key: str, *, again: bool = False, after: float | None = None, **fields: object
    ) -> None:
        super().__init__(key)
        self.key = key
        self.again = again
        self.after = after
        self.fields = fields


class Stopped(Exception):
    """Nobody waits for the answer any more."""
