"""One editor of the machine: what it sent, what it waits for, and what it may be told."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.e2e.editor_text import (
    Buffer,
    Json,
    as_sent,
    positions_in,
    spans_in,
    tokens_in,
)
from tests.e2e.peer import Peer

CANCELLED, MODIFIED, INVALID, UNKNOWN = -32800, -32801, -32602, -32601
# What a client may ask for that this server does not have.
FOREIGN = ("textDocument/references", "workspace/willRenameFiles", "textDocument/formatting")
# What the note as it is now may not have any more, whatever the editor did meanwhile.
_OF_A_BLOCK = {"doctorflan/draft", "doctorflan/review", "codeAction/resolve"}
_OF_A_BLOCK.add("workspace/executeCommand")
# Is never answered unless it is cancelled.
ENDLESS = "test/wait"
BLOCK_ID = re.compile("#([0-9A-Za-z]{1,32})〕")


@dataclass(frozen=True)
class State:
    """What a document was from the ``clock``-th message on; ``buffer`` is None while closed."""

    clock: int
    version: int | None
    buffer: Buffer | None


@dataclass
class Sent:
    """A request that waits for its answer."""

    method: str
    uri: str
    clock: int
    opened: bool
    cancelled: bool = False


@dataclass(frozen=True)
class Offer:
    """An edit that the server made for a version of a document."""

    uri: str
    version: int | None
    edits: tuple[Json, ...]


@dataclass
class Editor:
    """A client that knows what the server has to hold. ``floor`` is the last of its messages that
    the server is known to have handled."""

    peer: Peer
    encoding: str
    versions: bool = True
    clock: int = 0
    floor: int = 0
    cursor: int = 0
    waiting: dict[Any, Sent] = field(default_factory=dict)
    history: dict[str, list[State]] = field(default_factory=dict)
    questions: list[Json] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    items: list[tuple[str, str, Json]] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: count(1))
    answered: int = 0

    def now(self, uri: str) -> State:
        """The document as the editor has it."""
        states = self.history.get(uri)
        return states[-1] if states else State(0, None, None)

    def open_uris(self) -> list[str]:
        """The documents that are open."""
        return [uri for uri in self.history if self.now(uri).buffer is not None]

    async def notify(self, method: str, params: Json) -> None:
        self.clock += 1
        await self.peer.notify(method, params)

    def _became(self, uri: str, version: int | None, buffer: Buffer | None) -> None:
        self.history.setdefault(uri, []).append(State(self.clock, version, buffer))

    async def open(self, uri: str, text: str, version: int) -> None:
        item = {"uri": uri, "languageId": "clinical-note", "version": version, "text": text}
        await self.notify("textDocument/didOpen", {"textDocument": item})
        self._became(uri, version, Buffer(as_sent(text), self.encoding))

    async def close(self, uri: str) -> None:
        await self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        if self.now(uri).buffer is not None:
            self._became(uri, None, None)

    async def change(self, uri: str, version: int | None, changes: list[Json]) -> None:
        """A change; one of an older version, or of a document that is not open, does nothing."""
        document = {"uri": uri, "version": version}
        params = {"textDocument": document, "contentChanges": changes}
        await self.notify("textDocument/didChange", params)
        before = self.now(uri)
        if before.buffer is None or (version is not None and version < (before.version or 0)):
            return
        buffer = before.buffer
        for each in changes:
            buffer = buffer.changed(each)
        self._became(uri, before.version if version is None else version, buffer)

    async def ask(self, method: str, params: Json, uri: str = "") -> Any:
        """Send a request; the answer is looked at when it is read. Numbers and names take turns."""
        number = next(self.numbers)
        asked = number if number % 2 else f"e{number % 10}" * (number % 3 + 1)
        if asked in self.waiting:
            asked = f"u{number}"
        self.clock += 1
        opened = self.now(uri).buffer is not None
        self.waiting[asked] = Sent(method, uri, self.clock, opened)
        await self.peer.start(method, params, asked)
        return asked

    async def cancel(self, asked: Any) -> None:
        """Take a request back; it is answered all the same."""
        if asked in self.waiting:
            self.waiting[asked].cancelled = True
        await self.notify("$/cancelRequest", {"id": asked})

    async def reply(self, question: Json, refuse: bool, apply: bool) -> None:
        """Answer the server; an edit that fits is applied where ``apply`` says so."""
        if refuse:
            error = {"code": -32603, "message": "no"}
            await self.peer.send({"id": question["id"], "error": error})
            return
        result: Any = None
        if question["method"] == "workspace/applyEdit":
            offer = self._offer(question["params"]["edit"])
            result = {"applied": apply and offer is not None and await self.apply(offer)}
        elif question["method"] == "workspace/configuration":
            result = [None for _ in question["params"]["items"]]
        await self.peer.send({"id": question["id"], "result": result})

    async def apply(self, offer: Offer) -> bool:
        """Put an offered edit in; False where the document moved on."""
        state = self.now(offer.uri)
        if state.buffer is None or state.version != offer.version:
            return False
        places = [(state.buffer.offset(each["range"]["start"]), each) for each in offer.edits]
        places.sort(key=lambda each: each[0], reverse=True)
        changes = [{"range": each["range"], "text": each["newText"]} for _, each in places]
        await self.change(offer.uri, (state.version or 0) + 1, changes)
        return True

    async def settle(self) -> None:
        """Read on until nothing waits; what would wait for ever is cancelled."""
        for asked in [each for each, sent in self.waiting.items() if sent.method == ENDLESS]:
            await self.cancel(asked)
        async with asyncio.timeout(30):
            self.read()
            while self.waiting:
                await asyncio.sleep(0.002)
                self.read()

    async def compare(self) -> None:
        """Hold the server's text of every document against the editor's."""
        for uri in self.history:
            await self.ask("test/text", {"textDocument": {"uri": uri}}, uri)
        await self.handled("test/made")

    async def handled(self, method: str) -> None:
        """Send one more request and read on until it is answered."""
        await self.ask(method, {})
        async with asyncio.timeout(30):
            latest = self.clock
            while any(sent.clock == latest for sent in self.waiting.values()):
                assert not self.peer.closed.is_set(), "the server is gone"
                await asyncio.sleep(0.001)
                self.read()

    def read(self) -> None:
        """Look at all that the server said since the last time."""
        while self.cursor < len(self.peer.heard):
            message = self.peer.heard[self.cursor]
            self.cursor += 1
            try:
                self._look(message)
            except AssertionError as error:
                msg = f"{error}\nat {json.dumps(message)[:3000]}"
                raise AssertionError(msg) from error

    def _look(self, message: Json) -> None:
        if "method" not in message:
            assert message["id"] in self.waiting, "an answer that nobody waits for"
            self.answered += 1
            sent = self.waiting.pop(message["id"])
            if "error" in message:
                self._refused(sent, message["error"])
            else:
                self._result(sent, message["result"])
            if sent.method in ("test/text", "textDocument/documentSymbol") and not sent.cancelled:
                self.floor = max(self.floor, sent.clock)
        elif "id" in message:
            self.questions.append(message)
        elif message["method"] == "textDocument/publishDiagnostics":
            self._diagnostics(message["params"])

    def _candidates(self, uri: str, since: int) -> list[State]:
        """What the document was at, and what it became after, the message ``since``."""
        states = self.history.get(uri, [])
        later = [each for each in states if each.clock > since]
        first = [each for each in states if each.clock <= since][-1:]
        return first + later

    def _refused(self, sent: Sent, error: Json) -> None:
        code = error["code"]
        states = self._candidates(sent.uri, sent.clock)
        moved, closed = len(states) > 1, any(each.buffer is None for each in states)
        allowed = {
            CANCELLED: sent.cancelled or sent.method == "doctorflan/draft" or closed or moved,
            MODIFIED: moved or sent.method in _OF_A_BLOCK,
            INVALID: not sent.opened or closed or sent.method in _OF_A_BLOCK,
            UNKNOWN: sent.method in FOREIGN,
        }
        assert allowed.get(code), f"{sent} was answered with {error}"
        if code == CANCELLED and not sent.cancelled and sent.method != "doctorflan/draft":
            assert closed or moved, f"{sent} was never cancelled"

    def _result(self, sent: Sent, result: Any) -> None:
        # The item of a completion comes back as it was listed.
        if not sent.uri or sent.method == "completionItem/resolve":
            return
        if sent.method == "test/text":
            buffer = self._candidates(sent.uri, sent.clock)[0].buffer
            assert buffer is not None, "a document that is not open"
            assert result == buffer.text, f"{result!r} is not {buffer.text!r}"
            return
        states = self._candidates(sent.uri, max(sent.clock, self.floor))
        whole = [each for each in states if each.buffer is not None]
        if sent.method == "doctorflan/analysis":
            of = [each.buffer for each in whole if each.version == result["version"]]
            ends = [end for _, end in spans_in(result["analysis"])]
            assert any(max(ends, default=0) <= len(each.text) for each in of), "of no version"
            return
        places = list(positions_in(result))
        if sent.method.startswith("textDocument/semanticTokens"):
            places = [end for ends in tokens_in(result["data"]) for end in ends]
        if sent.method == "textDocument/foldingRange":
            lines = [each[end] for each in result for end in ("startLine", "endLine")]
            assert any(all(map(each.buffer.has_line, lines)) for each in whole), "no such line"
        fits = [each for each in whole if all(map(each.buffer.has, places))]
        assert fits or not places, f"no text from {sent.clock} on has all places"
        if sent.method == "textDocument/documentSymbol":
            assert all(map(_nested, result)), "an entry reaches out of its parent"
        self._keep(sent, result)

    def _keep(self, sent: Sent, result: Any) -> None:
        """Remember what the editor may come back to."""
        if isinstance(result, dict) and (offer := self._offer(result.get("edit"))):
            versions = {each.version for each in self._candidates(sent.uri, self.floor)}
            assert offer.version in versions, "an edit of an old version"
            self.offers = [*self.offers[-8:], offer]
        several = result.get("items", ()) if isinstance(result, dict) else result
        kinds = {
            "textDocument/codeAction": "codeAction",
            "textDocument/completion": "completionItem",
        }
        if sent.method in kinds:
            lazy = [(kinds[sent.method], sent.uri, each) for each in several if "data" in each]
            self.items = [*self.items[-8:], *lazy[:4]]

    def _offer(self, edit: Any) -> Offer | None:
        if not edit:
            return None
        if "documentChanges" in edit:
            [only] = edit["documentChanges"]
            document = only["textDocument"]
            return Offer(document["uri"], document["version"], tuple(only["edits"]))
        [(uri, edits)] = edit["changes"].items()
        return Offer(uri, self.now(uri).version, tuple(edits))

    def _diagnostics(self, params: Json) -> None:
        states = self._candidates(params["uri"], self.floor)
        assert states, "findings of a document that was never open"
        found = params["diagnostics"]
        if "version" not in params and self.versions:
            assert not found, "findings without a version"
            return
        whole = [each for each in states if each.buffer is not None]
        if self.versions:
            whole = [each for each in whole if each.version == params["version"]]
            assert whole, f"findings of a version that is not one of {states}"
        places = list(positions_in(found))
        assert not found or any(all(map(each.buffer.has, places)) for each in whole), (
            "no such place"
        )


def _nested(symbol: Json) -> bool:
    """True where each entry is inside its parent and names a place in itself."""
    if "location" in symbol:
        return True

    def inside(inner: Json, outer: Json) -> bool:
        first, last = ((each["line"], each["character"]) for each in (outer["start"], outer["end"]))
        ends = [(inner[end]["line"], inner[end]["character"]) for end in ("start", "end")]
        return first <= ends[0] <= ends[1] <= last

    children = symbol.get("children", [])
    return inside(symbol["selectionRange"], symbol["range"]) and all(
        inside(each["range"], symbol["range"]) and _nested(each) for each in children
    )
