"""Bytes and messages of a client: framing, decoding, and a whole connection in this process."""

from __future__ import annotations

import asyncio
import json
import random
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from doctorflan_ls.server.connection import Connection
from doctorflan_ls.server.host import Host, ServerOptions
from doctorflan_ls.server.jsonrpc import (
    Framer,
    Malformed,
    Message,
    Notification,
    Request,
    Response,
    decode,
    frame,
)
from doctorflan_ls.server.requests import FEATURES
from tests.endurance.fuzz_targets import target

_URI = "file:///ward/note.txt"
_TEXT = (
    "入院记录\n主诉：胸痛3小时。\n现病史：患者男，58岁，突发胸痛，BP 150/90mmHg，K 3.9mmol/L。\n"
    "既往史：青霉素过敏。\n/\n诊断："
)
_LIMIT = 4096
_SHORT = 1000
# Of wall time: a machine may have better things to do than to fuzz.
_SECONDS = 120.0


def _framed() -> Iterator[bytes]:
    bodies = [b"{}", _body("shutdown", 1), '{"a":"药"}'.encode(), b"", b"x" * 5000]
    yield b"".join(map(frame, bodies))
    yield b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n" + frame(b"{}")
    yield b"content-length:2\n\n{}Content-Length: 99999999\r\n\r\n" + frame(b"{}")
    yield b"noise\r\n\r\n" + b"y" * 9000 + frame(b"{}")
    yield b"Content-Length: 3\r\nContent-Length: 2\r\n\r\n{}Content-Length: 0\r\n\r\n"


def _body(method: str, number: int | str | None = None, params: object = None) -> bytes:
    made: dict[str, object] = {"jsonrpc": "2.0", "method": method}
    if number is not None:
        made["id"] = number
    if params is not None:
        made["params"] = params
    return json.dumps(made, ensure_ascii=False).encode()


@target(
    "framing",
    "bytes",
    _framed,
    words=("Content-Length: ", "\r\n\r\n", "\n\n", "content-length:", "Content-Length: 0\r\n\r\n"),
    quick=100,
)
def framing(data: bytes, _: Path) -> Iterable[object]:
    """The same frames are found wherever the stream is cut; nothing beyond the limit is kept."""
    whole = Framer(_LIMIT).feed(data)
    chance = random.Random(zlib.crc32(data))
    for size in (1 if len(data) < _SHORT else 100, chance.randint(2, 50)):
        framer = Framer(_LIMIT)
        parts = [
            each for at in range(0, len(data), size) for each in framer.feed(data[at : at + size])
        ]
        if not any(isinstance(each, Malformed) for each in (*whole, *parts)):
            assert parts == whole, "frames depend on where the stream is cut"
    for each in whole:
        if isinstance(each, bytes):
            assert len(each) <= _LIMIT, "a frame beyond the limit"
            yield type(decode(each)).__name__
        else:
            yield (each.code, each.message[:20])


@target("decoding", "json", lambda: iter(_session()), quick=500)
def decoding(data: bytes, _: Path) -> Iterable[object]:
    """Any body is a message or malformed; a request keeps its id."""
    for line in data.split(b"\n"):
        for body in (line, line.decode("utf-8", "replace")):
            made = decode(body)
            assert isinstance(made, Request | Notification | Response | Malformed), "no message"
            yield type(made).__name__
            if isinstance(made, Malformed):
                yield made.message


def _params() -> dict[str, Any]:
    """Something of all that requests ask for: each takes what it knows."""
    here = {"line": 2, "character": 9}
    return {
        "textDocument": {"uri": _URI, "version": 1},
        "position": here,
        "range": {"start": {"line": 0, "character": 0}, "end": here},
        "context": {"diagnostics": [], "triggerKind": 1, "only": ["quickfix", "refactor"]},
        "task": "differential-diagnosis",
        "uri": _URI,
        "files": [],
        "workDoneToken": "w1",
        "partialResultToken": 3,
        "language": "zh",
        "previousResultId": "1",
        "data": {"uri": _URI, "task": "case-summary", "version": 1},
        "label": "/",
        "title": "x",
        "text": _TEXT,
        "id": "0a1b2c3d",
        "draft": "0a1b2c3d",
        "decision": "accepted",
        "settings": {"doctorflan": {"checks": {"disabled": ["ZC-01"]}, "language": "zh"}},
    }


_COMMANDS = (
    ("doctorflan.draft", [{"uri": _URI, "task": "case-summary", "position": 1}]),
    ("doctorflan.dismiss", [{"uri": _URI, "rule": "ZC-01", "reach": "document", "reason": "x"}]),
    ("doctorflan.reviewed", [{"uri": _URI, "draft": "0a1b2c3d", "outcome": "accepted"}]),
)


