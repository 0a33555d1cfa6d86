"""Work-done progress and partial results (LSP 3.17, "Work Done Progress")."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from doctorflan_ls.server.protocol import RepairedProtocol

Token = int | str
# Of a draft's last line; a status bar shows no more.
_TAIL = 80


class Progresses:
    """The progress reports that are open, so that the client can cancel the work behind them."""

    def __init__(self, protocol: RepairedProtocol) -> None:
        self._protocol = protocol
        self._cancels: dict[Token, Callable[[], object]] = {}
        self._numbers = count(1)

    def new_token(self) -> Token:
        """A token for a report that the server starts."""
        return f"doctorflan-{next(self._numbers)}"

    def begin(self, token: Token | None, title: str, cancel: Callable[[], object]) -> Progress:
        """Open a report under the client's token; None gives one that says nothing."""
        if token is not None:
            self._cancels[token] = cancel
        progress = Progress(self, token)
        progress.send({"kind": "begin", "title": title, "cancellable": True})
        return progress

    def cancel(self, token: Token) -> None:
        """Stop the work behind ``token``; one that is not open is no error."""
        stop = self._cancels.get(token)
        if stop is not None:
            stop()

    def notify(self, token: Token, value: object) -> None:
        """Send one progress value."""
        self._protocol.notify("$/progress", {"token": token, "value": value})

    def forget(self, token: Token) -> None:
        """Stop listening for a cancellation of ``token``."""
        self._cancels.pop(token, None)


class Progress:
    """One open report; as a context manager it is closed exactly once."""

    def __init__(self, all_: Progresses, token: Token | None) -> None:
        self._all = all_
        self._token = token

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.send({"kind": "end"})
        if self._token is not None:
            self._all.forget(self._token)

    def report(self, text: str) -> None:
        """Say how far the work is."""
        self.send({"kind": "report", "message": text})

    def grow(self, text: str) -> None:
        """Say the last words of a text that is being made."""
        self.report(text[-_TAIL:].rpartition("\n")[2])

    def send(self, value: dict[str, Any]) -> None:
        """Send ``value`` where the client gave a token."""
        if self._token is not None:
            self._all.notify(self._token, value)
