"""Framing and decoding of messages, and the readers of their parameters."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygls.exceptions import JsonRpcInvalidParams

from doctorflan_ls.features.legend import MODIFIERS, TYPES
from doctorflan_ls.server.capabilities import REQUESTS, server_capabilities
from doctorflan_ls.server.client import Client, read_client
from doctorflan_ls.server.jsonrpc import (
    Framer,
    Malformed,
    Notification,
    Request,
    Response,
    decode,
    encode,
    frame,
)
from doctorflan_ls.server.params import Params
from doctorflan_ls.text import Position

BODIES = st.lists(st.binary(min_size=0, max_size=60), max_size=8)


def fed(framer, data, sizes):
    found, at = [], 0
    for size in sizes:
        found += framer.feed(data[at : at + size])
        at += size
    return found + framer.feed(data[at:])


@given(BODIES, st.lists(st.integers(1, 40), max_size=40))
def test_bodies_survive_any_cutting(bodies, sizes):
    data = b"".join(map(frame, bodies))
    assert fed(Framer(), data, sizes) == bodies


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=10))
def test_no_bytes_break_the_framer(data, sizes):
    for found in fed(Framer(), data, sizes):
        assert isinstance(found, bytes | Malformed)


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: 2\r\n\r\n",
        b"content-length:2\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2\r\nContent-Type: x\r\n\r\n",
        b"Content-Length: 2\n\n",
    ],
)
def test_headers(header):
    assert Framer().feed(header + b"{}") == [b"{}"]


def test_a_message_over_the_limit_is_skipped_whole():
    framer = Framer(max_bytes=10)
    found = framer.feed(frame(b"x" * 11))
    assert [each.code for each in found] == [-32600]
    assert framer.feed(frame(b"y" * 10)) == [b"y" * 10]


def test_a_message_over_the_limit_is_skipped_in_pieces():
    framer = Framer(max_bytes=10)
    data = frame(b"Content-Length: 1\r\n\r\n" * 50) + frame(b"ok")
    found = fed(framer, data, [7] * 100)
    assert [each.code for each in found[:1]] == [-32600]
    assert found[1:] == [b"ok"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
KEYS = st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error"])


@given(st.dictionaries(KEYS, JSON | st.just("2.0"), max_size=6))
def test_decoding_never_fails(data):
    message = decode(json.dumps(data))
    assert isinstance(message, Request | Notification | Response | Malformed)
    if isinstance(message, Request):
        assert message.id == data["id"]


@given(st.binary(max_size=50) | st.text(max_size=50))
def test_decoding_any_bytes_never_fails(body):
    assert decode(body) is not None


@given(st.text(alphabet=st.characters(), max_size=50))
def test_encoding_holds_any_text(text):
    decoded = json.loads(encode({"text": text}))
    assert decoded["text"] == text.encode("utf-8", "replace").decode()


def test_an_answer_to_a_null_id_is_ignored():
    error = {"code": -32700, "message": "x"}
    assert decode(json.dumps({"jsonrpc": "2.0", "id": None, "error": error})) == Notification(
        "$/ignored", None
    )


RAW = {
    "textDocument": {"uri": "u"},
    "position": {"line": 1, "character": 2},
    "range": {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 2}},
    "flags": ["a", "b"],
    "none": None,
    "true": True,
}


def test_reading():
    params = Params(RAW)
    assert params.uri() == "u"
    assert params.position("position") == Position(1, 2)
    assert params.range("range") == (Position(0, 0), Position(1, 2))
    assert params.strings_or_none("flags") == ("a", "b")
    assert params.strings_or_none("missing") is None
    assert params.token("missing") is None
    assert params.string_or("none", "default") == "default"
    assert params.object_or_none("none") is None


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda p: p.string("none"), "params.none must be a string"),
        (lambda p: p.integer("true"), "params.true must be an integer"),
        (lambda p: p.token("true"), "params.true must be an integer or a string"),
        (lambda p: p.position("range"), "params.range.line must be an integer"),
        (lambda p: p.objects("flags"), "params.flags[0] must be an object"),
        (lambda p: p.objects("none"), "params.none must be an array"),
        (lambda p: p.strings_or_none("true"), "params.true must be an array of strings"),
        (
            lambda p: Params({"p": {"line": -1, "character": 0}}).position("p"),
            "params.p.line must be an unsigned integer",
        ),
        (
            lambda p: Params({"p": {"line": 2**31, "character": 0}}).position("p"),
            "params.p.line must be an unsigned integer",
        ),
    ],
)
def test_refusals_name_the_path(read, message):
    with pytest.raises(JsonRpcInvalidParams) as caught:
        read(Params(RAW))
    assert caught.value.message == message


@given(JSON)
def test_reading_any_capabilities_never_fails(raw):
    assert isinstance(read_client(raw), Client)
    assert read_client({"textDocument": raw, "workspace": raw, "general": raw}).encoding


def test_a_client_that_says_nothing_can_do_nothing():
    assert read_client({}) == Client()


def test_m12_capabilities():
    client = Client(
        encoding="utf-8",
        code_action_literals=True,
        inline_completion=True,
        pulls_diagnostics=True,
    )
    assert server_capabilities(client) == {
        "positionEncoding": "utf-8",
        "textDocumentSync": {"openClose": True, "change": 2},
        "completionProvider": {"triggerCharacters": ["/"], "resolveProvider": True},
        "hoverProvider": True,
        "documentSymbolProvider": True,
        "foldingRangeProvider": True,
        "codeActionProvider": {
            "codeActionKinds": ["quickfix", "refactor.rewrite.doctorflan", "source.doctorflan"],
            "resolveProvider": True,
        },
        "definitionProvider": True,
        "inlayHintProvider": True,
        "codeLensProvider": {},
        "semanticTokensProvider": {
            "legend": {"tokenTypes": list(TYPES), "tokenModifiers": list(MODIFIERS)},
            "range": True,
            "full": True,
        },
        "diagnosticProvider": {"interFileDependencies": False, "workspaceDiagnostics": False},
        "inlineCompletionProvider": {},
        "executeCommandProvider": {
            "commands": [
                "doctorflan.draft",
                "doctorflan.accept",
                "doctorflan.discard",
                "doctorflan.regenerate",
                "doctorflan.reviewed",
                "doctorflan.dismiss",
                "doctorflan.restore",
            ]
        },
        "workspace": {"workspaceFolders": {"supported": True}},
        "experimental": {"doctorflan": {"requests": list(REQUESTS)}},
    }


def test_m12_what_the_client_does_not_know_is_not_claimed():
    claimed = server_capabilities(Client())
    for name in ("codeActionProvider", "inlineCompletionProvider", "diagnosticProvider"):
        assert name not in claimed
