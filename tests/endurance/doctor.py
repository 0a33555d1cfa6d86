"""A doctor at an editor: opens notes, types, asks for all that an editor asks for, has drafts made.

What is typed is taken away again, so that notes keep their size, and differs each time, as it
does in a ward: what a server keeps by words shows.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import count
from random import Random
from typing import Any

from tests.e2e.peer import RpcError, WsPeer

PULLS = {"diagnostic": {}}
EDITS = {"documentChanges": True, "changeAnnotationSupport": {"groupsOnLabel": True}}
SIZES = (1000, 2000, 3000, 5000, 8000, 12000, 16000, 20000, 25000, 30000)
# Cancelled, or the note changed under the result: both belong to a day's work.
EXPECTED = (-32800, -32801)


@dataclass
class Day:
    """What all doctors of a run share. ``pace`` is the mean pause between keys, in seconds."""

    pace: float
    started: float = field(default_factory=time.monotonic)
    latencies: list[tuple[float, str, float]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> float:
        return time.monotonic() - self.started


def example(name: str, size: int) -> str:
    """About ``size`` bytes of the project's example notes in a language, from ``name`` on."""
    folder = files("doctorflan_ls").joinpath("examples")
    entries = sorted(each.name for each in folder.iterdir() if each.name.startswith(name[:2]))
    first = entries.index(name)
    ordered = entries[first:] + entries[:first]
    whole = "\n\n".join(folder.joinpath(each).read_text(encoding="utf-8") for each in ordered)
    repeated = (whole + "\n\n") * (size // len(whole.encode()) + 1)
    return repeated.encode()[:size].decode(errors="ignore") + "\n"


NAMES = sorted(each.name for each in files("doctorflan_ls").joinpath("examples").iterdir())


class Socket(WsPeer):
    """Keeps no message; answers what the server asks."""

    settings: dict[str, Any] = {}
    reports: Callable[[dict[str, Any]], None]

    async def take(self, body: bytes | str) -> None:
        await super().take(body)
        message = self.heard.pop()
        if "method" not in message:
            self.answers.pop(message["id"])
            self._waiting.pop(message["id"], None)
        elif "id" in message:
            asked = message["method"] == "workspace/configuration"
            await self.send({"id": message["id"], "result": [self.settings] if asked else None})
        else:
            self.reports(message)

    async def answer(self, asked: Any) -> Any:
        # It may have come, and been forgotten, before anybody waits for it.
        future = self._waiting.get(asked)
        return await super().answer(asked) if future is not None else None


class Note:
    """One open note, as its editor has it."""

    def __init__(self, uri: str, text: str) -> None:
        self.uri = uri
        self.text = text
        self.original = text
        self.version = 1

    def place(self, offset: int) -> dict[str, int]:
        before = self.text[:offset]
        return {"line": before.count("\n"), "character": offset - (before.rfind("\n") + 1)}

    def span(self, start: int, end: int) -> dict[str, Any]:
        return {"start": self.place(start), "end": self.place(end)}

    def replaced(self, start: int, end: int, words: str) -> dict[str, Any]:
        """The change as the protocol has it; the text is changed."""
        change = {"range": self.span(start, end), "text": words}
        self.text = self.text[:start] + words + self.text[end:]
        self.version += 1
        return change

    def offset(self, place: dict[str, int]) -> int:
        lines = self.text.split("\n")
        return sum(len(line) + 1 for line in lines[: place["line"]]) + place["character"]

    def edits(self, edit: dict[str, Any]) -> list[dict[str, Any]]:
        """Carry out a WorkspaceEdit; the changes to tell, the last place first."""
        [change] = edit["documentChanges"]
        places = [
            (self.offset(each["range"]["start"]), self.offset(each["range"]["end"]), each)
            for each in change["edits"]
        ]
        ordered = sorted(places, key=lambda each: each[:2], reverse=True)
        return [self.replaced(start, end, each["newText"]) for start, end, each in ordered]


class Doctor:
    """One editor; ``connected`` opens a socket to the server."""

    def __init__(
        self,
        number: int,
        seed: int,
        day: Day,
        connected: Callable[[], AbstractAsyncContextManager[Socket]],
    ) -> None:
        self.number = number
        self.chance = Random(seed * 1000 + number)
        self.day = day
        self.connected = connected
        self.size = SIZES[number % len(SIZES)]
        self.pulls = number % 2 == 0
        self.serial = count(1)
        self.notes: list[Note] = []
        self.findings: dict[str, list[dict[str, Any]]] = {}

    async def work(self) -> None:
        """Sessions of a few minutes, one after another, until the day ends."""
        while not self.day.stopping.is_set():
            try:
                await self.connect()
            except (OSError, TimeoutError, AssertionError, KeyError, ValueError) as error:
                self.day.errors[f"session: {error!r:.200}"] += 1
                await asyncio.sleep(1)

    async def connect(self, *, each: int = 0) -> None:
        """One session, from its greeting to its goodbye; ``each``: every kind of work so often."""
        async with self.connected() as self.peer:
            await self.session(each)
        self.day.done["connection"] += 1

    async def session(self, each: int) -> None:
        self.peer.reports = self.reported
        self.notes.clear()
        self.findings.clear()
        document = {
            "completion": {"completionItem": {"snippetSupport": True}},
            "codeAction": {
                "codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}},
                "dataSupport": True,
                "resolveSupport": {"properties": ["edit", "command"]},
            },
            "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
            "publishDiagnostics": {"versionSupport": True},
            **(PULLS if self.pulls else {}),
        }
        asks = {"configuration": self.number % 3 == 0, "applyEdit": True, "workspaceEdit": EDITS}
        await self.peer.initialize(
            {"textDocument": document, "workspace": asks, "window": {"workDoneProgress": True}},
            locale="zh" if self.number % 4 else "en",
            initializationOptions={"audit": {"user": f"doctor:{self.number}"}},
        )
        for _ in range(self.chance.randint(1, 3)):
            await self.open()
        weights, kinds = zip(*self.kinds(), strict=True)
        rounds = self.chance.randint(8, 25)
        chosen = list(kinds) * each or self.chance.choices(kinds, weights, k=rounds)
        for work in chosen:
            if self.day.stopping.is_set():
                break
            self.day.done[work.__name__] += 1
            await work(self.chance.choice(self.notes))
        for note in list(self.notes):
            await self.close(note)
        await self.ask("shutdown", None)
        await self.peer.notify("exit")

    def kinds(self) -> Sequence[tuple[int, Callable[[Note], Awaitable[None]]]]:
        """What there is to do, and how often of all."""
        return (
            (10, self.type),
            (3, self.draft),
            (2, self.put_aside),
            (2, self.task_by_slash),
            (1, self.panels),
            (1, self.change_settings),
            (1, self.another),
        )

    def reported(self, message: dict[str, Any]) -> None:
        if message["method"] == "textDocument/publishDiagnostics":
            self.findings[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif message["method"] == "window/showMessage" and message["params"]["type"] == 1:
            self.day.errors[f"said: {message['params']['message']:.200}"] += 1

    async def pause(self, share: float = 1.0) -> None:
        await asyncio.sleep(self.day.pace * share * self.chance.uniform(0.5, 1.5))

    async def ask(self, method: str, params: Any) -> Any:
        """The answer, timed; None for an error that belongs to the work."""
        start = time.perf_counter()
        try:
            result = await self.peer.request(method, params)
        except RpcError as error:
            if error.code not in EXPECTED:
                self.day.errors[f"{method}: {error!s:.200}"] += 1
            return None
        took = (time.perf_counter() - start) * 1000
        self.day.latencies.append((self.day.now(), method, took))
        return result

    async def ask_of(self, method: str, note: Note, **more: Any) -> Any:
        return await self.ask(method, {"textDocument": {"uri": note.uri}, **more})

    async def open(self) -> None:
        uri = f"ehr:ward/{self.number}/{next(self.serial)}"
        size = self.chance.choice([self.size, self.size // 2, 1000])
        note = Note(uri, example(self.chance.choice(NAMES), size))
        self.notes.append(note)
        await self.peer.open(note.text, uri)
        await self.looked_at(note)

    async def close(self, note: Note) -> None:
        self.notes.remove(note)
        self.findings.pop(note.uri, None)
        await self.peer.notify("textDocument/didClose", {"textDocument": {"uri": note.uri}})

    async def another(self, note: Note) -> None:
        await self.close(note)
        await self.pause()
        await self.open()

    async def changed(self, note: Note, changes: list[dict[str, Any]]) -> None:
        await self.peer.change(note.uri, note.version, *changes)

    async def looked_at(self, note: Note) -> None:
        """What an editor asks for once the typing rests."""
        await self.ask_of("textDocument/documentSymbol", note)
        await self.ask_of("textDocument/semanticTokens/full", note)
        await self.ask_of("textDocument/foldingRange", note)
        await self.ask_of("textDocument/codeLens", note)
        whole = note.span(0, len(note.text))
        await self.ask_of("textDocument/inlayHint", note, range=whole)
        if self.pulls:
            found = await self.ask_of("textDocument/diagnostic", note)
            if found is not None and "items" in found:
                self.findings[note.uri] = found["items"]

    def words(self) -> str:
        """Words that nobody typed before."""
        chance = self.chance
        return chance.choice(
            [
                f"，体温{chance.randint(360, 409) / 10}℃，脉搏{chance.randint(50, 140)}次/分",
                f"阿莫西林{chance.randint(1, 90) / 10}g口服每日{chance.randint(1, 4)}次",
                f"，血钾{chance.randint(20, 70) / 10}mmol/L，{chance.randint(1, 28)}日复查",
                f" BP {chance.randint(80, 200)}/{chance.randint(40, 110)} mmHg",
                "".join(chr(chance.randint(0x4E00, 0x9FA5)) for _ in range(chance.randint(2, 8))),
            ]
        )

    async def type(self, note: Note) -> None:
        ends = [at for at, each in enumerate(note.text) if each == "\n"]
        at = self.chance.choice(ends)
        words = self.words()
        for number, letter in enumerate(words):
            await self.changed(note, [note.replaced(at + number, at + number, letter)])
            position = note.place(at + number + 1)
            context = {"triggerKind": 1}
            await self.ask_of("textDocument/completion", note, position=position, context=context)
            if number % 3 == 0:
                await self.ask_of(
                    "textDocument/inlineCompletion", note, position=position, context=context
                )
            await self.pause()
        await self.looked_at(note)
        await self.at_rest(note, at)
        for number in range(len(words), 0, -1):
            await self.changed(note, [note.replaced(at + number - 1, at + number, "")])
            await self.pause(0.4)
        await self.looked_at(note)

    async def at_rest(self, note: Note, at: int) -> None:
        position = note.place(self.chance.randrange(len(note.text)))
        await self.ask_of("textDocument/hover", note, position=position)
        place = note.span(at, at)
        actions = await self.ask_of(
            "textDocument/codeAction", note, range=place, context={"diagnostics": []}
        )
        resolvable = [each for each in actions or () if "data" in each]
        if resolvable:
            await self.ask("codeAction/resolve", self.chance.choice(resolvable))
        await self.pause()

    async def draft(self, note: Note) -> None:
        """Have one made; stop it, or put it in and review it."""
        tasks = (await self.ask_of("doctorflan/tasks", note) or {}).get("tasks")
        if not tasks:
            return
        params = {
            "textDocument": {"uri": note.uri},
            "task": self.chance.choice(tasks)["id"],
            "partialResultToken": f"part-{self.day.now()}",
            "workDoneToken": f"work-{self.day.now()}",
        }
        if self.chance.random() < 0.3:
            asked = await self.peer.start("doctorflan/draft", params)
            await asyncio.sleep(self.chance.choice([0.0, 0.002]))
            await self.peer.notify("$/cancelRequest", {"id": asked})
            await self.stopped(asked)
            return
        made = await self.ask("doctorflan/draft", params)
        if made is None:
            return
        await self.changed(note, note.edits(made["edit"]))
        await self.looked_at(note)
        await self.pause(3)
        outcome = self.chance.choice(["accepted", "discarded"])
        block = made["draft"]["id"]
        reviewed = await self.ask_of("doctorflan/review", note, block=block, outcome=outcome)
        if reviewed is not None:
            await self.changed(note, note.edits(reviewed["edit"]))
            told = {"command": "doctorflan.reviewed", "arguments": [reviewed["reviewed"]]}
            await self.ask("workspace/executeCommand", told)
            self.day.done[outcome] += 1
        await self.pause()
        await self.changed(note, [note.replaced(0, len(note.text), note.original)])

    async def stopped(self, asked: Any) -> None:
        try:
            await self.peer.answer(asked)
        except RpcError as error:
            if error.code not in EXPECTED:
                self.day.errors[f"cancelled draft: {error!s:.200}"] += 1

    async def put_aside(self, note: Note) -> None:
        """A finding is dismissed at its place, and taken back."""
        found = self.findings.get(note.uri)
        if not found:
            return
        finding = self.chance.choice(found)
        context = {"diagnostics": [finding], "only": ["quickfix"]}
        actions = await self.ask_of(
            "textDocument/codeAction", note, range=finding["range"], context=context
        )
        offered = [
            each["command"]
            for each in actions or ()
            if each.get("command", {}).get("command") == "doctorflan.dismiss"
            and each["command"]["arguments"][0]["reach"] != "user"
        ]
        if not offered:
            return
        chosen = self.chance.choice(offered)
        await self.ask("workspace/executeCommand", chosen)
        self.day.done["dismissed"] += 1
        await self.looked_at(note)
        await self.pause(2)
        told = {"command": "doctorflan.restore", "arguments": [{"uri": note.uri}]}
        await self.ask("workspace/executeCommand", told)

    async def task_by_slash(self, note: Note) -> None:
        """``/`` and a letter at a line of its own, completed, resolved, taken away."""
        at = len(note.text)
        letter = self.chance.choice(["", "病", "鉴", "s", "诊"])
        await self.changed(note, [note.replaced(at, at, f"/{letter}")])
        position = note.place(len(note.text))
        context = {"triggerKind": 1}
        offered = await self.ask_of(
            "textDocument/completion", note, position=position, context=context
        )
        items = offered["items"] if isinstance(offered, dict) else offered or []
        if items:
            await self.ask("completionItem/resolve", self.chance.choice(items))
        await self.pause()
        await self.changed(note, [note.replaced(at, len(note.text), "")])

    async def panels(self, note: Note) -> None:
        """What the panels of clients ask for."""
        await self.ask("doctorflan/status", None)
        await self.ask_of("doctorflan/analysis", note)
        await self.ask("doctorflan/drafts", {})
        await self.ask("doctorflan/check", {"uri": "ehr:other", "text": note.text + self.words()})
        known = {"admission_time": f"2024-03-{self.chance.randint(1, 28):02} 08:00"}
        await self.ask("doctorflan/context", {"uri": note.uri, "context": known})

    async def change_settings(self, note: Note) -> None:
        quiet = self.chance.random() < 0.3
        length = self.chance.randint(15, 30)
        self.peer.settings = {"checks": {"quiet": quiet, "chief_complaint_max": length}}
        said = {"settings": {"doctorflan": self.peer.settings}}
        await self.peer.notify("workspace/didChangeConfiguration", said)
        await self.looked_at(note)
