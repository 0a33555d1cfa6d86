"""Models on a server: where text may go, what is sent, and how the answer is read."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from corpora import NAMES, notes_of
from hypothesis import given
from hypothesis import strategies as st
from openai_servers import HEAD, echoes, event, manifest, sends, serving, stream
from tokenizers import Tokenizer

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Message, ModelOptions, Sampling, Stop
from doctorflan_ls.models.folders.manifest import parse as parse_manifest
from doctorflan_ls.models.openai import address, estimate, events, keys, load
from doctorflan_ls.models.openai.answer import text_of
from doctorflan_ls.models.openai.chat import OpenAIChat
from doctorflan_ls.models.openai.wire import Wire


def _text(chat, text: str = "x", **sampling) -> tuple[str, str]:
    pieces = chat.stream([Message("user", text)], Sampling(**sampling), Stop())
    answer = ""
    while True:
        try:
            answer += next(pieces)
        except StopIteration as end:
            return answer, end.value


def _load(url: str, tmp_path, **given):
    return load(tmp_path, manifest(url, **given), ModelOptions(hosts=("127.0.0.1",), timeout=5))


@pytest.mark.parametrize(
    ("hosts", "allowed"),
    [
        (("llm.local:8000",), True),
        (("LLM.local",), True),
        (("llm.local:8001",), False),
        (("local",), False),
        (("*",), False),
        (("*.local",), False),
        (("llm.local.evil.example",), False),
        (("",), False),
        ((), False),
    ],
)
def test_only_hosts_of_the_settings(hosts, allowed, tmp_path):
    given = manifest("http://llm.local:8000/v1")
    if allowed:
        assert load(tmp_path, given, ModelOptions(hosts=hosts)).spec.host == "llm.local:8000"
        return
    with pytest.raises(ModelUnavailable, match=r"network\.hosts") as caught:
        load(tmp_path, given, ModelOptions(hosts=hosts))
    assert "llm.local:8000" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name", "path", "local"),
    [
        ("http://127.0.0.1:8000/v1", "127.0.0.1:8000", "/v1", True),
        ("http://[::1]:8000/v1/", "[::1]:8000", "/v1", True),
        ("http://LocalHost/v1", "localhost:80", "/v1", True),
        ("https://llm.hospital.example/api/v1", "llm.hospital.example:443", "/api/v1", False),
        ("http://10.0.0.5:80", "10.0.0.5:80", "", False),
        ("http://localhost.evil.example/v1", "localhost.evil.example:80", "/v1", False),
        ("http://127.0.0.1.nip.io/v1", "127.0.0.1.nip.io:80", "/v1", False),
        ("http://医院.example/v1", "医院.example:80", "/v1", False),
    ],
)
def test_an_address(url, name, path, local):
    found = address.parse(url)
    assert (found.name, found.path, found.local) == (name, path, local)


@pytest.mark.parametrize(
    "url", ["", "ftp://a/v1", "http://", "http://a:99999/v1", "http://u:p@a/v1", "http://a/v1?k=v"]
)
def test_no_address(url):
    with pytest.raises(ModelUnavailable):
        address.parse(url)


@pytest.mark.parametrize(
    ("url", "number", "key"),
    [
        # A name for this machine that leads elsewhere: unmasked text must not go there.
        ("http://localhost:9/v1", "10.0.0.5", "openai.not-loopback"),
        ("http://llm.example:9/v1", "93.184.216.34", "openai.plain-public"),
        ("http://llm.example:9/v1", "::ffff:93.184.216.34", "openai.plain-public"),
    ],
)
def test_no_byte_goes_where_it_must_not(url, number, key, tmp_path, monkeypatch):
    family = 10 if ":" in number else 2
    found = [(family, 1, 6, "", (number, 9))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_given: found)
    monkeypatch.setattr(Wire, "_connect", lambda *_args: pytest.fail("connected"))
    host = address.parse(url).host
    chat = load(tmp_path, manifest(url), ModelOptions(hosts=(host,)))
    with pytest.raises(ModelUnavailable) as caught:
        _text(chat)
    assert caught.value.key == key


def test_the_environments_proxy_is_not_asked(tmp_path, monkeypatch):
    with serving(stream("wrong")) as proxy, serving(stream("right")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.host}")
        assert _text(_load(server.url, tmp_path))[0] == "right"
        assert not proxy.requests


def test_what_is_sent(tmp_path):
    with serving(stream("a")) as server:
        chat = _load(server.url, tmp_path, model="qwen")
        _text(chat, "你好", max_tokens=9, stop=("\n\n", "b", "c", "d", "e"))
        _text(chat, "half \ud83d", temperature=0.5, top_p=0.9, seed=7)
        greedy, free = server.bodies
    assert greedy == {
        "model": "qwen",
        "messages": [{"role": "user", "content": "你好"}],
        "stream": True,
        "max_tokens": 9,
        "temperature": 0.0,
        "stop": ["\n\n", "b", "c", "d"],
    }
    assert (free["temperature"], free["top_p"], free["seed"]) == (0.5, 0.9, 7)
    assert free["messages"][0]["content"] == "half ?"


def test_a_known_context_bounds_the_answer(tmp_path):
    with serving(stream("a")) as server:
        chat = _load(server.url, tmp_path, context_length=100)
        count = chat.count([Message("user", "x" * 60)])
        _text(chat, "x" * 60, max_tokens=500)
        assert server.bodies[0]["max_tokens"] == 100 - count
        with pytest.raises(ModelUnavailable) as caught:
            _text(chat, "很" * 100)
        assert caught.value.key == "openai.context"
        assert len(server.requests) == 1


def test_the_finish(tmp_path):
    with serving(stream("a", finish="length"), stream("b", finish="eos_token")) as server:
        chat = _load(server.url, tmp_path)
        assert _text(chat) == ("a", "length")
        assert _text(chat) == ("b", "stop")


def test_stop_strings_beyond_those_sent(tmp_path):
    with serving(stream("one tw", "o th", "ree")) as server:
        chat = _load(server.url, tmp_path)
        assert _text(chat, stop=("1", "2", "3", "4", "two")) == ("one ", "stop")


def test_no_lead(tmp_path):
    chat = _load("http://127.0.0.1:9/v1", tmp_path)
    assert not chat.takes_lead
    with pytest.raises(ValueError):
        chat.stream([Message("user", "x")], Sampling(), Stop(), lead="a")


RICH = (
    b"\xef\xbb\xbf: comment\r\nevent: ping\r\ndata: {\"choices\": []}\r\n\r\n"
    b"id: 1\rretry: 5\rdata: {\"choices\": [{\"delta\":\r"
    b"data: {\"content\": \"\xe8\x83\xb8\"}}]}\r\r"
    b"data:{\"choices\": [{\"delta\": {\"content\": \"\\ud83d\"}}]}\n\n"
    b"data:{\"choices\": [{\"delta\": {\"content\": \"\\ude00\"}}], \"usage\": null}\n\n"
    b"data: {\"choices\": [{\"delta\": {\"reasoning_content\": \"hm\", \"content\": null}}]}\n\n"
    b"data: {\"choices\": [{\"delta\": {\"content\": \"\xe7\x97\x9b\"},"
    b" \"finish_reason\": \"\"}]}\n\n"
    b"data: {\"choices\": [{\"delta\": {}, \"finish_reason\": \"stop\"}]}\n\n"
    b"\n\ndata: {\"usage\": {\"total_tokens\": 3}}\n\ndata: [DONE]\n\n"
)  # fmt: skip


@given(cuts=st.lists(st.integers(0, len(RICH)), max_size=30))
def test_any_cut_of_the_stream_reads_the_same(cuts):
    edges = [0, *sorted(cuts), len(RICH)]
    pieces = [RICH[start:end] for start, end in itertools.pairwise(edges)]
    text = list(text_of(events.data_of(pieces), lambda: None))
    assert "".join(text) == "胸😀痛"
    assert all(piece and piece.isprintable() for piece in text)


def test_a_last_event_without_its_blank_line_is_no_event():
    assert list(events.data_of([b"data: a\n\ndata: b\n"])) == ["a"]


@pytest.mark.parametrize("missing", [b"", b"data: [DONE]\n\n"])
def test_the_end_mark_may_be_missing(missing, tmp_path):
    with serving(sends(HEAD, event("a"), event(finish="stop"), missing)) as server:
        assert _text(_load(server.url, tmp_path)) == ("a", "stop")


def test_a_chunked_answer(tmp_path):
    head = HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked")
    body = event("胸痛") + event(finish="stop")
    chunks = [
        b"%x\r\n%s\r\n" % (len(body[at : at + 7]), body[at : at + 7])
        for at in range(0, len(body), 7)
    ]
    with serving(sends(head, *chunks, b"0\r\n\r\n")) as server:
        assert _text(_load(server.url, tmp_path)) == ("胸痛", "stop")


@pytest.mark.parametrize(
    ("where", "value", "key"),
    [
        ("env:TEST_MODEL_KEY", None, "openai.no-key"),
        ("env:TEST_MODEL_KEY", "  ", "openai.no-key"),
        ("env:TEST_MODEL_KEY", "a\nX-Evil: 1", "openai.bad-key"),
        ("env:TEST_MODEL_KEY", "密钥", "openai.bad-key"),
    ],
)
def test_a_wrong_key(where, value, key, monkeypatch):
    monkeypatch.delenv("TEST_MODEL_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("TEST_MODEL_KEY", value)
    with pytest.raises(ModelUnavailable, match="TEST_MODEL_KEY") as caught:
        keys.read(where)
    assert caught.value.key == key
    assert "Evil" not in str(caught.value)


def test_a_key_of_the_keyring(monkeypatch):
    keyring = pytest.importorskip("keyring")

    class Memory(keyring.backend.KeyringBackend):
        priority = 1

        def get_password(self, service, username):
            if service == "locked":
                raise keyring.errors.KeyringLocked
            return "sk-1" if (service, username) == ("hospital", "llm/a") else None

        def set_password(self, service, username, password):
            raise NotImplementedError

        def delete_password(self, service, username):
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        found = keys.read("keyring:hospital/llm/a")
        assert found.header() == [(b"Authorization", b"Bearer sk-1")]
        assert "sk-1" not in repr(found)
        for where, key in (
            ("keyring:hospital/b", "openai.no-entry"),
            ("keyring:locked/b", "openai.keyring-failed"),
        ):
            with pytest.raises(ModelUnavailable) as caught:
                keys.read(where)
            assert caught.value.key == key
    finally:
        keyring.set_keyring(before)


def test_without_the_keyring_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ModelUnavailable, match=r"doctorflan-ls\[keyring\]"):
        keys.read("keyring:hospital/b")


def test_no_key_no_header():
    assert keys.read("").header() == []


LABELLED = (
    "姓名：欧阳娜娜 性别：女 年龄：45岁\n住院号：ZY0012345\n身份证号：11010519491231002X\n"
    "联系电话：138-1234-5678\n家庭住址：北京市朝阳区建国路1号\n主诉：胸痛3天。欧阳娜娜诉胸痛。"
    "BNP 13800 pg/ml"
)
SECRETS = ["欧阳娜娜", "ZY0012345", "11010519491231002X", "138-1234-5678", "建国路", "0012345"]


def test_nothing_labelled_reaches_another_machine(tmp_path):
    with serving(echoes) as server:
        here = address.parse(server.url)
        # The test's server stands for one that is elsewhere.
        elsewhere = address.Address(here.secure, here.host, here.port, here.path, local=False)
        options = ModelOptions(hosts=("127.0.0.1",))
        remote = OpenAIChat(manifest(server.url), elsewhere, options)
        assert _text(remote, LABELLED)[0].startswith(LABELLED)
        sent = json.dumps(server.bodies[0], ensure_ascii=False)
        raw = server.requests[0].decode()
        for secret in SECRETS:
            assert secret not in sent
            assert secret not in raw
        assert "13800 pg/ml" in sent
        assert "45岁" in sent


def test_this_machine_gets_the_text_as_it_is(tmp_path):
    with serving(echoes) as server:
        assert _text(_load(server.url, tmp_path), LABELLED)[0] == LABELLED
        assert server.bodies[0]["messages"][0]["content"] == LABELLED


def test_a_manifest_file_leads_here(tmp_path):
    text = """
