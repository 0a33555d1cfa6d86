"""Models chosen by the settings or by the client, over real processes; the skeleton stands in."""

from __future__ import annotations

import hashlib
import socket
import time

import pytest

from doctorflan_ls.notes.markers import closing, opening
from tests.e2e.peer import RpcError, stdio
from tests.e2e.test_drafts import NOTE, asks, begun, progress_of
from tests.e2e.test_features import FULL, answers_schema

SUMMARY = "case-summary"


def warnings(peer):
    shown = [m["params"] for m in peer.heard if m.get("method") == "window/showMessage"]
    return [each["message"] for each in shown if each["type"] == 2]


async def opened(peer, text=NOTE, **models):
    settings = {"models": models}
    await peer.initialize(FULL, locale="en", initializationOptions=settings)
    return await peer.open(text)


async def draft(peer, uri, **more):
    result = await peer.request("doctorflan/draft", asks(uri, **more))
    answers_schema("draft", result)
    return result


def model_of(block: str) -> str:
    return block.splitlines()[0]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("gone", "no model gone"),
        ("unloadable", "model unloadable ran out of memory"),
        ("bursting", "model bursting cannot be loaded (ref "),
        ("failing", "model failing ran out of memory"),
    ],
)
async def test_the_skeleton_stands_in_and_the_user_is_told_once(model, reason):
    async with stdio("several") as peer:
        uri = await opened(peer, use={"*": model})
        await peer.request("doctorflan/status")
        before = len(warnings(peer))
        for task in (SUMMARY, "triage", SUMMARY):
            result = await draft(peer, uri, task=task)
            assert result["draft"]["model"] == "skeleton"
            assert result["fallback"]["model"] == model
            assert reason in result["fallback"]["message"]
        (line,) = warnings(peer)[before:]
        assert line == f"{result['fallback']['message']}; skeleton made this draft instead" or (
            model == "bursting" and reason in line
        )
        assert "half an answer" not in result["draft"]["text"]


MANIFEST = """
id = "torn"
version = "1"
kind = "onnx"
licence = "MIT"
source = "made by the tests"
languages = ["zh", "en"]
description = {{ zh = "坏的", en = "broken" }}
limits = {{ zh = "坏的", en = "broken" }}

[[files]]
path = "model.onnx"
sha256 = "{digest}"
size = {size}
"""


@pytest.mark.parametrize(
    ("manifest", "weights"),
    [(MANIFEST, b"no graph at all"), (MANIFEST, b""), ("id = 5\n", b"x"), (MANIFEST, None)],
)
async def test_the_skeleton_stands_in_for_a_folder_with_something_wrong(
    tmp_path, manifest, weights
):
    folder = tmp_path / "torn"
    folder.mkdir()
    digest = hashlib.sha256(weights or b"").hexdigest()
    (folder / "model.toml").write_text(manifest.format(digest=digest, size=len(weights or b"")))
    if weights is not None:
        (folder / "model.onnx").write_bytes(weights)
    async with stdio() as peer:
        uri = await opened(peer, use={"*": "torn"}, folder=str(tmp_path))
        result = await draft(peer, uri)
        assert result["draft"]["model"] == "skeleton"
        message = result["fallback"]["message"]
        assert "torn" in message or "model.onnx" in message
        assert "internal error" not in message
        assert "(ref " not in message
        status = await peer.request("doctorflan/status")
        answers_schema("status", status)
        said = [each["reason"] for each in status["broken"]]
        said += [each["failure"] for each in status["models"] if each["id"] == "torn"]
        assert said == [message]


REMOTE = """
id = "away"
version = "1"
kind = "openai"
licence = "MIT"
source = "made by the tests"
languages = ["zh", "en"]
description = {{ zh = "远", en = "far" }}
limits = {{ zh = "远", en = "far" }}

[remote]
url = "http://{host}/v1"
model = "m"
"""


@pytest.mark.parametrize("allowed", [False, True])
async def test_the_skeleton_stands_in_for_a_server_that_may_not_or_cannot_be_asked(
    tmp_path, allowed
):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    folder = tmp_path / "away"
    folder.mkdir()
    (folder / "model.toml").write_text(REMOTE.format(host=host))
    settings = {
        "models": {"folder": str(tmp_path), "use": {"*": "away"}},
        "network": {"hosts": [host] if allowed else []},
    }
    async with stdio() as peer:
        await peer.initialize(FULL, locale="en", initializationOptions=settings)
        uri = await peer.open(NOTE)
        result = await draft(peer, uri)
        assert result["draft"]["model"] == "skeleton"
        assert host in result["fallback"]["message"]
        status = await peer.request("doctorflan/status")
        answers_schema("status", status)
        assert status["network"] == ([host] if allowed else "off")
        # The next draft does not pay for trying again.
        begun = time.monotonic()
        again = await draft(peer, uri, task="triage")
        assert time.monotonic() - begun < 1
        assert again["fallback"] == result["fallback"]


async def test_a_draft_that_stands_in_starts_the_partial_results_again():
    async with stdio("several") as peer:
        uri = await opened(peer, use={"*": "failing"})
        result = await draft(peer, uri, partialResultToken="p")
        text = ""
        offsets = []
        for piece in progress_of(peer.heard, "p"):
            offsets.append(piece["offset"])
            text = text[: piece["offset"]] + piece["text"]
        assert offsets[:2] == [0, 0]
        assert result["draft"]["text"].startswith(text)


