"""Drafts of real models through the real server: second tasks, drafts at once, cancellations."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from doctorflan_ls.prompts.render import word
from tests.benchmarks import model_files
from tests.benchmarks.client import Client, answered, method_of
from tests.benchmarks.model_prompts import texts

Row = dict[str, Any]
HERE = Path(__file__).parent
FIRST, SECOND = "case-summary", "differential-diagnosis"
TOKENS = 96
COUNTS = (1, 2, 4)
_CANCELLED = -32800
_LIMIT_SECONDS = 120
_FREE_SECONDS = 3
# A cancellation comes at another moment of a token, or of the prompt, each time.
_READING_MS = (30, 60, 90, 120)
_WRITING_MS = (0, 3, 6, 9)


@dataclass(slots=True)
class Draft:
    """One draft as its client sees it; instants of ``time.perf_counter``, 0 before they are."""

    request: int
    sent: float
    begun: float = 0.0
    words: float = 0.0
    done: float = 0.0
    code: int = 0
    text: str = field(default="", repr=False)


class Server:
    """The server with one model, a client of it, and what the model noted down."""

    def __init__(self, root: Path, family: str, stack: ExitStack, threads: int) -> None:
        self.language = model_files.FAMILIES[family]
        notes = texts(self.language)
        # The last is all of them, as long as the documents of a whole stay.
        self.notes = [*(notes * max(COUNTS))[: max(COUNTS)], "\n\n".join(notes)]
        self.file = Path(stack.enter_context(tempfile.TemporaryDirectory()), "model.jsonl")
        self.file.touch()
        script = [sys.executable, str(HERE / "watched_server.py"), str(root / "served")]
        command = [*script, family, str(threads), str(TOKENS), str(self.file)]
        self.client = stack.enter_context(Client(command))
        self.client.initialize()
        self.running: dict[int, Draft] = {}
        self._versions: dict[str, int] = {}
        self._seen = 0

    @classmethod
    def started(cls, root: Path, family: str, stack: ExitStack, threads: int) -> Self:
        """With the model loaded."""
        server = cls(root, family, stack, threads)
        server.touch(0)
        server.finish(server.draft(0, SECOND))
        if not server.noted():
            message = f"{family} did not answer"
            raise RuntimeError(message)
        return server

    def touch(self, number: int) -> None:
        """A note whose first characters are new: nothing of it is in any cache."""
        uri = f"untitled:{number}.note"
        version = self._versions[uri] = self._versions.get(uri, 0) + 1
        text = f"{version * 7919}-{number}\n{self.notes[number]}"
        if version == 1:
            item = {"uri": uri, "languageId": "clinicalnote", "version": 1, "text": text}
            self.client.notify("textDocument/didOpen", {"textDocument": item})
        else:
            document = {"uri": uri, "version": version}
            change = {"textDocument": document, "contentChanges": [{"text": text}]}
            self.client.notify("textDocument/didChange", change)

    def draft(self, number: int, task: str) -> Draft:
        document = {"uri": f"untitled:{number}.note"}
        asked = {"textDocument": document, "task": task, "language": self.language}
        sent = time.perf_counter()
        token = f"p{sent}"
        request = self.client.send("doctorflan/draft", {**asked, "partialResultToken": token})
        draft = self.running[request] = Draft(request, sent)
        return draft

    def finish(self, *drafts: Draft) -> None:
        while not all(draft.done for draft in drafts):
            self._read()

    def until_words(self, draft: Draft) -> None:
        """Until the first words of the model are shown."""
        while not draft.words and not draft.done:
            self._read()

    def cancel(self, draft: Draft) -> float:
        """Milliseconds until the answer, which says that it was cancelled."""
        began = time.perf_counter()
        self.client.notify("$/cancelRequest", {"id": draft.request})
        self.finish(draft)
        if draft.code != _CANCELLED:
            message = f"cancelled, and answered with {draft.code}"
            raise RuntimeError(message)
        return (draft.done - began) * 1000

    def noted(self) -> list[Row]:
        """What the model wrote down since the last call."""
        lines = self.file.read_text(encoding="utf-8").splitlines()[self._seen :]
        self._seen += len(lines)
        return [json.loads(line) for line in lines]

    def freed(self, since: float) -> float | None:
        """When the model was done with what it was at ``since``; None where it was at nothing."""
        until = time.perf_counter() + _FREE_SECONDS
        while time.perf_counter() < until:
            for row in self.noted():
                if row["ended"] >= since:
                    return float(row["ended"])
            time.sleep(0.002)
        return None

    def _read(self) -> None:
        self.client.deadline = time.perf_counter() + _LIMIT_SECONDS
        body = self.client.read()
        now = time.perf_counter()
        method = method_of(body)
        if method == b"$/progress":
            self._progress(json.loads(body)["params"], now)
        elif not method and (draft := self.running.pop(answered(body), None)):
            draft.done = now
            draft.code = json.loads(body).get("error", {}).get("code", 0)

    def _progress(self, params: Row, now: float) -> None:
        sent = float(str(params["token"]).removeprefix("p"))
        draft = next((each for each in self.running.values() if each.sent == sent), None)
        if draft is None or "text" not in params["value"]:
            return
        draft.begun = draft.begun or now
        draft.text += params["value"]["text"]
        # Behind its label the model's words begin.
        if draft.text.partition(word("suggestion", self.language).strip())[2].strip():
            draft.words = draft.words or now


def measure(root: Path, rounds: int, families: list[str], threads: int = 2) -> dict[str, Row]:
    """Second tasks, drafts at once and cancellations, for each model."""
    result: dict[str, Row] = {}
    for family in families:
        with ExitStack() as stack:
            server = Server.started(root, family, stack, threads)
            result[f"{family}: second task"] = second(server, rounds, 0)
            result[f"{family}: second task, long note"] = second(server, rounds, max(COUNTS))
            for count, row in at_once(server, rounds):
                result[f"{family}: drafts at once, {count}"] = row
            result[f"{family}: cancel"] = cancels(server, rounds)
    return result


def second(server: Server, rounds: int, number: int) -> Row:
    """Milliseconds from the request to the model's first token.

    The same task on a note that is new to the server, and after another task on it. ``share`` is
    the second of them to the first; ``record_ms`` is when the first of the draft is shown.
    """
    times: dict[str, list[float]] = {"new_ms": [], "after_ms": [], "record_ms": []}
    for _ in range(rounds):
        for before in ((), (FIRST,)):
            server.touch(number)
            for task in before:
                _first(server, number, task)
            begun, first = _first(server, number, SECOND)
            times["after_ms" if before else "new_ms"].append(first)
            times["record_ms"].append(begun)
    row = {name: round(statistics.median(all_), 1) for name, all_ in times.items()}
    return {**row, "share": round(row["after_ms"] / row["new_ms"], 3)}


def _first(server: Server, number: int, task: str) -> tuple[float, float]:
    """When the draft was begun to be shown and when the model's first token came, in ms."""
    server.noted()
    draft = server.draft(number, task)
    server.finish(draft)
    first = next((row["first"] for row in server.noted() if row["first"]), None)
    if first is None:
        message = f"{task}: no words of the model"
        raise RuntimeError(message)
    return (draft.begun - draft.sent) * 1000, (first - draft.sent) * 1000