id = "ward-llm"
version = "1"
kind = "openai"
licence = "Apache-2.0"
source = "the hospital's server"
languages = ["zh", "en"]
context_length = 8192
description = { zh = "院内模型", en = "The hospital's model." }
limits = { zh = "须由医生核对。", en = "For a doctor to check." }

[remote]
url = "http://127.0.0.1:8000/v1"
model = "qwen"
"""
    found = parse_manifest(text.encode(), "model.toml")
    chat = load(tmp_path, found, ModelOptions(hosts=("127.0.0.1:8000",)))
    assert (chat.spec.id, chat.spec.context_length) == ("ward-llm", 8192)


def test_no_http_before_the_first_load():
    code = "import sys, doctorflan_ls.models.openai, doctorflan_ls.models.catalogue, "
    code += "doctorflan_ls.cli.serve; assert 'httpcore2' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("text", "chinese", "tokens"),
    [
        ("", True, 16),
        ("胸痛3天。", True, 16 + 5),
        ("胸痛3天。", False, 16 + 4 * 3 + 1),
        ("Chest pain", True, 16 + 2 + 1 + 2),
        ("BP 138/80\n", True, 16 + 1 + 1 + 6 + 1),
        ("😀", True, 16 + 4),
    ],
)
def test_tokens_are_estimated_by_script(text, chinese, tokens):
    assert estimate.tokens([Message("user", text)], chinese=chinese) == tokens


@pytest.mark.data
def test_the_estimate_is_an_upper_one_for_real_notes():
    found = os.environ.get("DOCTORFLAN_TEST_MODELS", "")
    tokenizer = Path(found) / "smollm2-135m" / "tokenizer.json"
    if not found or not tokenizer.exists():
        pytest.skip("DOCTORFLAN_TEST_MODELS names no smollm2-135m")
    count = Tokenizer.from_file(str(tokenizer))
    for corpus in NAMES:
        for note in notes_of(corpus)[:30]:
            need = len(count.encode(note, add_special_tokens=False).ids)
            assert estimate.tokens([Message("user", note)], chinese=False) >= need
