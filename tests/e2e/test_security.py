"""What docs/security.md promises of a running server."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from doctorflan_ls.server.configuration import Configuration
from tests.e2e.peer import ROOT, RpcError, listening, port_of, stdio, tcp
from tests.e2e.test_display import PUSH, codes, pushes
from tests.e2e.test_features import FULL, document
from tests.e2e.watched import NETWORK, PROGRAMS
from tests.endurance.doctor import Day, Doctor
from tests.endurance.soak import connected, serving

WATCHED = Path(__file__).with_name("watched.py")
NOTE = "门诊病历\n主诉：咳嗽3天\n体格检查：T 50℃。\n"
LOOPBACK = ("127.0.0.1", "('127.0.0.1', ")


def seen(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def assert_stayed_here(events, home, *, listens):
    """Nothing was looked up or connected to, nothing was started, nothing written elsewhere."""
    network = [each for each in events if each[0] in NETWORK]
    if listens:
        # Its own address, to listen on.
        assert network
        assert all(said.startswith(LOOPBACK) for _, said in network), network
        assert {event for event, _ in network} <= {"socket.getaddrinfo", "socket.bind"}
    else:
        assert network == []
    assert [each for each in events if each[0] in PROGRAMS] == []
    written = {said for event, said in events if event in ("open", "sqlite3.connect")}
    allowed = (str(home), f"file:{home}", os.devnull, ":memory:")
    assert [each for each in written if not each.startswith(allowed)] == []


@pytest.mark.slow
async def test_with_every_feature_in_use_no_socket_is_opened(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    home = tmp_path / "home"
    async with serving(home, WATCHED) as (_process, url, file):
        day = Day(0.0)
        async with asyncio.timeout(60):
            await Doctor(0, 1, day, lambda: connected(url)).connect(each=2)
        assert not day.errors
        assert {"accepted", "discarded"} & day.done.keys()
        assert day.done["dismissed"]
        assert len({method for _, method, _ in day.latencies}) > 20
        events = seen(file)
    assert_stayed_here(events, home, listens=True)
    assert any("audit.sqlite3" in said for _, said in events)


@pytest.mark.slow
@pytest.mark.parametrize("command", [["check", "n.txt", "--score"], ["draft", "--all", "n.txt"]])
def test_nor_by_a_command(tmp_path, command):
    home = tmp_path / "home"
    home.mkdir()
    (home / "n.txt").write_text(NOTE, encoding="utf-8")
    kinds = ("CONFIG", "STATE", "DATA", "CACHE")
    folders = {f"XDG_{each}_HOME": str(home / each) for each in kinds}
    file = home / "events"
    done = subprocess.run(
        [sys.executable, str(WATCHED), str(file), *command],
        cwd=home,
        env={**os.environ, **folders, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in (0, 1), done.stderr
    assert_stayed_here(seen(file), home, listens=False)


def test_the_watch_sees_what_it_is_for(tmp_path):
    file = tmp_path / "events"
    source = "import socket; socket.getaddrinfo('localhost', 1); open('made', 'w').close()"
    (tmp_path / "doctorflan_ls").mkdir()
    (tmp_path / "doctorflan_ls" / "__init__.py").touch()
    (tmp_path / "doctorflan_ls" / "cli.py").write_text(f"def main():\n    {source}\n")
    command = [sys.executable, str(WATCHED), str(file)]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=60)
    assert seen(file) == [["socket.getaddrinfo", "localhost"], ["open", "made"]]


# Who may connect


def greeting():
    params = {"processId": None, "rootUri": None, "capabilities": {}}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})


@pytest.mark.parametrize(("method", "cut"), [("POST", None), ("POST", 2), ("GET", None)])
async def test_a_web_page_cannot_speak_to_the_tcp_server(method, cut):
    body = greeting().encode()
    request = (
        f"{method} / HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://evil.example\r\n"
        f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    async with listening("tcp") as (_, lines):
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(lines))
        writer.write(request[:cut])
        await writer.drain()
        if cut is not None:
            await asyncio.sleep(0.05)
            writer.write(request[cut:])
        async with asyncio.timeout(20):
            answered = b""
            # It may hang up on what it has not read.
            with suppress(ConnectionError):
                answered = await reader.read()
        assert answered == b""
        writer.close()
        # An editor is served on.
        async with tcp(port_of(lines)) as peer:
            await peer.initialize()
            await peer.open(NOTE)
            assert await peer.request("doctorflan/status")


@pytest.mark.parametrize("given", ["", "  "])
async def test_an_empty_token_is_no_token(given):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "doctorflan_ls", "--ws", "127.0.0.1:0", "--token", given),
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        async with asyncio.timeout(20):
            made = (await process.stderr.readline()).decode().strip()
            url = (await process.stderr.readline()).decode().split("listening on ")[1].strip()
        token = made.removeprefix("doctorflan-ls: token ")
        assert len(token) > 20
        for header in (f"Bearer {given}", "Bearer", f"Bearer {token}x"):
            with pytest.raises(InvalidStatus, match="401"):
                async with connect(url, additional_headers={"Authorization": header}):
                    pass
        async with connect(url, additional_headers={"Authorization": f"Bearer {token}"}):
            pass
    finally:
        process.kill()
        await process.wait()


async def test_no_token_and_no_note_reaches_what_the_server_prints():
    async with listening("ws", "sesame-4711") as (process, lines):
        port = port_of(lines)
        tries = [
            {"uri": f"ws://127.0.0.1:{port}/?token=sesame-4711", "origin": "https://evil.example"},
            {"uri": f"ws://127.0.0.1:{port}/?token=sesame-4712"},
            {"uri": f"ws://127.0.0.1:{port}/%ff?token=sesame-4711%00", "origin": "null"},
        ]
        for each in tries:
            with pytest.raises(InvalidStatus):
                async with connect(**each):
                    pass
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /?token=sesame-4711 HTTP/1.1\r\nbroken\r\n\r\n")
        await reader.read()
        writer.close()
        async with connect(f"ws://127.0.0.1:{port}/?token=sesame-4711") as socket:
            await socket.send('{"患者张三')
            await socket.recv()
        process.terminate()
        printed = (await process.stderr.read()).decode()
    assert "sesame" not in printed
    assert "张三" not in printed


@pytest.mark.parametrize(
    "uri", ["file://evil.example/share/ward", "file:////evil.example/share/ward"]
)
def test_a_client_of_a_shared_server_sends_it_to_no_other_machine(uri):
    shared, own = (
        Configuration(SimpleNamespace(host=SimpleNamespace(shared=each))) for each in (True, False)
    )
    shared.root_uri = own.root_uri = uri
    assert shared._root() is None
    assert own._root() is not None
    shared.root_uri = "file:///ward"
    assert shared._root() == Path("/ward")


async def dismissed(peer, uri, rule, reach):
    before = len(pushes(peer.heard))
    argument = {"uri": uri, "rule": rule, "reach": reach, "reason": "checked"}
    told = {"command": "doctorflan.dismiss", "arguments": [argument]}
    await peer.request("workspace/executeCommand", told)
    await peer.until(lambda heard: len(pushes(heard)) > before)
    assert rule not in codes(pushes(peer.heard)[-1])


async def rules_at(peer, text, uri):
    await peer.open(text, uri)
    (found,) = await peer.until(lambda heard: [p for p in pushes(heard) if p["uri"] == uri][-1:])
    return codes(found)


@pytest.mark.parametrize("reach", ["document", "user"])
async def test_what_one_doctor_puts_aside_hides_nothing_from_another(reach):
    uri, other = "ehr:ward/1", "ehr:ward/2"
    async with listening("tcp") as (_, lines):
        port = port_of(lines)
        async with tcp(port) as one, tcp(port) as two, tcp(port) as three:
            said = {"audit": {"user": "his:4711"}}
            await one.initialize(PUSH, locale="zh", initializationOptions=said)
            await two.initialize(PUSH, locale="zh", initializationOptions={})
            await three.initialize(PUSH, locale="zh", initializationOptions={})
            for peer in (one, two, three):
                assert "ZC-09" in (await rules_at(peer, NOTE, uri))
            await dismissed(one, uri, "ZC-09", reach)
            await dismissed(two, uri, "ZC-09", reach)
            # Taking back one's own takes back nobody else's.
            told = {"command": "doctorflan.restore", "arguments": [{}]}
            await two.request("workspace/executeCommand", told)
            await two.until(lambda heard: "ZC-09" in codes(pushes(heard)[-1]))
            await three.change(uri, 2, {"text": NOTE + "，"})
            await three.until(lambda heard: pushes(heard)[-1].get("version") == 2)
            assert "ZC-09" in codes(pushes(three.heard)[-1])
            assert "ZC-09" in (await rules_at(three, NOTE, other))
        # Who says who they are finds it again.
        async with tcp(port) as again, tcp(port) as somebody:
            await again.initialize(PUSH, locale="zh", initializationOptions=said)
            await somebody.initialize(PUSH, locale="zh", initializationOptions={})
            assert "ZC-09" not in (await rules_at(again, NOTE, uri))
            assert "ZC-09" in (await rules_at(somebody, NOTE, uri))


# What somebody else's folder may do


async def test_a_workspaces_rules_do_not_hold_up_the_server(tmp_path):
    ward = tmp_path / "ward"
    ward.mkdir()
    evil = ward / "evil.toml"
    evil.write_text('[data.basic.placeholders]\npattern = "(?:[^#]|.)+?(?:[^#]|.)+?#"\n')
    (ward / ".doctorflan.toml").write_text(f"[checks]\nrules = ['{evil}']\n", encoding="utf-8")
    async with stdio() as peer:
        await peer.initialize(PUSH, locale="en", rootUri=ward.as_uri())
        await peer.open(NOTE + "咳" * 3000)
        await peer.until(pushes)
        said = [each["params"].get("message", "") for each in peer.heard if "params" in each]
    assert any("checks.rules" in each and "workspace file" in each for each in said)


async def test_what_the_server_keeps_is_its_owners_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    before = os.umask(0)
    try:
        async with stdio() as peer:
            await peer.initialize(FULL, locale="zh")
            uri = await peer.open(NOTE)
            await peer.request("doctorflan/draft", document(uri, task="case-summary"))
            argument = {"uri": uri, "rule": "ZC-09", "reach": "document", "reason": "checked"}
            told = {"command": "doctorflan.dismiss", "arguments": [argument]}
            await peer.request("workspace/executeCommand", told)
            await peer.request("doctorflan/status")
    finally:
        os.umask(before)
    folder = tmp_path / "state" / "doctorflan-ls"
    kept = {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}
    assert {"audit.sqlite3", "audit.sqlite3.heads", "dismissals.sqlite3"} <= kept.keys()
    assert set(kept.values()) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_words_of_a_note_make_no_links_in_a_hover():
    text = NOTE.replace("T 50℃", "T 50℃ [x](command:evil) <img src=x>")
    shown = {"textDocument": {"hover": {"contentFormat": ["markdown"]}}}
    async with stdio() as peer:
        await peer.initialize(shown, locale="zh")
        uri = await peer.open("主诉：青霉素[a](command:x)过敏，阿莫西林<b>0.5g\n" + text)
        said = []
        for line in range(5):
            for character in range(0, 30, 2):
                asked = document(uri, position={"line": line, "character": character})
                found = await peer.request("textDocument/hover", asked)
                said += [found["contents"]["value"]] if found else []
    assert said
    for each in said:
        assert "](" not in each.replace("\\]", "")
        assert "<" not in each.replace("\\<", "")


async def test_words_of_a_note_are_no_variables_of_a_snippet():
    text = (
        "门诊病历\n主诉：咳嗽$CLIPBOARD${TM_SELECTED_TEXT}3天\n诊断：肺炎$CLIPBOARD\n"
        "诊疗计划：阿莫西林${CLIPBOARD}0.5g 口服\n\n/case-summary\n"
    )
    async with stdio() as peer:
        await peer.initialize(FULL, locale="zh")
        uri = await peer.open(text)
        items = []
        for line in range(6):
            asked = document(uri, position={"line": line, "character": 9})
            found = await peer.request("textDocument/completion", asked)
            items += found["items"] if isinstance(found, dict) else found or []
    words = [
        each["textEdit"]["newText"] if each.get("insertTextFormat") == 2 else "" for each in items
    ]
    assert any("CLIPBOARD" in each for each in words)
    for each in words:
        assert not re.search(r"(?<!\\)\$\{?[A-Z]", each)


async def test_an_address_of_a_document_is_never_opened(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("主诉：别处的秘密3天\n", encoding="utf-8")
    async with stdio() as peer:
        await peer.initialize(FULL, locale="en")
        for method in ("doctorflan/analysis", "textDocument/hover", "doctorflan/draft"):
            asked = document(secret.as_uri(), position={"line": 0, "character": 0}, task="triage")
            with pytest.raises(RpcError, match="not open"):
                await peer.request(method, asked)
