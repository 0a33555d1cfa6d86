"""An editor's action answered by a server that people run, and by the skeleton once that is gone.

The server is named as in tests/test_openai_real.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest

from doctorflan_ls.cli.demo_command import examples
from tests.e2e.peer import RpcError, stdio
from tests.e2e.test_models import warnings
from tests.e2e.test_real_models import ACTIONS, edits, offered, resolved, state

pytestmark = pytest.mark.slow

# Read here: the tests' own environment has none of these.
NAMED = {
    name: os.environ.get(f"DOCTORFLAN_TEST_{name}", "")
    for name in ("TRANSFORMERS_SERVE", "LLAMA_SERVER")
}


@pytest.fixture(params=NAMED)
def named(request) -> tuple[str, str]:
    """The base and the model's name."""
    url, _, model = NAMED[request.param].partition(" ")
    if not url:
        pytest.skip(f"DOCTORFLAN_TEST_{request.param} names no server")
    if not model:
        with urllib.request.urlopen(f"{url}/models", timeout=20) as answer:
            model = json.load(answer)["data"][0]["id"]
    return url, model


@asynccontextmanager
async def forwarded(host: str, port: int) -> AsyncIterator[asyncio.Server]:
    """A port that leads to the server until it is closed: the server is not ours to end."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection(host, port)
        await asyncio.gather(copy(reader, forth), copy(back, writer))

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield server
    finally:
        server.close()


async def test_a_server_drafts_until_it_is_gone(named, tmp_path):
    url, model = named
    there = urlsplit(url)
    async with forwarded(there.hostname, there.port) as door, stdio() as peer:
        host = f"127.0.0.1:{door.sockets[0].getsockname()[1]}"
        command = [sys.executable, "-m", "doctorflan_ls", "models", "add", "--id", "served"]
        command += ["--url", f"http://{host}{there.path}", "--model", model]
        folder = {**os.environ, "DOCTORFLAN_MODELS_FOLDER": str(tmp_path)}
        await asyncio.to_thread(subprocess.run, command, check=True, env=folder)
        settings = {
            "models": {"folder": str(tmp_path), "use": {"*": "served"}, "max_tokens": 40},
            "network": {"hosts": [host]},
        }
        await peer.initialize(ACTIONS, locale="en", initializationOptions=settings)
        uri = await peer.open(examples()["en-copd"])

        [edit] = edits(await resolved(peer, uri, "differential-diagnosis"))
        assert "｜differential-diagnosis｜served 1｜" in edit["newText"].splitlines()[0]
        assert not warnings(peer)

        action = await offered(peer, uri, "treatment-plan")
        asked = await peer.start("codeAction/resolve", action)
        await state(peer, "served", "busy")
        started = time.monotonic()
        await peer.notify("$/cancelRequest", {"id": asked})
        with pytest.raises(RpcError) as caught:
            await peer.answer(asked)
        assert caught.value.code == -32800
        await state(peer, "served", "idle")
        assert time.monotonic() - started < 1

        door.close()
        for task in ("triage", "treatment-plan"):
            [edit] = edits(await resolved(peer, uri, task))
            assert f"｜{task}｜skeleton 1｜" in edit["newText"].splitlines()[0]
        [line] = warnings(peer)
        assert host in line
        assert line.endswith("skeleton made this draft instead")
