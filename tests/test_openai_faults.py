"""Every way in which a server fails: one line that says what to do, and the next request works."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time

import pytest
from openai_servers import (
    HEAD,
    Server,
    event,
    hangs,
    manifest,
    sends,
    serving,
    status,
    stream,
)

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Message, ModelOptions, Sampling, Stop
from doctorflan_ls.models.openai import chat as chats
from doctorflan_ls.models.openai import load, wire

NOTE = "主诉：胸痛3天。秘密病情ABC"
KEY = "sk-very-secret-1234567890"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(chats, "_FIRST_PAUSE", 0.02)


def _load(url: str, tmp_path, timeout: int = 5, **given):
    options = ModelOptions(hosts=("127.0.0.1", "localhost"), timeout=timeout)
    return load(tmp_path, manifest(url, **given), options)


def _ask(chat, stop: Stop | None = None, **sampling) -> tuple[str, str]:
    """The text and why it ended."""
    pieces = chat.stream([Message("user", NOTE)], Sampling(**sampling), stop or Stop())
    text = ""
    while True:
        try:
            text += next(pieces)
        except StopIteration as end:
            return text, end.value


def _fails(server: Server, tmp_path, **given) -> ModelUnavailable:
    with pytest.raises(ModelUnavailable) as caught:
        _ask(_load(server.url, tmp_path, **given))
    for locale in ("zh", "en"):
        line = caught.value.user_message(locale)
        assert "\n" not in line
        assert "秘密" not in line
        assert KEY not in line
    return caught.value


ECHO = f'{{"error": {{"message": "bad: {NOTE}"}}}}'.encode()


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (status(401, ECHO), "openai.refused"),
        (status(403, ECHO), "openai.refused"),
        (status(400, ECHO), "openai.rejected"),
        (status(422, ECHO), "openai.rejected"),
        (status(429, ECHO), "openai.busy"),
        (status(500, ECHO), "openai.server-failed"),
        (status(504, ECHO), "openai.server-failed"),
        (status(502, ECHO), "openai.overloaded"),
        (status(503, b"<html>", kind="text/html"), "openai.overloaded"),
        (status(413, ECHO), "openai.context"),
        (status(400, b'{"error": "maximum context length is 2048 tokens"}'), "openai.context"),
        (status(302, b"", "Location: http://evil.example/v1"), "openai.redirect"),
        (status(307, b"", "Location: /elsewhere"), "openai.redirect"),
        (status(200, b"<html>Log in</html>", kind="text/html"), "openai.web-page"),
        (status(200, b'{"choices": []}'), "openai.no-stream"),
        (status(200, ECHO), "openai.failed-midway"),
        (sends(HEAD, event("胸痛")), "openai.cut-off"),
        (sends(HEAD), "openai.cut-off"),
        (sends(HEAD, event("胸痛"), b"data: [DONE]\n\n"), "openai.cut-off"),
        (sends(HEAD, event("胸"), b"data: {nonsense\n\n"), "openai.garbled"),
        (sends(HEAD, b"data: []\n\n"), "openai.garbled"),
        (sends(HEAD, b"data: " + b"[" * 100_000 + b"\n\n"), "openai.garbled"),
        (sends(HEAD, event("a"), b'data: {"error": "' + NOTE.encode() + b'"}\n\n'),
         "openai.failed-midway"),
        (sends(HEAD, event("a", finish="content_filter")), "openai.withheld"),
        (sends(HEAD, event(reasoning_content="hm"), event(finish="length")), "openai.only-thought"),
        (sends(HEAD, b"data: " + b"x" * 2_000_000), "openai.too-much"),
        (sends(HEAD, *[b"data: " + b"x" * 1000 + b"\n"] * 2000), "openai.too-much"),
        (sends(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2_000_000), "openai.not-http"),
        (sends(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 400_000), "openai.not-http"),
        (sends(b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000), "openai.too-much"),
        (sends(b"SSH-2.0-OpenSSH_9.2\r\n"), "openai.not-http"),
        (sends(b""), "openai.dropped"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
               b"Transfer-Encoding: chunked\r\n\r\n5\r\ndata:"), "openai.cut-off"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
               b"Content-Encoding: gzip\r\n\r\n\x1f\x8b"), "openai.no-stream"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
               b"Content-Length: 1000000000\r\n\r\n", event("a")), "openai.cut-off"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
               b"Content-Length: 1000000000\r\n\r\n", b" " * 100_000), "openai.no-stream"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"),
         "openai.not-http"),
        (sends(HEAD, b"data: \xff\xfe\n\n"), "openai.garbled"),
    ],
)  # fmt: skip
def test_one_line_for_each_fault(answer, key, tmp_path):
    with serving(answer) as server:
        assert _fails(server, tmp_path).key == key


def test_an_old_server_ends_its_answer_by_closing(tmp_path):
    head = b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    with serving(sends(head, event("好"), event(finish="stop"))) as server:
        assert _ask(_load(server.url, tmp_path)) == ("好", "stop")


def test_what_trickles_after_the_answer_is_not_waited_for(tmp_path):
    answer = [event("好"), event(finish="stop"), *[b": still here\n\n"] * 100]
    with serving(sends(HEAD, *answer, pause=0.1)) as server:
        assert _ask(_load(server.url, tmp_path)) == ("好", "stop")
        assert server.gone.wait(5)


def test_a_server_that_keeps_to_no_number_of_tokens_is_cut(tmp_path):
    with serving(sends(HEAD, *[event("建议")] * 2000)) as server:
        text, finish = _ask(_load(server.url, tmp_path), max_tokens=10)
        assert (len(text), finish) == (320, "length")


def test_what_came_before_the_fault_stays(tmp_path):
    with serving(sends(HEAD, event("胸痛"), event("待查"))) as server:
        pieces = _load(server.url, tmp_path).stream([Message("user", "x")], Sampling(), Stop())
        assert [next(pieces), next(pieces)] == ["胸痛", "待查"]
        with pytest.raises(ModelUnavailable, match="before the answer was complete"):
            next(pieces)


def test_a_stream_is_never_asked_again_once_there_is_text(tmp_path):
    with serving(sends(HEAD, event("a")), stream("b")) as server:
        _fails(server, tmp_path)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer", [status(429), status(502), status(503), sends(b"")], ids=["429", "502", "503", "drop"]
)
def test_a_passing_fault_is_tried_again(answer, tmp_path):
    with serving(answer, answer, stream("好")) as server:
        assert _ask(_load(server.url, tmp_path)) == ("好", "stop")
        assert len(server.requests) == 3


@pytest.mark.parametrize("code", [400, 401, 500])
def test_a_lasting_fault_is_not(code, tmp_path):
    with serving(status(code), stream("b")) as server:
        _fails(server, tmp_path)
        assert len(server.requests) == 1


def test_tries_are_bounded(tmp_path):
    with serving(status(503)) as server:
        _fails(server, tmp_path)
        assert len(server.requests) == 3


def test_the_server_says_how_long_to_wait(tmp_path):
    with serving(status(429, b"", "Retry-After: 1"), stream("b")) as server:
        _ask(_load(server.url, tmp_path))
        assert server.times[1] - server.times[0] >= 1.0


def test_no_doctor_waits_an_hour(tmp_path):
    with serving(status(429, b"", "Retry-After: 3600"), stream("b")) as server:
        assert _fails(server, tmp_path).key == "openai.busy"


def test_a_pause_ends_with_the_stop(tmp_path):
    with serving(status(503, b"", "Retry-After: 15")) as server:
        stop = Stop()
        threading.Timer(0.2, stop.set).start()
        started = time.monotonic()
        assert _ask(_load(server.url, tmp_path), stop) == ("", "stop")
        assert time.monotonic() - started < 2


def test_an_older_limit_name_is_followed_by_the_newer(tmp_path):
    refusal = status(400, b'{"error": {"message": "Use \'max_completion_tokens\' instead."}}')
    with serving(refusal, stream("好"), stream("再")) as server:
        chat = _load(server.url, tmp_path)
        assert _ask(chat, max_tokens=7)[0] == "好"
        assert _ask(chat, max_tokens=7)[0] == "再"
        first, second, third = server.bodies
        assert first["max_tokens"] == 7
        assert second["max_completion_tokens"] == third["max_completion_tokens"] == 7
        assert "max_tokens" not in second | third


@pytest.mark.parametrize(
    ("listed", "key"),
    [
        (status(200, b'{"data": [{"id": "qwen-7b"}, {"id": "llama"}]}'), "openai.no-model"),
        (status(200, b'{"data": [{"id": "m"}]}'), "openai.nothing-there"),
        (status(200, b'{"data": [{"id": "a\\nb"}]}'), "openai.nothing-there"),
        (status(200, b"[1]"), "openai.nothing-there"),
        (status(500), "openai.nothing-there"),
    ],
)
@pytest.mark.parametrize(
    "refusal", [status(404), status(400, b'{"detail": "Server is pinned to x; requested m."}')]
)
def test_a_wrong_model_name_lists_the_right_ones(refusal, listed, key, tmp_path):
    with serving(refusal, listed) as server:
        error = _fails(server, tmp_path)
        assert error.key == key
        assert server.requests[1].startswith(b"GET /v1/models ")
        assert ("qwen-7b, llama" in str(error)) == (key == "openai.no-model")


@pytest.mark.parametrize("sent", [(), (HEAD,), (HEAD, event("a"))])
def test_a_silent_server_is_given_up(sent, tmp_path):
    gone = threading.Event()
    with serving(hangs(*sent)(gone)) as server:
        started = time.monotonic()
        assert _fails(server, tmp_path, timeout=1).key == "openai.silent"
        assert 0.9 < time.monotonic() - started < 3
        assert gone.wait(5)


@pytest.mark.parametrize(
    "drip", [b": still here\n\n", event("a"), b"X-A: b\r\n"], ids=["comment", "text", "header"]
)
def test_the_deadline_is_for_the_whole_answer(drip, tmp_path):
    head = b"HTTP/1.1 200 OK\r\n" if drip.startswith(b"X") else HEAD
    with serving(sends(head, *[drip] * 100, pause=0.1)) as server:
        chat = _load(server.url, tmp_path)
        started = time.monotonic()
        with pytest.raises(ModelUnavailable) as caught:
            _ask(chat, Stop(deadline=started + 0.5))
        assert caught.value.key == "openai.deadline"
        assert 0.4 < time.monotonic() - started < 2


@pytest.mark.parametrize("sent", [(), (HEAD,), (HEAD, event("a"))])
def test_a_stop_cuts_the_connection_at_once(sent, tmp_path):
    gone = threading.Event()
    with serving(hangs(*sent)(gone), stream("好")) as server:
        chat = _load(server.url, tmp_path, timeout=60)
        stop = Stop()
        threading.Timer(0.3, stop.set).start()
        started = time.monotonic()
        _, finish = _ask(chat, stop)
        assert finish == "stop"
        assert time.monotonic() - started < 1
        assert gone.wait(2)
        assert _ask(chat) == ("好", "stop")


def test_nothing_follows_a_stop_even_where_it_is_here_already(tmp_path):
    with serving(sends(HEAD + event("a") * 50 + event(finish="stop"))) as server:
        stop = Stop()
        pieces = _load(server.url, tmp_path).stream([Message("user", "x")], Sampling(), stop)
        next(pieces)
        stop.set()
        assert not list(pieces)


def test_a_reader_that_goes_away_closes_the_connection(tmp_path):
    gone = threading.Event()
    with serving(hangs(HEAD, event("a"))(gone)) as server:
        pieces = _load(server.url, tmp_path).stream([Message("user", "x")], Sampling(), Stop())
        next(pieces)
        pieces.close()
        assert gone.wait(2)


def test_a_stop_before_the_start_sends_nothing(tmp_path):
    with serving(stream("b")) as server:
        stop = Stop()
        stop.set()
        assert _ask(_load(server.url, tmp_path), stop) == ("", "stop")
        assert not server.requests


def test_nobody_listens(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ModelUnavailable) as caught:
        _ask(_load(f"http://127.0.0.1:{port}/v1", tmp_path))
    assert caught.value.key == "openai.unreachable"


def test_a_connection_that_is_never_taken_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "CONNECT_SECONDS", 0.3)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        chat = _load(f"http://127.0.0.1:{port}/v1", tmp_path)
        with pytest.raises(ModelUnavailable) as caught:
            _ask(chat)
        assert caught.value.key == "openai.unreachable"
        monkeypatch.setattr(wire, "CONNECT_SECONDS", 30)
        stop = Stop()
        threading.Timer(0.2, stop.set).start()
        started = time.monotonic()
        assert _ask(chat, stop) == ("", "stop")
        assert time.monotonic() - started < 1
        for each in waiting:
            each.close()


def test_an_unknown_name(tmp_path):
    chat = load(
        tmp_path, manifest("http://no.such.invalid/v1"), ModelOptions(hosts=("no.such.invalid",))
    )
    with pytest.raises(ModelUnavailable) as caught:
        _ask(chat)
    assert caught.value.key == "openai.no-name"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    out = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    try:
        subprocess.run([*command, *names, *out], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl")
    return folder


def _tls(folder) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_certificate_that_nobody_vouches_for(certificate, tmp_path):
    with serving(stream("b"), context=_tls(certificate)) as server:
        assert _fails(server, tmp_path).key == "openai.certificate"
        assert not server.requests


def test_a_trusted_certificate_for_its_name_alone(certificate, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    gone = threading.Event()
    hanging = hangs(HEAD, event("a"))(gone)
    with serving(stream("好"), hanging, stream("再"), context=_tls(certificate)) as server:
        named = _load(f"https://localhost:{server.port}/v1", tmp_path)
        assert _ask(named)[0] == "好"
        stop = Stop()
        threading.Timer(0.3, stop.set).start()
        started = time.monotonic()
        assert _ask(named, stop) == ("a", "stop")
        assert time.monotonic() - started < 1
        assert gone.wait(2)
        assert _ask(named)[0] == "再"
        assert _fails(server, tmp_path).key == "openai.certificate"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_wrong_scheme(scheme, certificate, tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "CONNECT_SECONDS", 0.5)
    context = _tls(certificate) if scheme == "http" else None
    with serving(stream("b"), context=context) as server:
        chat = _load(f"{scheme}://{server.host}/v1", tmp_path, timeout=2)
        with pytest.raises(ModelUnavailable) as caught:
            _ask(chat)
        assert caught.value.key == ("openai.tls" if scheme == "https" else "openai.dropped")


def test_the_key_is_sent_and_never_shown(tmp_path, monkeypatch, caplog):
    caplog.set_level("DEBUG")
    monkeypatch.setenv("TEST_MODEL_KEY", f" {KEY}\n")
    with serving(status(401, ECHO)) as server:
        chat = _load(server.url, tmp_path, key="env:TEST_MODEL_KEY")
        with pytest.raises(ModelUnavailable) as caught:
            _ask(chat)
        assert f"Authorization: Bearer {KEY}".encode() in server.requests[0]
    assert "env:TEST_MODEL_KEY" in str(caught.value)
    shown = repr(vars(chat)) + repr(caught.value) + caplog.text
    assert KEY not in shown
    assert "秘密" not in shown
