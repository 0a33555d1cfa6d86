"""A plugin that is slow to import delays nobody who types."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.e2e.peer import stdio
from tests.e2e.test_drafts import NOTE, asks
from tests.e2e.test_traps import text_of

SECONDS = 3.0
PLUGIN = f"""
import time

time.sleep({SECONDS})

DOCTORFLAN_API = 1

from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.models.base import Chunk, Listed, ModelSpec


class Slow:
    spec = ModelSpec("slow-model", "1", "onnx", digest="a" * 64)

    def generate(self, prompt, sampling, stop):
        yield Chunk("slow words")

    def close(self):
        pass


@hookimpl
def register_models(register):
    register(Listed(Slow.spec, lambda options: Slow()))
"""


@pytest.fixture
def slow_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    info = site / "slow_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "slow_plugin.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[doctorflan_ls]\nslow = slow_plugin\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("DOCTORFLAN_PLUGINS", "slow-plugin")


async def longest_wait(peer, uri: str, seconds: float) -> float:
    """Type for ``seconds``; the longest time until the server had taken a change."""
    until = time.monotonic() + seconds
    version, longest = 2, 0.0
    while time.monotonic() < until:
        begun = time.monotonic()
        await peer.change(uri, version, {"text": f"{NOTE}{version}"})
        assert await text_of(peer, uri) == f"{NOTE}{version}"
        longest = max(longest, time.monotonic() - begun)
        version += 1
    return longest


@pytest.mark.parametrize("use", [{}, {"*": "slow-model"}, {"*": "gone"}])
@pytest.mark.usefixtures("slow_plugin")
async def test_typing_goes_on_while_a_plugin_is_imported(use):
    async with stdio() as peer:
        begun = time.monotonic()
        await peer.initialize(locale="en", initializationOptions={"models": {"use": use}})
        uri = await peer.open(NOTE)
        await text_of(peer, uri)
        asked = await peer.start("doctorflan/status")
        assert await longest_wait(peer, uri, 1.0) < SECONDS / 2
        assert time.monotonic() - begun < SECONDS
        status = await peer.answer(asked)
        assert time.monotonic() - begun > SECONDS
        assert "slow-plugin/slow-model" in [each["id"] for each in status["models"]]
        problems = status["settings"]["problems"]
        assert ["gone" in problem for problem in problems] == ([True] if "gone" in str(use) else [])
        shown = [m for m in peer.heard if m.get("method") == "window/showMessage"]
        assert [m["params"]["message"] for m in shown] == problems


@pytest.mark.usefixtures("slow_plugin")
async def test_a_draft_by_it_waits_and_typing_does_not():
    async with stdio() as peer:
        use = {"models": {"use": {"*": "slow-model"}}}
        await peer.initialize(locale="en", initializationOptions=use)
        uri = await peer.open(NOTE)
        other = await peer.open(NOTE, "file:///other.txt")
        asked = await peer.start("doctorflan/draft", asks(uri))
        assert await longest_wait(peer, other, 1.0) < SECONDS / 2
        assert (await peer.answer(asked))["draft"]["model"] == "slow-model"


@pytest.mark.usefixtures("slow_plugin")
async def test_leaving_does_not_wait_for_it():
    async with stdio() as peer:
        await peer.initialize()
        await peer.start("doctorflan/status")
        begun = time.monotonic()
        await peer.request("shutdown")
        await peer.notify("exit")
        await peer.process.wait()
        assert time.monotonic() - begun < SECONDS / 2
