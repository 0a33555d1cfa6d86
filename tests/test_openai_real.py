"""The kind `openai` against servers that people run, with real weights.

A running server is named by DOCTORFLAN_TEST_TRANSFORMERS_SERVE or DOCTORFLAN_TEST_LLAMA_SERVER,
the base of its interface (http://127.0.0.1:8000/v1), with the model's name after a space where it
is not the first that the server lists. Else llama-cpp-python's server is started where that package
is installed and DOCTORFLAN_TEST_GGUF names a chat model's file; else the tests are skipped.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from openai_servers import manifest

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import ChatModel, Message, ModelOptions, Sampling, Stop
from doctorflan_ls.models.openai import load
from doctorflan_ls.models.openai.address import parse
from doctorflan_ls.testing.model_contract import ChatModelContract

pytestmark = pytest.mark.slow

VARIABLES = {
    "transformers": "DOCTORFLAN_TEST_TRANSFORMERS_SERVE",
    "llama": "DOCTORFLAN_TEST_LLAMA_SERVER",
}


@pytest.fixture(scope="module", params=VARIABLES)
def server(request, tmp_path_factory) -> Iterator[tuple[str, str]]:
    """The base and the model's name of a server that answers."""
    if named := os.environ.get(VARIABLES[request.param]):
        url, _, model = named.partition(" ")
        yield url, model or _first_model(url)
        return
    gguf = os.environ.get("DOCTORFLAN_TEST_GGUF", "")
    if request.param != "llama" or not gguf or importlib.util.find_spec("llama_cpp") is None:
        pytest.skip(f"{VARIABLES[request.param]} names no server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", gguf, "--port", str(port)]
    log = (tmp_path_factory.mktemp("server") / "log").open("wb")
    process = subprocess.Popen([*command, "--n_ctx", "2048"], stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}/v1"
        yield url, _first_model(url)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _first_model(url: str) -> str:
    until = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"{url}/models", timeout=5) as answer:
                return json.load(answer)["data"][0]["id"]
        except (OSError, urllib.error.URLError):
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


@pytest.fixture
def chat(server, tmp_path):
    url, model = server
    return load(tmp_path, manifest(url, model), ModelOptions(hosts=(parse(url).name,)))


def _ask(chat, question: str, **sampling) -> tuple[list[str], str]:
    pieces = chat.stream([Message("user", question)], Sampling(**sampling), Stop())
    texts = []
    while True:
        try:
            texts.append(next(pieces))
        except StopIteration as end:
            return texts, end.value


LONG = "Tell me a very long story about a hospital, with many people."
QUESTION = "Name three signs of dehydration."


def test_an_answer_comes_piece_by_piece(chat):
    texts, finish = _ask(chat, QUESTION, max_tokens=24)
    assert len(texts) > 5
    assert len("".join(texts)) > 20
    assert finish == "length"


def test_greedy_answers_are_the_same(chat):
    first, second = (_ask(chat, QUESTION, max_tokens=12)[0] for _ in range(2))
    assert "".join(first) == "".join(second)


def test_a_stop_string_ends_the_answer(chat):
    whole = "".join(_ask(chat, QUESTION, max_tokens=24)[0])
    word = whole.split()[3]
    cut, finish = _ask(chat, QUESTION, max_tokens=24, stop=(word,))
    assert "".join(cut) == whole[: whole.index(word)]
    assert finish == "stop"


def test_an_answer_in_chinese_has_no_half_characters(chat):
    texts, _ = _ask(chat, "请重复：胸痛三天，伴出汗。", max_tokens=40)
    assert "\ufffd" not in "".join(texts)[:-1]


def test_cancelled_in_the_middle(chat):
    stop = Stop()
    pieces = chat.stream([Message("user", LONG)], Sampling(max_tokens=1500), stop)
    next(pieces)
    cut_at: list[float] = []

    def cut() -> None:
        cut_at.append(time.monotonic())
        stop.set()

    threading.Timer(0.05, cut).start()
    for _ in pieces:
        pass
    assert time.monotonic() - cut_at[0] < 0.1
    assert _ask(chat, QUESTION, max_tokens=4)[1] == "length"


def test_the_server_is_free_again_after_a_cancel(chat):
    """A server that went on would make the next answer wait for 1,500 tokens."""
    started = time.monotonic()
    texts, _ = _ask(chat, QUESTION, max_tokens=24)
    usual = time.monotonic() - started
    stop = Stop()
    pieces = chat.stream([Message("user", LONG)], Sampling(max_tokens=1500), stop)
    next(pieces)
    stop.set()
    assert not list(pieces)
    started = time.monotonic()
    assert _ask(chat, QUESTION, max_tokens=24)[0]
    assert texts
    assert time.monotonic() - started < 5 * usual + 5


def test_a_wrong_path_says_what_to_check(server, tmp_path):
    url, model = server
    given = manifest(f"{url}/nowhere", model)
    chat = load(tmp_path, given, ModelOptions(hosts=(parse(url).name,)))
    with pytest.raises(ModelUnavailable, match="/v1"):
        _ask(chat, "x")


def test_a_wrong_model(server, request, tmp_path):
    url, _ = server
    if request.node.callspec.params["server"] == "llama":
        pytest.skip("llama-cpp-python answers to any name")
    chat = load(tmp_path, manifest(url, "no-such-model"), ModelOptions(hosts=(parse(url).name,)))
    with pytest.raises(ModelUnavailable, match="no-such-model") as caught:
        _ask(chat, "x")
    assert caught.value.key in {"openai.no-model", "openai.nothing-there"}


class TestContract(ChatModelContract):
    """What every kind of model keeps to, over the network."""

    @pytest.fixture(autouse=True)
    def _served(self, server, tmp_path):
        url, name = server
        # 2,048 is what the servers of these tests are started with.
        self._given = manifest(url, name, digest="0" * 64, context_length=2048)
        self._options = ModelOptions(hosts=(parse(url).name,))
        self._folder = tmp_path

    def model(self) -> ChatModel:
        return load(self._folder, self._given, self._options)
