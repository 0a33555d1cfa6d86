"""A machine that plays editors against the real process and holds its text against theirs.

Each example opens connections and does what hypothesis draws: edits of every kind, requests and
cancellations in any order. What is said is checked as it is read (``editor_client``); the texts are
compared when the machine asks for it and at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from random import Random
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.e2e.editor_client import BLOCK_ID, Editor
from tests.e2e.editor_stage import (
    ABLE,
    ASKED,
    CHANGES,
    DOCUMENTS,
    PIECES,
    PLACES,
    TASKS,
    TEXTS,
    URIS,
    VERSIONS,
    Stage,
)
from tests.e2e.editor_text import Buffer, Json
from tests.e2e.peer import ProcessPeer, stdio, ws


class EditorMachine(RuleBasedStateMachine):
    """One to three editors of one server."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.editors: list[Editor] = []
        self.stack = AsyncExitStack()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        self.stage.steps += 1
        return self.stage.run(work)

    async def connect(self, number: int, asks: bool, pulls: bool) -> None:
        encoding = self.stage.encodings[number % len(self.stage.encodings)]
        if self.stage.transport == "stdio":
            peer = await self.stack.enter_async_context(stdio())
        else:
            peer = await self.stack.enter_async_context(ws(self.stage.port, "/?token=t"))
        document = ABLE["textDocument"] | ({"diagnostic": {}} if pulls else {})
        able = ABLE | {"general": {"positionEncodings": [encoding]}, "textDocument": document}
        if not asks:
            able = able | {"workspace": {}, "window": {}}
        await peer.initialize(able)
        editor = Editor(peer, encoding, answered=1)
        editor.cursor = next(n for n, each in enumerate(peer.heard, 1) if "result" in each)
        self.editors.append(editor)

    def one(self, number: int) -> Editor:
        return self.editors[number % len(self.editors)]

    @initialize(encoding=st.integers(0, 2), asks=st.booleans(), pulls=st.booleans(), text=TEXTS)
    def begin(self, encoding: int, asks: bool, pulls: bool, text: str) -> None:
        self.run(self.connect(encoding, asks, pulls))
        self.run(self.editors[0].open(URIS[0], text, 1))

    @precondition(lambda self: self.stage.transport == "ws" and len(self.editors) < 3)
    @rule(encoding=st.integers(0, 2), asks=st.booleans(), pulls=st.booleans())
    def another(self, encoding: int, asks: bool, pulls: bool) -> None:
        self.run(self.connect(encoding, asks, pulls))

    @rule(which=st.integers(0, 5), uri=DOCUMENTS, text=TEXTS, version=st.integers(-2, 9))
    def open(self, which: int, uri: str, text: str, version: int) -> None:
        self.run(self.one(which).open(uri, text, version))

    @precondition(lambda self: self.stage.patient)
    @rule(which=st.integers(0, 5), text=TEXTS, often=st.integers(0, 2000))
    def open_long(self, which: int, text: str, often: int) -> None:
        self.run(self.one(which).open(URIS[0], text * often, 1))

    def place(self, editor: Editor, uri: str, place: Any) -> Json:
        buffer = editor.now(uri).buffer
        if isinstance(place, float):
            text = "" if buffer is None else buffer.text
            return Buffer(text, editor.encoding).position(int(place * len(text)))
        return {"line": place[0], "character": place[1]}

    def ends(self, editor: Editor, uri: str, places: tuple[Any, Any]) -> Json:
        start, end = (self.place(editor, uri, each) for each in places)
        return {"start": start, "end": end}

    def params(self, uri: str, ends: Json, task: str, invoked: int) -> Json:
        """What every kind of request needs."""
        return {
            "textDocument": {"uri": uri},
            "position": ends["start"],
            "range": ends,
            "context": {"diagnostics": [], "triggerKind": invoked},
            "task": task,
            "partialResultToken": "p",
        }

    @rule(which=st.integers(0, 5), uri=DOCUMENTS, changes=CHANGES, step=VERSIONS)
    def change(self, which: int, uri: str, changes: list[Any], step: int | None) -> None:
        editor = self.one(which)
        made = []
        for places, text in changes:
            ends = {} if places is None else {"range": self.ends(editor, uri, places)}
            made.append({"text": text, **ends})
        version = None if step is None else (editor.now(uri).version or 0) + step
        self.run(editor.change(uri, version, made))

    @rule(which=st.integers(0, 5), uri=DOCUMENTS, place=PLACES, text=TEXTS)
    def type(self, which: int, uri: str, place: Any, text: str) -> None:
        """As a doctor does: letter by letter, and a list asked for after each."""
        editor = self.one(which)
        if editor.now(uri).buffer is None:
            return

        async def keys() -> None:
            at = self.place(editor, uri, place)
            for letter in reversed(text[:6]):
                change = {"range": {"start": at, "end": at}, "text": letter}
                await editor.change(uri, (editor.now(uri).version or 0) + 1, [change])
                params = {"textDocument": {"uri": uri}, "position": at}
                await editor.ask("textDocument/completion", params, uri)

        self.run(keys())

    @rule(which=st.integers(0, 5), uri=DOCUMENTS, seed=st.integers(0, 2**32))
    def edit_much(self, which: int, uri: str, seed: int) -> None:
        """Many edits anywhere, several in a message, with questions in between."""
        editor, random = self.one(which), Random(seed)

        def place() -> Json:
            # Inside characters too, and behind the ends of lines.
            odd = random.randrange(5), random.randrange(40)
            share = random.random()
            kinds = (*[share] * 6, odd, odd, odd, (2**31 - 1, 0))
            return self.place(editor, uri, random.choice(kinds))

        def change() -> Json:
            start, text = place(), "".join(random.choices(PIECES, k=random.randrange(4)))
            end = random.choice((start, start, place()))
            return {"range": {"start": start, "end": end}, "text": text}

        async def edit() -> None:
            if editor.now(uri).buffer is None:
                await editor.open(uri, "".join(random.choices(PIECES, k=20)), 1)
            for _ in range(25):
                changes = [change() for _ in range(random.choice((1, 1, 1, 3)))]
                step = random.choice((*[1] * 9, 0, 7, -1))
                await editor.change(uri, (editor.now(uri).version or 0) + step, changes)
                if random.random() < 0.4:
                    ends = {"start": place(), "end": place()}
                    params = self.params(uri, ends, random.choice(TASKS), 2)
                    asked = await editor.ask(random.choice(ASKED), params, uri)
                    if random.random() < 0.2:
                        await editor.cancel(asked)
            await editor.compare()

        self.run(edit())

    @rule(
        which=st.integers(0, 5),
        uri=DOCUMENTS,
        bad=st.sampled_from([{}, {"text": 7}, {"range": 1, "text": ""}, None, {"text": None}]),
    )
    def change_badly(self, which: int, uri: str, bad: Any) -> None:
        """One change that can be read before one that cannot: none is made."""
        editor = self.one(which)
        document = {"uri": uri, "version": (editor.now(uri).version or 0) + 1}
        params = {"textDocument": document, "contentChanges": [{"text": "whole"}, bad]}
        self.run(editor.notify("textDocument/didChange", params))

    @rule(which=st.integers(0, 5), uri=DOCUMENTS)
    def close(self, which: int, uri: str) -> None:
        self.run(self.one(which).close(uri))

    @rule(which=st.integers(0, 5), old=st.sampled_from(URIS), new=st.sampled_from(URIS))
    def rename(self, which: int, old: str, new: str) -> None:
        editor = self.one(which)

        async def rename() -> None:
            files = {"files": [{"oldUri": old, "newUri": new}]}
            await editor.ask("workspace/willRenameFiles", files)
            await editor.notify("workspace/didRenameFiles", files)
            buffer = editor.now(old).buffer
            await editor.close(old)
            if buffer is not None:
                await editor.open(new, buffer.text, 1)

        self.run(rename())

    @rule(
        which=st.integers(0, 5),
        uri=DOCUMENTS,
        method=st.sampled_from(ASKED),
        places=st.tuples(PLACES, PLACES),
        task=st.sampled_from(TASKS),
        invoked=st.sampled_from([1, 2]),
        cancelled=st.booleans(),
    )
    def ask(self, which, uri, method, places, task, invoked, cancelled) -> None:
        editor = self.one(which)
        params = self.params(uri, self.ends(editor, uri, places), task, invoked)

        async def ask() -> None:
            asked = await editor.ask(method, params, uri)
            if cancelled and invoked == 1:
                await editor.cancel(asked)

        self.run(ask())

    @rule(which=st.integers(0, 5), uri=DOCUMENTS, how=st.sampled_from("adrv"))
    def review(self, which: int, uri: str, how: str) -> None:
        """Accept, discard or regenerate a draft that stands in the note, or ask for the edit."""
        editor = self.one(which)
        buffer = editor.now(uri).buffer
        found = BLOCK_ID.findall(buffer.text if buffer else "")
        block = {"block": found[-1] if found else "d1"}
        if how == "v":
            params = {"textDocument": {"uri": uri}, "outcome": "accepted", **block}
            self.run(editor.ask("doctorflan/review", params, uri))
            return
        command = {"a": "accept", "d": "discard", "r": "regenerate"}[how]
        argument = {"uri": uri, **block}
        params = {"command": f"doctorflan.{command}", "arguments": [argument]}
        self.run(editor.ask("workspace/executeCommand", params, uri))

    @rule(which=st.integers(0, 5), item=st.integers(0, 8), run=st.booleans())
    def take_up(self, which: int, item: int, run: bool) -> None:
        """Resolve what was listed, perhaps for a note that is another by now, or run it."""
        editor = self.one(which)
        if not editor.items:
            return
        kind, uri, found = editor.items[item % len(editor.items)]
        if run and "op" in found["data"]:
            params = {"command": "doctorflan.draft", "arguments": [found["data"]]}
            self.run(editor.ask("workspace/executeCommand", params, uri))
        else:
            self.run(editor.ask(f"{kind}/resolve", found, uri))

    @rule(which=st.integers(0, 5), offer=st.integers(0, 8))
    def apply(self, which: int, offer: int) -> None:
        editor = self.one(which)
        if editor.offers:
            self.run(editor.apply(editor.offers[offer % len(editor.offers)]))

    @rule(which=st.integers(0, 5), refuse=st.booleans(), apply=st.booleans())
    def reply(self, which: int, refuse: bool, apply: bool) -> None:
        editor = self.one(which)
        if editor.questions:
            self.run(editor.reply(editor.questions.pop(0), refuse, apply))

    @rule(
        which=st.integers(0, 5), asked=st.one_of(st.integers(0, 9), st.sampled_from(["e1", "no"]))
    )
    def cancel(self, which: int, asked: Any) -> None:
        """Take back what waits, or what never was."""
        editor = self.one(which)
        waiting = list(editor.waiting)
        if isinstance(asked, int) and waiting:
            asked = waiting[asked % len(waiting)]
        self.run(editor.cancel(asked))

    @rule(which=st.integers(0, 5))
    def settle(self, which: int) -> None:
        self.run(self.one(which).settle())

    @rule(which=st.integers(0, 5))
    def compare(self, which: int) -> None:
        self.run(self.one(which).compare())

    @precondition(lambda self: self.stage.patient)
    @rule(seconds=st.sampled_from([0.01, 0.05, 0.25]))
    def rest(self, seconds: float) -> None:
        """So long that findings are pushed, which then are looked at."""
        self.run(asyncio.sleep(seconds))

    @precondition(lambda self: len(self.editors) > 1)
    @rule(how=st.booleans())
    def leave(self, how: bool) -> None:
        """One of several ends, with or without a word."""
        editor = self.editors.pop()
        self.run(self._end(editor) if how else editor.peer.socket.close())

    @invariant()
    def nothing_wrong_is_said(self) -> None:
        for editor in self.editors:
            editor.read()

    async def _end(self, editor: Editor) -> None:
        await editor.compare()
        # A shutdown cancels all that waits, and is answered last.
        for sent in editor.waiting.values():
            sent.cancelled = True
        await editor.handled("shutdown")
        assert not editor.waiting, f"never answered: {editor.waiting}"
        await editor.peer.notify("exit")
        await asyncio.wait_for(editor.peer.closed.wait(), 20)
        self.stage.messages += editor.clock + len(editor.peer.heard)
        if isinstance(editor.peer, ProcessPeer):
            assert (await editor.peer.stderr(), editor.peer.process.returncode) == ("", 0)

    def teardown(self) -> None:
        try:
            for editor in self.editors:
                self.run(self._end(editor))
        finally:
            self.run(self.stack.aclose())


def on(stage: Stage) -> type[EditorMachine]:
    """The machine on ``stage``."""
    return type(f"EditorsOver_{stage.transport}", (EditorMachine,), {"stage": stage})
