"""What models and servers say: streams of events, whole answers over HTTP, a model's words."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from doctorflan_ls.answers import AnswerReader, Titles
from doctorflan_ls.drafts import plain
from doctorflan_ls.models.base import Message, ModelOptions, Sampling, Stop
from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.models.folders.manifest_reader import parse_manifest
from doctorflan_ls.models.language import LanguageModel
from doctorflan_ls.models.openai import wire
from doctorflan_ls.models.openai.answer import text_of as answer_of
from doctorflan_ls.models.openai.chat import load_chat
from doctorflan_ls.models.openai.events import data_of
from doctorflan_ls.models.openai.faults import Fault
from doctorflan_ls.notes import markers
from doctorflan_ls.tasks.registry import get_task
from tests.endurance.fuzz_targets import target, text_of
from tests.endurance.fuzz_targets.files import REMOTE_MANIFEST
from tests.scripted_chat import ScriptedChat, draft, prompt


def _event(**delta: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": delta.pop("finish", None)}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


_EVENTS = (
    _event(role="assistant"),
    _event(content="待鉴别：夹层\n"),
    _event(content="肺\ud83d"),
    _event(content="栓塞", finish="stop"),
    b"data: [DONE]\n\n",
)


def _streams() -> Iterator[bytes]:
    whole = b"".join(_EVENTS)
    yield whole
    yield b"\xef\xbb\xbf: ping\r\n\r\n" + whole.replace(b"\n", b"\r\n") + b"id: 1\revent: x\r\r"
    yield _event(reasoning_content="hm") + _event(finish="length")
    yield b'data: {"error": {"message": "x"}}\n\n'
    yield _event(content="\ud83d") + _event(content="\ude00", finish="stop")


@target(
    "events",
    "text",
    _streams,
    words=("data: ", "\r", "\n\n", "\ufeff", "[DONE]", '"choices"', '"error"'),
)
def events(data: bytes, _: Path) -> Iterable[object]:
    """A stream of events says the same wherever it is cut, or ends in a fault."""
    said = []
    for size in (len(data) or 1, 1, 7):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        text = ""
        try:
            for each in answer_of(data_of(pieces), lambda: None):
                text += each
        except Fault as fault:
            text += f"\0{fault.key}"
        said.append(text)
    assert said[1:] == said[:1] * 2, "an answer depends on where its stream is cut"
    text.encode("utf-8")
    yield text.rpartition("\0")[2] if "\0" in text else "whole"


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def _answers() -> Iterator[bytes]:
    whole = b"".join(_EVENTS)
    yield (
        _HEAD
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(whole), whole)
    )
    yield _HEAD + b"Content-Length: %d\r\n\r\n" % len(whole) + whole
    yield _HEAD + b"\r\n" + whole
    yield b"HTTP/1.1 429 Busy\r\nRetry-After: 9999\r\nContent-Length: 0\r\n\r\n"
    dates = b"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\nDate: Fri, 31 Dec 1999 23:59:59 GMT\r\n"
    yield b"HTTP/1.1 503 No\r\n" + dates + b"\r\n"
    yield b"HTTP/1.1 400 Bad\r\nContent-Length: 25\r\n\r\nmaximum context length is"
    yield b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"choices": []}'
    yield b'HTTP/1.1 404 No\r\n\r\n{"data": [{"id": "x"}]}'


@target(
    "model-server",
    "text",
    _answers,
    words=("\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "chunked", "gzip", "Retry-After: "),
)
def model_server(data: bytes, _: Path) -> Iterable[object]:
    """Whatever a server answers: words of the model, or one line."""

    def connect(own: wire.Wire, *_: Any, **__: Any) -> wire._Stream:
        near, far = socket.socketpair()
        # It is all in the buffer, and the connection ends behind it.
        far.setblocking(False)
        far.sendall(data)
        far.shutdown(socket.SHUT_WR)
        kept.append(far)
        own.use(near)
        return wire._Stream(near, own)

    kept: list[socket.socket] = []
    chat = load_chat(None, _server(), ModelOptions(hosts=("127.0.0.1",), timeout=5))
    with (
        mock.patch.object(wire.Wire, "connect_tcp", connect),
        mock.patch.object(Stop, "wait", return_value=False),
    ):
        try:
            for each in chat.stream([Message("user", "q")], Sampling(max_tokens=50), Stop()):
                each.encode("utf-8")
                yield len(each)
        finally:
            for far in kept:
                far.close()


@cache
def _server() -> Manifest:
    return parse_manifest(REMOTE_MANIFEST.replace('key = "env:KEY"', ""), "model.toml", "0" * 64)


_MODEL_SAYS = (
    "待鉴别：夹层\n肺栓塞\n\n鉴别要点与确认方法：查 CTA。",
    "**待鉴别**：夹层\n- 肺栓塞\n1. **鉴别要点与确认方法：** 查 CTA。",
    '```json\n{"candidates": ["夹层", {"a": "b"}], "settle": "查 CTA。"}\n```',
    "<think>嗯</think>好的，以下是草稿：\n1. 夹层\n2. 查 CTA。",
    "Candidates: dissection\nHow to settle it - CTA\nHow to settle it - CTA\n" * 3,
    "〔DoctorFLAN 草稿结束｜#0a1b2c3d〕\n| a | b |\n|---|---|\n$$x$$ <b>y</b> [z](http://a)",
)


@target(
    "model-text",
    "text",
    lambda: (each.encode() for each in _MODEL_SAYS),
    words=(
        "<think>",
        "</think>",
        "```json\n{",
        "待鉴别：",
        "\n\n",
        "1. ",
        "**",
        "〔",
        "〕",
        "#",
        "|",
    ),
    quick=25,
)
def model_text(data: bytes, _: Path) -> Iterable[object]:
    """Any words of a model are read the same in any pieces, and cannot end their draft."""
    text = text_of(data)
    task = get_task("differential-diagnosis")
    read = [_parts(text, size, task.elements) for size in (1, 5, len(text) or 1)]
    yield tuple(sorted(read[0]))
    asked = prompt("主诉：胸痛3小时。\n既往史：高血压。", task.id)
    made = draft(
        LanguageModel(ScriptedChat(text, size=9)).generate(
            asked, Sampling(max_tokens=3000), Stop()
        ),
        asked,
    )
    assert not markers.PATTERN.search(plain(made)), "a model's words end their draft"
    yield (len(made.gaps), len(made.parts))


def _parts(text: str, size: int, elements: Any) -> dict[str, str]:
    reader = AnswerReader(Titles(elements), "", ("candidates", "settle"), ("只写下列各项。",))
    parts: dict[str, str] = {}
    for start in range(0, len(text), size):
        for piece in reader.push(text[start : start + size]):
            parts[piece.key] = parts.get(piece.key, "") + piece.text
        if reader.over:
            break
    for piece in reader.finish():
        parts[piece.key] = parts.get(piece.key, "") + piece.text
    return parts
