"""Drafts: how long the skeleton's take, how fast one is cancelled, and typing beside them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.client import Client
from tests.benchmarks.documents import note, note_of
from tests.benchmarks.figures import Figures, ratio, spread
from tests.benchmarks.peers import HERE, OURS, Server
from tests.benchmarks.session import Session

SLOW = [sys.executable, str(HERE / "slow_server.py")]
URI = "untitled:note.note"
TASK = "differential-diagnosis"
TYPED, DRAFTED = 30_000, 1_000
# Keys in turn alone and beside drafts, so that whatever else the machine does reaches both.
WINDOW = 20
PAUSE_SECONDS = 0.1
MODEL = "minimind2-small"


def drafts(rounds: int, windows: int, models: Path | None) -> dict[str, Figures]:
    """Spreads in ms; of typing, alone and beside drafts, with their ratios."""
    result: dict[str, Figures] = {
        "skeleton_3kb": {"ours": spread(skeleton(rounds))},
        "cancel": {"ours": spread(cancels(rounds))},
        "beside_skeleton": beside((), windows),
    }
    if models is not None:
        more = ("--set", f"models.folder={models}")
        use = ("--set", f"models.use=*={MODEL}")
        result["beside_model"] = beside((*more, *use), windows, local=True)
    return result


@contextmanager
def _opened(command: Sequence[str]) -> Iterator[Client]:
    with Client(command) as client:
        client.initialize()
        item = {"uri": URI, "languageId": "clinicalnote", "version": 1, "text": note_of(3000)}
        client.notify("textDocument/didOpen", {"textDocument": item})
        yield client


def skeleton(rounds: int) -> list[float]:
    """Milliseconds of a skeleton draft of a 3 KB note, over all tasks in turn."""
    took = []
    with _opened(OURS) as client:
        tasks = [task["id"] for task in client.request("doctorflan/tasks", {})["tasks"]]
        for turn in range(rounds + 1):
            for number, task in enumerate(tasks):
                # A typed character first, so that no draft comes out of the cache.
                at = {"line": 0, "character": 0}
                change = {"range": {"start": at, "end": at}, "text": " "}
                document = {"uri": URI, "version": 2 + turn * len(tasks) + number}
                client.notify(
                    "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
                )
                began = time.perf_counter()
                client.request("doctorflan/draft", {"textDocument": {"uri": URI}, "task": task})
                if turn:
                    took.append((time.perf_counter() - began) * 1000)
    return took


def cancels(rounds: int) -> list[float]:
    """Milliseconds from ``$/cancelRequest`` to the answer, while a slow model drafts."""
    took = []
    with _opened(SLOW) as client:
        for _ in range(rounds):
            asked = {"textDocument": {"uri": URI}, "task": "case-summary"}
            wanted = client.send("doctorflan/draft", asked)
            time.sleep(0.15)
            began = time.perf_counter()
            client.notify("$/cancelRequest", {"id": wanted})
            client.collect((wanted,))
            took.append((time.perf_counter() - began) * 1000)
    return took


def beside(more: Sequence[str], windows: int, *, local: bool = False) -> Figures:
    """Keys of a 30 KB note alone, and while a draft of another note is made all the time."""
    alone: list[float] = []
    drafting: list[float] = []
    server = Server("ours", OURS, note)
    with Session(server, more=more) as session:
        session.open(note(TYPED))
        session.open(note(DRAFTED))
        typist = _Typist(session)
        # The first ones read data files and load the model.
        typist.whole(local=local)
        typist.keys(WINDOW, drafting=False)
        for _ in range(windows):
            alone += typist.keys(WINDOW, drafting=False)
            drafting += typist.keys(WINDOW, drafting=True)
    first, then = spread(alone), spread(drafting)
    ratios = {name: round(ratio(then[name], first[name]) or 0.0, 2) for name in then}
    return {"ours": {"alone": first, "drafting": then}, "ratio": ratios, "drafts": typist.begun}


class _Typist:
    """Types into the first note of a session, with drafts of the second on their way or not."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._client = session.client
        self._running = 0
        self.begun = 0

    def whole(self, *, local: bool) -> None:
        """Wait for one draft; it has to be the model's."""
        self._begin()
        self._client.deadline = time.perf_counter() + 120
        asked = {"textDocument": {"uri": self._session.uri(1)}, "task": TASK, "language": "zh"}
        made = self._client.request("doctorflan/draft", asked)
        if local and made["draft"]["model"] != MODEL:
            message = f"the draft is not of {MODEL}: {made['fallback']}"
            raise RuntimeError(message)
        self._running = 0

    def keys(self, count: int, *, drafting: bool) -> list[float]:
        took: list[float] = []
        while len(took) < count:
            if drafting and (not self._running or self._running in self._client.strays):
                self._begin()
            value = self._session.key(self._session.has)["all"]
            took.append(value)
            time.sleep(PAUSE_SECONDS)
        if self._running and self._running not in self._client.strays:
            self._client.notify("$/cancelRequest", {"id": self._running})
            self._client.collect((self._running,))
        self._running = 0
        self._client.strays.clear()
        return took

    def _begin(self) -> None:
        """Ask for a draft of a new text: none comes out of a cache."""
        self._session.key((), 1)
        self.begun += 1
        asked = {"textDocument": {"uri": self._session.uri(1)}, "task": TASK, "language": "zh"}
        self._running = self._client.send(
            "doctorflan/draft", {**asked, "partialResultToken": f"p{self.begun}"}
        )
