"""A real server process with real weights: both languages, stopped in the middle, the next task."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from doctorflan_ls.cli.demo_command import examples
from tests.e2e.peer import RpcError, stdio
from tests.e2e.test_drafts import progress_of
from tests.e2e.test_features import answers_schema

WEIGHTS = os.environ.get("DOCTORFLAN_TEST_MODELS", "")
pytestmark = pytest.mark.skipif(not WEIGHTS, reason="no weights: DOCTORFLAN_TEST_MODELS")

CHINESE, ENGLISH = ("minimind2-small", "zh-chest-pain"), ("smollm2-135m", "en-copd")


async def opened(peer, example, **models):
    settings = {"models": {"folder": WEIGHTS, **models}}
    await peer.initialize({}, initializationOptions=settings)
    return await peer.open(examples()[example])


def asks(uri, task="differential-diagnosis", **more):
    return {"textDocument": {"uri": uri}, "task": task, "partialResultToken": "p", **more}


async def begun(peer, pieces=2):
    await peer.until(lambda heard: len(progress_of(heard, "p")) >= pieces)


@pytest.mark.parametrize(("model", "example"), [CHINESE, ENGLISH])
async def test_a_draft_streams_and_says_who_made_it(model, example):
    async with stdio() as peer:
        uri = await opened(peer, example, use={"*": model}, max_tokens=40)
        result = await peer.request("doctorflan/draft", asks(uri))
        answers_schema("draft", result)
        draft = result["draft"]
        assert (draft["model"], result["fallback"]) == (model, None)
        assert len(draft["provenance"]["model_digest"]) == 64
        pieces = progress_of(peer.heard, "p")
        assert "".join(each["text"] for each in pieces)
        assert draft["text"].startswith("".join(each["text"] for each in pieces))
        assert "\ufffd" not in draft["text"]
        assert model in result["edit"]["changes"][uri][0]["newText"].splitlines()[0]


async def test_a_stopped_draft_is_answered_at_once_and_the_model_is_free():
    async with stdio() as peer:
        uri = await opened(peer, ENGLISH[1], use={"*": ENGLISH[0]}, max_tokens=4000)
        asked = await peer.start("doctorflan/draft", asks(uri))
        await begun(peer)
        started = time.monotonic()
        await peer.notify("$/cancelRequest", {"id": asked})
        with pytest.raises(RpcError) as caught:
            await peer.answer(asked)
        assert caught.value.code == -32800
        # Half a millisecond where the machine is idle.
        assert time.monotonic() - started < 0.5
        await asyncio.sleep(0.5)
        status = await peer.request("doctorflan/status")
        answers_schema("status", status)
        (model,) = [each for each in status["models"] if each["id"] == ENGLISH[0]]
        assert (model["state"], model["hung"]) == ("idle", 0)
        assert model["load_seconds"] > 0


@pytest.mark.parametrize("how", ["exit", "eof"])
async def test_the_process_ends_in_the_middle_of_a_draft(how):
    async with stdio() as peer:
        uri = await opened(peer, ENGLISH[1], use={"*": ENGLISH[0]}, max_tokens=4000)
        await peer.start("doctorflan/draft", asks(uri))
        await begun(peer)
        if how == "exit":
            await peer.request("shutdown")
            await peer.notify("exit")
        else:
            peer.writer.close()
        assert await asyncio.wait_for(peer.process.wait(), 5) == (0 if how == "exit" else 1)
        assert await peer.stderr() == ""


async def test_another_task_on_the_note_starts_sooner():
    async with stdio() as peer:
        uri = await opened(peer, ENGLISH[1], use={"*": ENGLISH[0]}, max_tokens=8)
        # Loads the model, with another text in its cache.
        other = await peer.open("Chief complaint: headache.\n", "file:///other.txt")
        await peer.request("doctorflan/draft", asks(other))
        seconds = []
        for task in ("differential-diagnosis", "case-summary", "treatment-plan"):
            started = time.monotonic()
            await peer.request("doctorflan/draft", asks(uri, task, partialResultToken=task))
            seconds.append(time.monotonic() - started)
        assert min(seconds[1:]) < seconds[0]