def at_once(server: Server, rounds: int) -> Iterator[tuple[int, Row]]:
    """Drafts of as many notes, asked for in one moment: one model serves them in turn."""
    kept: dict[int, list[Row]] = {count: [] for count in COUNTS}
    for _ in range(rounds):
        for count in COUNTS:
            for number in range(count):
                server.touch(number)
            server.noted()
            drafts = [server.draft(number, SECOND) for number in range(count)]
            server.finish(*drafts)
            asked = server.noted()
            seconds = max(draft.done for draft in drafts) - drafts[0].sent
            firsts = sorted((draft.words or draft.done) - draft.sent for draft in drafts)
            kept[count].append(
                {
                    "tokens_s": sum(row["pieces"] for row in asked) / seconds,
                    "first_words_ms": firsts[0] * 1000,
                    "last_first_words_ms": firsts[-1] * 1000,
                    "record_ms": max(draft.begun - draft.sent for draft in drafts) * 1000,
                    "all_done_ms": seconds * 1000,
                }
            )
    for count, made in kept.items():
        yield count, {name: round(_median(made, name), 1) for name in made[0]}


def cancels(server: Server, rounds: int) -> Row:
    """From ``$/cancelRequest`` to the answer, and to a model that is free for the next draft.

    While the model reads the note (the record's part is shown by then), and while it writes.
    """
    times: dict[str, list[float]] = {}
    for turn in range(rounds * 4):
        for kind, waits in (("reading", _READING_MS), ("writing", _WRITING_MS)):
            server.touch(0)
            server.noted()
            draft = server.draft(0, SECOND)
            if kind == "writing":
                server.until_words(draft)
            time.sleep(waits[turn % 4] / 1000)
            if draft.done:
                continue
            began = time.perf_counter()
            answer = server.cancel(draft)
            times.setdefault(f"{kind}_answer_ms", []).append(answer)
            if (free := server.freed(began)) is not None:
                times.setdefault(f"{kind}_free_ms", []).append((free - began) * 1000)
    row: Row = {}
    for name, all_ in times.items():
        row[name] = round(statistics.median(all_), 2)
        row[f"{name}_worst"] = round(max(all_), 2)
    return row


def _median(rows: list[Row], name: str) -> float:
    return statistics.median(row[name] for row in rows)
