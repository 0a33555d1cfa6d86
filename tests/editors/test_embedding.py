"""docs/editors/embedding.md: its clients and its proxy, as they stand on the page."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager

import pytest
import websockets
from websockets.exceptions import InvalidStatus

from tests.editors.pages import config

TOKEN = "of-the-test"
NOTE = "门诊病历\n主诉：咳嗽\n体格检查：T 50℃\n"


@asynccontextmanager
async def serving(port: int = 0):
    """A server with the token and the page's origin; the port it listens on."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "doctorflan_ls", "--ws", f"127.0.0.1:{port}", "--origin", "https://ehr.example"),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "DOCTORFLAN_TOKEN": TOKEN, "DOCTORFLAN_PLUGINS": ""},
    )
    try:
        line = ""
        while "listening on" not in line:
            line = (await process.stderr.readline()).decode()
        yield int(line.strip().rpartition(":")[2])
    finally:
        process.terminate()
        await process.wait()


async def test_the_client_in_python(monkeypatch):
    monkeypatch.setenv("DOCTORFLAN_TOKEN", TOKEN)
    scope = {}
    exec(config("embedding", "python"), scope)
    async with serving() as port:
        found = await scope["findings"](f"ws://127.0.0.1:{port}", NOTE)
    assert "ZC-09" in {each["code"] for each in found}


def test_the_client_in_javascript_is_javascript(tmp_path):
    if shutil.which("node") is None:
        pytest.skip("node is not installed here")
    script = tmp_path / "client.mjs"
    script.write_text(config("embedding", "javascript"), encoding="utf-8")
    subprocess.run(["node", "--check", str(script)], check=True, timeout=20)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def nginx(folder, upstream: int):
    """nginx with the page's server block, on a free port, with a certificate of its own."""
    port = free_port()
    subject = ["-subj", "/CN=ehr.example", "-addext", "subjectAltName=DNS:ehr.example"]
    pair = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *pair, *subject],
        check=True,
        capture_output=True,
        timeout=30,
    )
    block = config("embedding", "nginx")
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/ehr.example.pem", str(folder / "cert.pem")),
        ("/etc/ssl/ehr.example.key", str(folder / "key.pem")),
        ("127.0.0.1:2087", f"127.0.0.1:{upstream}"),
    ):
        assert old in block, old
        block = block.replace(old, new)
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    settings = folder / "nginx.conf"
    settings.write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{paths}{block}}}\n"
    )
    process = subprocess.Popen(
        ["nginx", "-c", str(settings), "-p", str(folder)], stderr=subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


async def through(port: int, folder, token: str, origin: str):
    """A browser's WebSocket through the proxy, with TLS verified."""
    trust = ssl.create_default_context(cafile=str(folder / "cert.pem"))
    connection = websockets.connect(
        "wss://ehr.example/doctorflan",
        host="127.0.0.1",
        port=port,
        ssl=trust,
        origin=origin,
        subprotocols=["doctorflan.lsp", f"doctorflan.token.{token}"],
    )
    async with asyncio.timeout(10):
        while True:
            try:
                return await connection
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_nginx_in_front(tmp_path, monkeypatch):
    # Where Debian has it, which is not on every user's path.
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    for program in ("nginx", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed here")
    async with serving() as upstream:
        with nginx(tmp_path, upstream) as port:
            page = await through(port, tmp_path, TOKEN, "https://ehr.example")
            params = {"processId": None, "rootUri": None, "capabilities": {}}
            sent = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
            await page.send(json.dumps(sent))
            answer = json.loads(await page.recv())
            assert answer["result"]["serverInfo"]["name"] == "doctorflan-ls"
            await page.close()
            for token, origin, status in (
                ("wrong", "https://ehr.example", 401),
                (TOKEN, "https://elsewhere.example", 403),
            ):
                with pytest.raises(InvalidStatus) as caught:
                    await through(port, tmp_path, token, origin)
                assert caught.value.response.status_code == status
