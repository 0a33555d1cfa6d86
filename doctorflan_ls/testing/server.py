"""A running language server for tests, spoken to as an editor does, over standard input and output.

with RunningServer() as server:
    uri = server.open("主诉：咳嗽3天。\\n")
    draft = server.request("doctorflan/draft", {"textDocument": {"uri": uri}, "task": "triage"})
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from itertools import count
from queue import Empty, SimpleQueue
from typing import IO, Any, Self

_SECONDS = 30.0


class ServerError(Exception):
    """The server's error answer; ``code`` is JSON-RPC's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class RunningServer:
    """A server process of this environment, with its installed plugins.

    ``settings`` go to it as ``initializationOptions``. ``shown`` holds what it told the user.
    """

    def __init__(self, settings: Mapping[str, object] | None = None) -> None:
        self.shown: list[str] = []
        self._settings = dict(settings or {})
        self._ids = count(1)
        self._answers: SimpleQueue[dict[str, Any]] = SimpleQueue()

    def __enter__(self) -> Self:
        # Nobody's settings but those given here; which plugins is the environment's to say.
        self._home = tempfile.TemporaryDirectory()
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("DOCTORFLAN_") or name == "DOCTORFLAN_PLUGINS"
        }
        home = {"XDG_CONFIG_HOME": self._home.name, "APPDATA": self._home.name}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "doctorflan_ls", "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=kept | home | {"PYTHONUTF8": "1"},
        )
        try:
            self._greet()
        except BaseException:
            self._end()
            raise
        return self

    def _greet(self) -> None:
        if self._process.stdout is None:
            raise OSError
        reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        reader.start()
        options = {"initializationOptions": self._settings, "capabilities": {}}
        self.request("initialize", {"processId": os.getpid(), "rootUri": None, **options})
        self.notify("initialized", {})
        # Plugins are loaded behind an editor's back; a test wants them now.
        self.request("doctorflan/status", None)

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._home.cleanup()

    def __exit__(self, *_: object) -> None:
        try:
            self.request("shutdown", None)
            self.notify("exit", None)
            self._process.wait(_SECONDS)
        finally:
            self._end()

    def open(self, text: str, uri: str = "file:///note.txt", version: int = 1) -> str:
        """Open a note with this text; its URI."""
        item = {"uri": uri, "languageId": "clinicalnote", "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def request(self, method: str, params: object) -> Any:  # noqa: ANN401  (any JSON)
        """The answer; raises ServerError for an error, TimeoutError after half a minute."""
        asked = next(self._ids)
        self._send({"id": asked, "method": method, "params": params})
        while True:
            try:
                message = self._answers.get(timeout=_SECONDS)
            except Empty:
                raise TimeoutError(method) from None
            if message.get("id") != asked:
                continue
            if "error" in message:
                raise ServerError(message["error"]["code"], message["error"]["message"])
            return message["result"]

    def notify(self, method: str, params: object) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        if self._process.stdin is None:
            raise OSError
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _read(self, stream: IO[bytes]) -> None:
        while head := stream.readline():
            length = int(head.partition(b":")[2])
            while stream.readline().strip():
                pass
            message = json.loads(stream.read(length))
            if message.get("method") == "window/showMessage":
                self.shown.append(message["params"]["message"])
            elif "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
            elif "id" in message:
                self._answers.put(message)
