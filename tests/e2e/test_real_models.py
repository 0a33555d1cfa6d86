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

# What an editor must take for actions that are resolved.
ACTIONS = {
    "textDocument": {
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}},
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        }
    }
}
CHINESE, ENGLISH = ("minimind2-small", "zh-chest-pain"), ("smollm2-135m", "en-copd")


async def opened(peer, example, **models):
    settings = {"models": {"folder": WEIGHTS, **models}}
    await peer.initialize(ACTIONS, initializationOptions=settings)
    return await peer.open(examples()[example])


def asks(uri, task="differential-diagnosis", **more):
    return {"textDocument": {"uri": uri}, "task": task, "partialResultToken": "p", **more}


async def begun(peer, pieces=2):
    await peer.until(lambda heard: len(progress_of(heard, "p")) >= pieces)


async def offered(peer, uri, task):
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    params = {"textDocument": {"uri": uri}, "range": whole, "context": {"diagnostics": []}}
    actions = await peer.request("textDocument/codeAction", params)
    return next(each for each in actions if each["kind"].endswith(f".doctorflan.{task}"))


async def resolved(peer, uri, task):
    return await peer.request("codeAction/resolve", await offered(peer, uri, task))


def edits(action):
    [[*found]] = action["edit"]["changes"].values()
    return found


async def state(peer, model, wanted):
    """Wait until the model is in the state."""
    async with asyncio.timeout(10):
        while True:
            status = await peer.request("doctorflan/status")
            [found] = [each for each in status["models"] if each["id"] == model]
            if found["state"] == wanted:
                return found
            await asyncio.sleep(0.005)


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


@pytest.mark.slow
@pytest.mark.parametrize(("model", "example"), [CHINESE, ENGLISH])
async def test_an_action_is_stopped_in_the_middle_and_another_task_starts_sooner(model, example):
    async with stdio() as peer:
        await opened(peer, example, use={"*": model}, max_tokens=8)
        # Loads the model.
        await resolved(peer, "file:///n.txt", "treatment-plan")
        # Another note, as long as a stay's; the lines of the first are not its beginning.
        uri = await peer.open("1.\n" + examples()[example] * 4, "file:///long.txt")
        seconds = []
        for task in ("differential-diagnosis", "treatment-plan"):
            started = time.monotonic()
            [edit] = edits(await resolved(peer, uri, task))
            seconds.append(time.monotonic() - started)
            first, *_, last = edit["newText"].strip().splitlines()
            assert f"｜{task}｜{model} " in first
            assert first.rsplit("#", 1)[1] == last.rsplit("#", 1)[1]
        # A quarter to a half where the machine is idle.
        assert seconds[1] < seconds[0]
        settings = {"models": {"folder": WEIGHTS, "use": {"*": model}, "max_tokens": 4000}}
        await peer.notify("workspace/didChangeConfiguration", {"settings": settings})
        action = await offered(peer, uri, "differential-diagnosis")
        asked = await peer.start("codeAction/resolve", action)
        await state(peer, model, "busy")
        await asyncio.sleep(0.3)
        assert asked not in peer.answers
        started = time.monotonic()
        await peer.notify("$/cancelRequest", {"id": asked})
        with pytest.raises(RpcError) as caught:
            await peer.answer(asked)
        assert caught.value.code == -32800
        assert time.monotonic() - started < 0.5
        await state(peer, model, "idle")
        # 3 to 50 ms on a machine that is otherwise idle.
        assert time.monotonic() - started < 1