async def test_a_model_that_is_asked_for_is_not_replaced():
    async with stdio("several") as peer:
        uri = await opened(peer)
        for model, code in (("gone", -32602), ("unloadable", -32803), ("failing", -32803)):
            with pytest.raises(RpcError) as caught:
                await draft(peer, uri, model=model)
            assert caught.value.code == code
            assert model in caught.value.message
        assert not warnings(peer)
        made = await draft(peer, uri, model="talking")
        assert (made["draft"]["model"], made["fallback"]) == ("talking", None)


async def test_being_stopped_is_no_reason_for_another_model():
    async with stdio("endless") as peer:
        uri = await opened(peer, use={"*": "other"})
        asked = await peer.start("doctorflan/draft", asks(uri, partialResultToken="p"))
        await begun(peer)
        await peer.notify("$/cancelRequest", {"id": asked})
        with pytest.raises(RpcError) as caught:
            await peer.answer(asked)
        assert caught.value.code == -32800
        # That the settings name an unknown model is said too, some time.
        assert not [each for each in warnings(peer) if "made this draft instead" in each]


async def test_the_settings_choose_the_model_and_how_it_chooses_its_words():
    async with stdio("several") as peer:
        use = {"case-summary.zh": "talking"}
        uri = await opened(peer, use=use, max_tokens=9, temperature=0.5, seed=4)
        made = (await draft(peer, uri))["draft"]
        assert made["text"].endswith("\n9 0.5 4")
        assert made["provenance"]["model_digest"] == "a" * 64
        assert made["provenance"]["parameters"]["seed"] == 4
        assert (await draft(peer, uri, language="en"))["draft"]["model"] == "skeleton"
        assert (await draft(peer, uri, task="triage"))["draft"]["model"] == "skeleton"


async def test_an_action_asks_the_settings_model():
    async with stdio("several") as peer:
        uri = await opened(peer, use={"*": "talking"})
        whole = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
        params = {"textDocument": {"uri": uri}, "range": whole, "context": {"diagnostics": []}}
        actions = await peer.request("textDocument/codeAction", params)
        (action,) = [each for each in actions if each["kind"].endswith(f".{SUMMARY}")]
        edit = (await peer.request("codeAction/resolve", action))["edit"]
        assert "talking test" in model_of(edit["documentChanges"][0]["edits"][0]["newText"])


@pytest.mark.parametrize(
    ("said", "answers"),
    [("skeleton 1", "skeleton"), ("talking test", "talking"), ("failing 1", "talking")],
)
async def test_a_note_names_no_model_that_the_settings_do_not(said, answers):
    marker = opening("zh", "病例总结", SUMMARY, said, "0a0a0a0a")
    text = f"主诉：发热3天。\n{marker}\n发热\n{closing('zh', '0a0a0a0a')}\n"
    async with stdio("several") as peer:
        uri = await opened(peer, text, use={"*": "talking"})
        at = {"line": 2, "character": 0}
        params = {
            "textDocument": {"uri": uri},
            "range": {"start": at, "end": at},
            "context": {"diagnostics": []},
        }
        actions = await peer.request("textDocument/codeAction", params)
        (again,) = [each for each in actions if each.get("data", {}).get("op") == "regenerate"]
        edit = (await peer.request("codeAction/resolve", again))["edit"]
        assert f"｜{answers} " in model_of(edit["documentChanges"][0]["edits"][0]["newText"])
        assert not warnings(peer)[1:]


async def test_typing_starts_no_model_but_the_skeleton():
    async with stdio("several") as peer:
        text = "主诉：发热3天。\n/blzj"
        uri = await opened(peer, text, use={"*": "talking"})
        position = {"line": 1, "character": 5}
        params = {"textDocument": {"uri": uri}, "position": position}
        found = await peer.request("textDocument/completion", params)
        assert "｜skeleton " in model_of(found["items"][0]["textEdit"]["newText"])
        status = await peer.request("doctorflan/status")
        answers_schema("status", status)


async def test_status_says_how_models_are_doing():
    async with stdio("raising") as peer:
        uri = await opened(peer)
        with pytest.raises(RpcError) as caught:
            await draft(peer, uri)
        status = await peer.request("doctorflan/status")
        answers_schema("status", status)
        (skeleton,) = [each for each in status["models"] if each["id"] == "skeleton"]
        assert skeleton["failure"] == caught.value.message
        assert (skeleton["state"], status["network"]) == ("idle", "off")


async def test_a_follow_up_of_a_follow_up_is_given_the_whole_conversation():
    async with stdio("several") as peer:
        uri = await opened(peer, use={"*": "talking"})
        first = (await draft(peer, uri))["draft"]
        second = (await draft(peer, uri, previousDraft=first["id"], question="Q1"))["draft"]
        third = (await draft(peer, uri, previousDraft=second["id"], question="Q2"))["draft"]
        sizes = len(first["text"]), len(second["text"])
        assert third["text"].splitlines()[0] == f"[{sizes[0]}, Q1][{sizes[1]}, Q2]"
