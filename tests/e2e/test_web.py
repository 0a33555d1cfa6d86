"""``demo --web``: the page, what it may load, and who gets at the WebSocket beside it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.e2e.peer import WsPeer, environment

SERVE = """
import sys
from pathlib import Path
from doctorflan_ls.cli.demo_web import serve_page
from doctorflan_ls.cli.session import Session
sys.exit(serve_page(Session("en"), int(sys.argv[2]), browser=True, folder=Path(sys.argv[1])))
"""
PAGE = "<!doctype html><title>Notes 病历</title><script type=module src=assets/app.js></script>"
FILES = {
    "index.html": PAGE,
    "assets/app.js": "export const note = '病历';",
    "assets/app.css": "body { margin: 0 }",
    "notes.py": "secret = 1",
    "assets/.hidden": "secret",
}


@pytest.fixture
def folder(tmp_path):
    page = tmp_path / "page"
    for name, text in FILES.items():
        file = page / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "outside.js").write_text("secret", encoding="utf-8")
    return page


class Site:
    def __init__(self, process, address):
        self.process = process
        self.address = address
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/#token=([\w-]+)", address)
        assert found, address
        self.port, self.token = int(found[1]), found[2]

    async def ask(self, path, method="GET", host=None, headers=""):
        """Status, headers and body of an answer."""
        host = f"127.0.0.1:{self.port}" if host is None else host
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        line = f"Host: {host}\r\n" if host else ""
        writer.write(f"{method} {path} HTTP/1.1\r\n{line}{headers}\r\n".encode())
        raw = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in lines)
        return int(first.split(" ")[1]), {name.lower(): value for name, value in pairs}, body

    @asynccontextmanager
    async def editor(self, path="/lsp", token=None, **options):
        offered = ["doctorflan.lsp", f"doctorflan.token.{token or self.token}"]
        url = f"ws://127.0.0.1:{self.port}{path}"
        async with connect(url, subprotocols=offered, **options) as opened:
            yield WsPeer(opened)


@asynccontextmanager
async def served(folder, port=0, **variables):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVE, str(folder), str(port)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # A browser that leaves the address it was to open in a file.
        env=environment() | {"DISPLAY": "", "WAYLAND_DISPLAY": "", "BROWSER": ""} | variables,
    )
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        assert line, await process.stderr.read()
        yield Site(process, line.decode().strip())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_the_page_is_served_with_what_it_may_load(folder):
    async with served(folder) as site:
        status, headers, body = await site.ask("/")
        assert status == 200
        assert body.decode() == PAGE
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert headers["content-length"] == str(len(body))
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
        policy = dict(
            part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["connect-src"] == f"'self' ws://127.0.0.1:{site.port}"
        assert "http" not in headers["content-security-policy"]
        # The token is in no answer: only the address that was printed has it.
        assert site.token not in str(headers)
        for name, kind in (("app.js", "text/javascript"), ("app.css", "text/css")):
            status, headers, body = await site.ask(f"/assets/{name}?v=1")
            assert (status, body.decode()) == (200, FILES[f"assets/{name}"])
            assert headers["content-type"].startswith(kind)


async def test_the_examples_are_notes_in_both_languages(folder):
    async with served(folder) as site:
        status, headers, body = await site.ask("/examples.json")
        assert status == 200
        assert headers["content-type"].startswith("application/json")
        rows = json.loads(body)
        assert {row["language"] for row in rows} == {"zh", "en"}
        assert all(row["name"].startswith(row["language"]) and row["text"] for row in rows)


NOWHERE = (
    "/notes.py",
    "/assets/.hidden",
    "/assets",
    "/assets/",
    "/nothing.js",
    "/../outside.js",
    "/assets/../../outside.js",
    "/%2e%2e/outside.js",
    "/..%2foutside.js",
    "/..%5coutside.js",
    "//etc/passwd",
    "/index.html%00.js",
    "*",
    "http://127.0.0.1/",
)


async def test_nothing_else_is_served(folder):
    async with served(folder) as site:
        for path in NOWHERE:
            status, headers, body = await site.ask(path)
            assert status == 404, path
            assert b"secret" not in body
            assert headers["x-content-type-options"] == "nosniff"
        for method in ("HEAD", "POST", "OPTIONS", "DELETE"):
            status, headers, body = await site.ask("/", method)
            assert (status, headers["allow"], body) == (405, "GET", b"")
        assert (await site.ask("/"))[0] == 200


HOSTS = {
    "localhost": 200,
    "[::1]:80": 200,
    "127.0.0.1.evil.example": 403,
    "evil.example:8080": 403,
    "evil.example@127.0.0.1": 403,
    "127.0.0.1; script-src *": 403,
    "": 403,
    "127.0.0.1\r\nHost: localhost": 403,
}


async def test_another_name_of_this_machine_is_refused(folder):
    """DNS rebinding: a foreign page whose name was made to mean this machine."""
    async with served(folder) as site:
        for host, status in HOSTS.items():
            for path in ("/", "/examples.json"):
                assert (await site.ask(path, host=host))[0] == status, host


REFUSED = (
    ({"token": "wrong"}, 401),
    ({"origin": "https://evil.example"}, 403),
    ({"additional_headers": {"Host": "evil.example"}}, 403),
)


async def test_the_websocket_asks_for_token_origin_and_host(folder):
    async with served(folder) as site:
        for options, status in REFUSED:
            with pytest.raises(InvalidStatus) as caught:
                async with site.editor(**options):
                    pass
            assert caught.value.response.status_code == status


async def test_a_browser_that_comes_back_finds_its_document_as_it_sends_it(folder):
    """A second connection is served while the first dies: nothing of the first is in its way."""
    async with served(folder) as site:
        origin = f"http://127.0.0.1:{site.port}"
        async with site.editor(origin=origin) as first:
            await first.initialize()
            uri = await first.open("第一次")
            assert await status_of(first) == 1
            first.socket.transport.abort()
            async with site.editor(origin=origin) as second:
                await second.initialize()
                await second.open("第一次，又写了几个字", uri, version=7)
                assert await status_of(second) == 1
                read = await second.request("doctorflan/analysis", {"textDocument": {"uri": uri}})
                assert read["version"] == 7


async def status_of(peer):
    return (await peer.request("doctorflan/status"))["documents"]


async def test_the_token_of_the_environment_stays_over_a_restart(folder):
    async with served(folder, DOCTORFLAN_TOKEN="correct-horse") as site:
        assert site.token == "correct-horse"
        port = site.port
    async with served(folder, port, DOCTORFLAN_TOKEN="correct-horse") as again, again.editor() as p:
        await p.initialize()


async def test_a_browser_is_opened_where_there_is_a_screen(folder, tmp_path):
    left = tmp_path / "opened"
    browser = tmp_path / "browser"
    # Opening one end of a pipe waits for the other.
    os.mkfifo(left)
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {left}\n')
    browser.chmod(0o755)
    async with served(folder, BROWSER=str(browser)) as site:
        opened = await asyncio.wait_for(asyncio.to_thread(left.read_text), 10)
        assert opened == site.address


async def test_a_port_in_use_is_one_sentence(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = await ended(SERVE, str(folder), str(port))
    assert code == 1
    assert said.count("\n") == 1
    assert "the port is in use" in said


async def test_without_the_pages_files_one_sentence_says_so(tmp_path):
    code, said = await ended(SERVE, str(tmp_path), "0")
    assert code == 1
    assert said.count("\n") == 1
    assert "lacks the web page" in said


async def ended(*arguments):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
    )
    out, said = await asyncio.wait_for(process.communicate(), 20)
    assert out == b""
    return process.returncode, said.decode()


async def test_ctrl_c_ends_it_quietly_with_a_page_open(folder):
    async with served(folder) as site, site.editor() as peer:
        await peer.initialize()
        site.process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(site.process.wait(), 5) == 130
        said = (await site.process.stderr.read()).decode()
        assert said.count("\n") == 1
        assert site.token not in said