def _opening() -> list[bytes]:
    document = {"uri": _URI, "languageId": "clinical-note", "version": 1, "text": _TEXT}
    start = {
        "processId": None,
        "rootUri": None,
        "locale": "zh-cn",
        "initializationOptions": {"draft": {"language": "auto"}},
        "capabilities": {
            "workspace": {"applyEdit": True, "configuration": True, "workspaceEdit": {}},
            "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}},
            "general": {"positionEncodings": ["utf-8", "utf-16"]},
            "window": {"workDoneProgress": True},
        },
    }
    return [
        _body("initialize", 1, start),
        _body("initialized", None, {}),
        _body("textDocument/didOpen", None, {"textDocument": document}),
    ]


def _changes() -> list[bytes]:
    at = {"line": 1, "character": 3}
    edits = [
        {"range": {"start": at, "end": {"line": 1, "character": 5}}, "text": "反复😀"},
        {"range": {"start": at, "end": at}, "rangeLength": 0, "text": "\r\n"},
    ]
    return [
        _body(
            "textDocument/didChange",
            None,
            {"textDocument": {"uri": _URI, "version": number}, "contentChanges": [edit]},
        )
        for number, edit in enumerate((*edits, {"text": _TEXT}), 2)
    ]


def _session() -> Iterator[bytes]:
    requests = [each for each in FEATURES if each not in ("initialize", "shutdown", "initialized")]
    asked = [
        _body(method, None if "did" in method else number, _params())
        for number, method in enumerate(requests, 10)
    ]
    commands = [
        _body("workspace/executeCommand", f"c{number}", {"command": name, "arguments": arguments})
        for number, (name, arguments) in enumerate(_COMMANDS)
    ]
    for number in range(0, len(asked), 4):
        yield b"\n".join((*_opening(), *asked[number : number + 4]))
    yield b"\n".join((*_opening(), *commands, _body("shutdown", 2), _body("exit")))
    yield b"\n".join(
        (*_opening(), *_changes(), *asked[9:12], _body("$/cancelRequest", None, {"id": 19}))
    )
    answer = {"jsonrpc": "2.0", "id": "s1", "result": [{"language": "zh", "models": {"seed": 3}}]}
    refused = {"jsonrpc": "2.0", "id": "s2", "error": {"code": 1, "message": "no"}}
    yield b"\n".join((*_opening(), json.dumps(answer).encode(), json.dumps(refused).encode()))


class _Client:
    """Collects what the server sends, and answers what it asks."""

    unread = 0

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.seen: set[object] = set()
        self.asked: list[object] = []

    def write(self, body: bytes) -> None:
        made = json.loads(body)
        assert b"Traceback" not in body, "a traceback in a message"
        assert made["jsonrpc"] == "2.0", "no JSON-RPC"
        if "method" not in made:
            assert ("result" in made) != ("error" in made), "neither a result nor an error"
            self.answers[_key(made["id"])] += 1
            error = made.get("error")
            self.seen.add(("answer", type(made.get("result")).__name__, error and error["code"]))
            return
        self.seen.add(made["method"])
        if "id" in made:
            self.asked.append(made["id"])

    async def drain(self) -> None:
        pass


def _key(number: object) -> str:
    return f"{type(number).__name__} {number!r}"


def _due(messages: list[Message]) -> tuple[Counter[str], bool]:
    """How often each id is to be answered, and whether the client goes away at the end."""
    due: Counter[str] = Counter()
    for each in messages:
        if isinstance(each, Notification) and each.method == "exit":
            return due, True
        if isinstance(each, Request | Malformed):
            due[_key(each.id)] += 1
    return due, False


async def _talked(messages: list[Message]) -> tuple[_Client, Counter[str], bool]:
    due, leaves = _due(messages)
    host = Host(ServerOptions(), lambda _: None, shared=True)
    connection = Connection(host)
    client = _Client()
    protocol = connection.protocol
    protocol.sink = client
    running = asyncio.ensure_future(protocol.run())
    try:
        for each in messages:
            protocol.receive(each)
        until = asyncio.get_running_loop().time() + _SECONDS
        while not running.done() and asyncio.get_running_loop().time() < until:
            for number in client.asked:
                protocol.receive(Response(number, None, None))  # type: ignore[arg-type]
            client.asked.clear()
            if not protocol.waiting and client.answers >= due and not leaves:
                break
            await asyncio.sleep(0.001)
        # Whatever is said twice is said by now.
        await asyncio.sleep(0)
        protocol.end_of_input()
        await asyncio.wait_for(running, _SECONDS)
    finally:
        running.cancel()
        host.close()
        await connection.close()
    return client, due, leaves


@target(
    "connection",
    "json",
    _session,
    quick=20,
    words=(_URI, '"id":1', "s1", "utf-32", "$/cancelRequest"),
)
def connection(data: bytes, _: Path) -> Iterable[object]:
    """Each request is answered exactly once, whatever came before it."""
    messages = [decode(line) for line in data.split(b"\n")]
    client, due, leaves = asyncio.run(_talked(messages))
    if leaves:
        assert client.answers <= due, "a request is answered twice"
    else:
        assert client.answers == due, "a request is not answered exactly once"
    return client.seen
