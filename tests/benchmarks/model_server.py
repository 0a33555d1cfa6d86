"""What a writing model costs the editor: its tokens on their way, and keystrokes meanwhile."""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from doctorflan_ls.models.folders import manifest
from tests.benchmarks.client import Client
from tests.benchmarks.documents import note_of
from tests.benchmarks.figures import spread

Row = dict[str, Any]
HERE = Path(__file__).parent
TYPED, DRAFTED = "untitled:typed.note", "untitled:drafted.note"
KEYS = 40
TASK = "differential-diagnosis"


def overheads(rounds: int) -> dict[str, Row]:
    """The server's overhead for tokens that come fast and slowly."""
    # The server sends what a draft has grown by every 50 ms at the most, by design: the wait of
    # words that come slower is its overhead.
    kinds = (("draft", 0.1), ("draft", 0.01), ("language", 0.1), ("language", 0.01))
    return {
        f"{kind}, a word every {seconds * 1000:g} ms": overhead(kind, seconds, min(rounds, 2))
        for kind, seconds in kinds
    }


def beside(root: Path, families: list[str], rounds: int) -> dict[str, Row]:
    """Keystrokes while each of the models drafts."""
    return {family: keystrokes(root / "served", family, rounds) for family in families}


def overhead(kind: str, seconds: float, drafts: int) -> Row:
    """Milliseconds from a word that the model yields to the message that holds it, read."""
    taken: list[float] = []
    with Client([sys.executable, str(HERE / "fed_server.py"), kind, str(seconds)]) as client:
        client.initialize()
        _open(client, DRAFTED, note_of(3000))
        for version in range(2, 2 + drafts):
            _retouch(client, version)
            wanted = _draft(client, "p", "zh")
            while True:
                body = client.read()
                now = time.perf_counter_ns()
                if _answers(body) == wanted:
                    break
                if b'"$/progress"' in body:
                    # Every word of a message has waited until now, not the last alone.
                    text = json.loads(body)["params"]["value"].get("text", "")
                    made = re.findall(r"\b([a-j]{12,})\b", text)
                    taken += [(now - _time(each)) / 1e6 for each in made]
    if not taken:
        raise RuntimeError("no word reached the client before its answer")
    return spread(taken)


def keystrokes(root: Path, model: str, rounds: int) -> Row:
    """Milliseconds from a typed character to its completion, idle and while ``model`` drafts."""
    language = manifest.read(root / model).languages[0]
    command = [
        *(str(Path(sys.executable).with_name("doctorflan-ls")), "--stdio"),
        *("--set", f"models.folder={root}"),
        *("--set", f"models.use=*={model}"),
    ]
    text = note_of(30_000)
    idle: list[float] = []
    writing: list[float] = []
    with Client(command) as client:
        client.initialize()
        _open(client, TYPED, text)
        _open(client, DRAFTED, note_of(1000))
        typist = _Typist(client, text, language)
        typist.type(10, drafting=False)
        typist.type(10, drafting=True)
        for _ in range(rounds):
            idle += typist.type(KEYS, drafting=False)
            writing += typist.type(KEYS, drafting=True)
    ratios = {
        f"p{int(share * 100)}_ratio": round(_at(writing, share) / _at(idle, share), 2)
        for share in (0.5, 0.95, 0.99)
    }
    return {
        **{f"idle_{name}": value for name, value in spread(idle).items()},
        **{f"writing_{name}": value for name, value in spread(writing).items()},
        **ratios,
    }


class _Typist:
    """Types into one note while a draft of another is written, or is not."""

    def __init__(self, client: Client, text: str, language: str) -> None:
        self.client = client
        self.language = language
        lines = text.split("\n")
        line = next(i for i in range(len(lines) // 2, len(lines)) if len(lines[i]) > 20)
        self.place = {"line": line, "character": 10}
        self.version = 1
        self.running: int | None = None
        self.drafts = 1

    def type(self, keys: int, *, drafting: bool) -> list[float]:
        times = []
        while len(times) < keys:
            if drafting and self.running is None:
                self._begin()
            began = time.perf_counter()
            wanted = self._press()
            self._read_until(wanted)
            took = (time.perf_counter() - began) * 1000
            # A draft that ended meanwhile was no load to the end.
            if not drafting or self.running is not None:
                times.append(took)
            # A fast typist's pace; without a pause the server would never be idle.
            time.sleep(0.02)
        if self.running is not None:
            self.client.notify("$/cancelRequest", {"id": self.running})
            while self.running is not None:
                self._seen(self.client.read())
        return times

    def _begin(self) -> None:
        """Start a draft: the model reads the note anew, then writes."""
        self.drafts += 1
        _retouch(self.client, self.drafts)
        self.running = _draft(self.client, f"p{self.drafts}", self.language)

    def _press(self) -> int:
        self.version += 1
        change = {"range": {"start": self.place, "end": self.place}, "text": "痛"}
        document = {"uri": TYPED, "version": self.version}
        self.client.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
        )
        asked = {"textDocument": {"uri": TYPED}, "position": self.place}
        return self.client.send("textDocument/completion", asked)

    def _read_until(self, wanted: int) -> None:
        while (body := self.client.read()) and _answers(body) != wanted:
            self._seen(body)

    def _seen(self, body: bytes) -> None:
        if self.running is not None and _answers(body) == self.running:
            self.running = None
            if b'"model":"skeleton"' in body:
                raise RuntimeError("the skeleton answered in the model's place")


def _time(word: str) -> int:
    return int("".join(str("abcdefghij".index(letter)) for letter in reversed(word)))


def _open(client: Client, uri: str, text: str) -> None:
    item = {"uri": uri, "languageId": "clinicalnote", "version": 1, "text": text}
    client.notify("textDocument/didOpen", {"textDocument": item})


def _retouch(client: Client, version: int) -> None:
    """A space before the drafted note: its next draft does not come out of the cache."""
    at = {"line": 0, "character": 0}
    change = {"range": {"start": at, "end": at}, "text": " "}
    document = {"uri": DRAFTED, "version": version}
    client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})


def _draft(client: Client, partial: str, language: str) -> int:
    asked = {"textDocument": {"uri": DRAFTED}, "task": TASK, "language": language}
    return client.send("doctorflan/draft", {**asked, "partialResultToken": partial})


def _answers(body: bytes) -> int | None:
    """The id of the request that ``body`` answers, unparsed: parsing is the editor's cost."""
    found = re.match(rb'\{"jsonrpc":\s*"2\.0",\s*"id":\s*(\d+)', body[:60])
    return int(found[1]) if found and b'"method":' not in body[:200] else None


def _at(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[int(share * 100) - 1]
