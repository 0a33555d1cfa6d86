"""An editor with documents open on one server: it types a key and waits for fresh answers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from tests.benchmarks.client import PULLING, Client
from tests.benchmarks.documents import Document, Key, change
from tests.benchmarks.peers import NEVER, Server

# What an editor asks for after a key, and where a server says that it has it.
ANSWERS = {
    "completion": "completionProvider",
    "actions": "codeActionProvider",
    "symbols": "documentSymbolProvider",
    "diagnostics": "diagnosticProvider",
}
METHODS = {
    "completion": "textDocument/completion",
    "actions": "textDocument/codeAction",
    "symbols": "textDocument/documentSymbol",
    "diagnostics": "textDocument/diagnostic",
}
# A server that takes longer for one key, or for opening a document, is cut off.
LIMIT_SECONDS = 20.0


class Session:
    """One server process and one or more documents of a size.

    A server that pushes diagnostics is started with no wait of its own before it makes them, so
    that nothing but its work is measured; with ``quiet`` it never makes any.
    """

    def __init__(self, server: Server, *, quiet: bool = False, more: Sequence[str] = ()) -> None:
        command = server.command
        if server.waiting is not None:
            command = server.waiting(NEVER if quiet else 0.0)
        self.server = server
        self.pushes = server.pushes and not quiet
        self._folder = tempfile.TemporaryDirectory()
        self.root = Path(self._folder.name)
        self.client = Client([*command, *more])
        self._documents: list[tuple[str, Iterator[Key]]] = []
        self._versions: dict[str, int] = {}
        self.has: tuple[str, ...] = ()
        self.started_ms = 0.0

    def __enter__(self) -> Self:
        self.started_ms = self.client.initialize(PULLING, self.root.as_uri()) * 1000
        offered = self.client.capabilities
        self.has = tuple(
            name
            for name, key in ANSWERS.items()
            # Empty options are an offer too.
            if offered.get(key, False) not in (False, None)
            or (name == "diagnostics" and self.pushes)
        )
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.kill()
        self._folder.cleanup()

    @property
    def count(self) -> int:
        return len(self._documents)

    def uri(self, number: int) -> str:
        return self._documents[number][0]

    def open(self, document: Document) -> None:
        """Open one more document; its diagnostics are waited for."""
        number = len(self._documents)
        uri = (self.root / f"file{number}.{document.suffix}").as_uri()
        item = {"uri": uri, "languageId": document.language, "version": 1, "text": document.text}
        self._give_time()
        self.client.notify("textDocument/didOpen", {"textDocument": item})
        self.client.collect((), pushes=int(self.pushes))
        self._documents.append((uri, document.keys(number)))
        self._versions[uri] = 1

    def key(self, wanted: Sequence[str], turn: int = 0) -> dict[str, float]:
        """Milliseconds from a key to each answer, all asked for at once, and to the last one.

        The key goes into document ``turn``, counted round and round.
        """
        uri, keys = self._documents[turn % len(self._documents)]
        key = next(keys)
        self._versions[uri] += 1
        self._give_time()
        began = time.perf_counter()
        self.client.notify("textDocument/didChange", change(uri, self._versions[uri], key))
        sent = {
            self.client.send(METHODS[name], params_of(name, uri, key)): name
            for name in wanted
            if name != "diagnostics" or not self.pushes
        }
        # A push comes after each key, asked for or not; no key may fall into its work.
        arrived = self.client.collect(sent, pushes=int(self.pushes))
        ended = time.perf_counter()
        took = {sent[number]: (moment - began) * 1000 for number, moment in arrived.items()}
        if self.pushes and "diagnostics" in wanted:
            # Not told apart from the other answers: it is the last one or measured alone.
            took["diagnostics"] = (ended - began) * 1000
        took["all"] = (ended - began) * 1000
        return took

    def _give_time(self) -> None:
        self.client.deadline = time.perf_counter() + LIMIT_SECONDS


def params_of(name: str, uri: str, key: Key) -> dict[str, Any]:
    """The parameters of a request just after a key."""
    params: dict[str, Any] = {"textDocument": {"uri": uri}}
    if name == "completion":
        params["position"] = key.after
    if name == "actions":
        params |= {"range": {"start": key.after, "end": key.after}, "context": {"diagnostics": []}}
    return params
