"""doctorflan/outgoing over the protocol: what it shows is what a real server is then sent."""

from __future__ import annotations

import pytest
from openai_servers import serving, stream

from tests.e2e.peer import RpcError, stdio
from tests.e2e.test_drafts import NOTE, asks
from tests.e2e.test_features import FULL, answers_schema, at, document
from tests.e2e.test_models import REMOTE


def settings(folder, host, **network):
    made = folder / "away"
    made.mkdir()
    (made / "model.toml").write_text(REMOTE.format(host=host))
    return {
        "models": {"folder": str(folder), "use": {"triage": "away"}},
        "network": {"hosts": [host]} | network,
    }


async def test_it_shows_what_is_then_sent(tmp_path):
    with serving(stream("好。")) as server:
        async with stdio() as peer:
            await peer.initialize(FULL, initializationOptions=settings(tmp_path, server.host))
            uri = await peer.open(NOTE)
            for more in ({}, {"range": at(0, 0, (1, 0))}, {"language": "en"}):
                asked = document(uri, task="triage", **more)
                out = await peer.request("doctorflan/outgoing", asked)
                answers_schema("outgoing", out)
                before = len(server.requests)
                made = await peer.request("doctorflan/draft", asks(uri, task="triage", **more))
                assert made["draft"]["model"] == "away"
                assert len(server.requests) == before + 1
                sent = [
                    {"role": each["role"], "text": each["content"]}
                    for each in server.bodies[-1]["messages"]
                ]
                assert out["messages"] == sent
                assert (out["model"], out["host"], out["masked"]) == ("away", server.host, 0)


async def test_nothing_leaves_for_a_model_of_this_machine(tmp_path):
    with serving(stream("好。")) as server:
        async with stdio() as peer:
            await peer.initialize(FULL, initializationOptions=settings(tmp_path, server.host))
            uri = await peer.open(NOTE)
            for asked in ({"task": "case-summary"}, {"task": "triage", "model": "skeleton"}):
                out = await peer.request("doctorflan/outgoing", document(uri, **asked))
                assert out == {"model": "skeleton", "host": "", "masked": 0, "messages": []}
        assert server.requests == []


@pytest.mark.parametrize(
    ("more", "code"), [({"model": "no-such"}, -32602), ({"task": "no-such"}, -32602), ({}, -32803)]
)
async def test_what_cannot_be_sent_is_said(tmp_path, more, code):
    async with stdio() as peer:
        forbidden = settings(tmp_path, "192.0.2.1:9", hosts=[])
        await peer.initialize(FULL, locale="en", initializationOptions=forbidden)
        uri = await peer.open(NOTE)
        with pytest.raises(RpcError) as caught:
            await peer.request("doctorflan/outgoing", document(uri, task="triage") | more)
        assert caught.value.code == code
        if code == -32803:
            assert "192.0.2.1:9" in caught.value.message
