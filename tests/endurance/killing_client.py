"""The client of a killing run: its documents, what it knows, what it must never be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, NamedTuple

from websockets.exceptions import ConnectionClosed

from doctorflan_ls.notes.note import parse_note
from tests.e2e.peer import Peer, RpcError
from tests.endurance.killing_ledger import Asked, Key, Ledger
from tests.endurance.killing_page import Page, brought_ids, opened_ids

GONE = (ConnectionError, ConnectionClosed)
# What a client that types while it asks has to expect: docs/protocol.md.
_EXPECTED = {-32602, -32800, -32801, -32803}

Json = dict[str, Any]


class Applied(NamedTuple):
    """The ids of the drafts that an edit brought, and of those it took away."""

    new: list[str]
    removed: list[str]


class Wrong(Exception):
    """The server did what it must not."""


def _differ(one: str, other: str) -> int:
    """Where two texts differ first."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def capabilities(encoding: str, *, plain: bool) -> Json:
    """Those of an editor that can everything, or of one that cannot resolve a command."""
    resolvable = ["edit"] if plain else ["edit", "command"]
    return {
        "general": {"positionEncodings": [encoding]},
        "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
        "window": {"workDoneProgress": not plain},
        "textDocument": {
            "diagnostic": {},
            "completion": {"completionItem": {"snippetSupport": False}},
            "codeAction": {
                "codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}},
                "dataSupport": True,
                "resolveSupport": {"properties": resolvable},
            },
        },
    }


class Client:
    """One connection with its documents.

    ``inserted`` are the ids of the drafts that ever entered them. ``acknowledged`` is called at
    each answer that waits for a row of the audit trail.
    """

    def __init__(self, peer: Peer, pages: list[Page], ledger: Ledger, inserted: list[str]) -> None:
        self.peer = peer
        self.pages = {page.uri: page for page in pages}
        self.ledger = ledger
        self.acknowledged: Callable[[], None] = lambda: None
        self.checks = 0
        self.commands = 0
        self.inserted = inserted
        self._dismissed: list[tuple[Asked, Json]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self._heard = 0

    async def begin(self, encoding: str, *, plain: bool, options: Json) -> None:
        await self.peer.initialize(
            capabilities(encoding, plain=plain), locale="zh", initializationOptions=options
        )
        for page in self.pages.values():
            await self.peer.open(page.text, page.uri, page.version)
        self.start(self._serve_edits())

    async def stop(self) -> None:
        """Let what has arrived be seen, then give up what was not answered."""
        for _ in range(5):
            await asyncio.sleep(0)
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        for found in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(found, Exception) and not isinstance(found, GONE):
                raise found

    async def check(self, page: Page) -> None:
        """The server's text is this client's, and the drafts in it are those that stand here."""
        text, version = page.text, page.version
        asked = await self.peer.start("test/text", {"textDocument": {"uri": page.uri}})
        listing = await self.peer.start("doctorflan/drafts", {"textDocument": {"uri": page.uri}})
        known = await self.peer.answer(asked)
        if known != text:
            at = _differ(known, text)
            here, there = text[at - 20 : at + 20], known[at - 20 : at + 20]
            msg = f"version {version} of {page.uri} is {here!r}, in the server {there!r}"
            raise Wrong(msg)
        ((listed),) = (await self.peer.answer(listing))["documents"]
        standing = [each["id"] for each in listed["drafts"]]
        if standing != [block.id for block in parse_note(text).draft_blocks]:
            msg = f"drafts {standing} in version {version}, which has {opened_ids(text)}"
            raise Wrong(msg)
        if len(set(standing)) != len(standing):
            msg = f"a draft stands twice: {standing}"
            raise Wrong(msg)
        self.checks += 1

    def put_aside(self) -> list[Json]:
        """What the server said it had put aside."""
        return [said for asked, said in self._dismissed if asked.key_known() is not None]

    async def request(self, method: str, params: Json) -> Any:
        return await self.peer.answer(await self.peer.start(method, params))

    async def audited(self, method: str, params: Json, key: Key | None) -> Any:
        """Ask for what is recorded: ``key``, or the draft that the answer names."""
        if key is None:
            self.ledger.drafts_asked += 1
        else:
            self.ledger.sent[key] += 1
        asked = await self.peer.start(method, params)
        known = Asked(self.peer, asked, key)
        self.ledger.asked.append(known)
        if key is not None and key[0] == "feedback":
            self._dismissed.append((known, params["arguments"][0]))
        result = await self.peer.answer(asked)
        self.acknowledged()
        return result

    async def apply(self, page: Page, edit: Json) -> Applied | None:
        """Put ``edit`` in and tell the server; None where the text is another by now."""
        before = opened_ids(page.text)
        changes = page.applied(edit)
        if changes is None:
            return None
        after = opened_ids(page.text)
        new = [each for each in after if each not in before]
        again = [each for each in new if each in self.inserted]
        self.inserted += new
        if again or len(after) != len(set(after)):
            msg = f"a draft was inserted twice: {again or after}"
            raise Wrong(msg)
        await self.peer.change(page.uri, page.version, *changes)
        return Applied(new, [each for each in before if each not in after])

    async def reviewed(self, said: Json) -> None:
        """Tell the server that the edit of a review is applied."""
        params = {"command": "doctorflan.reviewed", "arguments": [said]}
        key = ("review", said["block"])
        await self.audited("workspace/executeCommand", params, key)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        async def run() -> None:
            try:
                await work
            except RpcError as error:
                if error.code not in _EXPECTED:
                    msg = f"error {error.code}"
                    raise Wrong(msg) from None

        task = asyncio.create_task(run())
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        # One that failed is kept: ``stop`` tells of it.
        if task.cancelled() or task.exception() is None or isinstance(task.exception(), GONE):
            self.tasks.discard(task)

    async def _serve_edits(self) -> None:
        """Answer what the server asks: apply its edits, take its progress tokens."""
        while True:
            with suppress(TimeoutError):
                messages = await self.peer.until(lambda heard: heard[self._heard :])
                self._heard += len(messages)
                for message in messages:
                    if "method" in message and "id" in message:
                        await self._answer(message)

    async def _answer(self, message: Json) -> None:
        if message["method"] != "workspace/applyEdit":
            await self.peer.send({"id": message["id"], "result": None})
            return
        self.commands -= 1
        if self.commands < 0:
            raise Wrong("an edit that nobody asked for")
        edit = message["params"]["edit"]
        self.ledger.seen.update(("draft", "ready", each) for each in brought_ids(edit))
        ((change),) = edit["documentChanges"]
        done = await self.apply(self.pages[change["textDocument"]["uri"]], edit)
        for each in [] if done is None else done.removed:
            self.ledger.sent["review", each] += 1
            self.ledger.behind.append((("review", each), self.peer, len(self.ledger.asked)))
        await self.peer.send({"id": message["id"], "result": {"applied": done is not None}})
