"""Messages of every type that LSP has, as they should be and as they should not."""

from __future__ import annotations

import json
from random import Random

import pytest

from doctorflan_ls.notes.markers import closing, opening
from doctorflan_ls.server import capabilities
from doctorflan_ls.server.requests import FEATURES
from tests.e2e.meta_model import Maker, methods, own_schemas, params_type, structured
from tests.e2e.peer import listening, port_of, stdio, ws

pytestmark = pytest.mark.slow

CANARY = "张三丰住在武当山紫霄宫"
KEPT = "file:///kept.txt"
URIS = ("file:///a.txt", "file:///b.txt")
BLOCK = "d1"
NOTE = "\n".join(
    (
        f"主诉：咳嗽3天，{CANARY}",
        "既往史：青霉素过敏。",
        "体格检查：T 38.9℃，P 110次/分，𠮷氏征阳性",
        opening("zh", "分诊", "triage", "skeleton 1", BLOCK),
        "科室：呼吸内科",
        closing("zh", BLOCK),
        "处理：阿莫西林 0.5g 口服",
    )
)
# What these answer follows from the note alone: a request that fits the types has a result.
PLAIN = {
    *("textDocument/hover", "textDocument/documentSymbol", "textDocument/foldingRange"),
    *("textDocument/completion", "textDocument/inlineCompletion", "textDocument/inlayHint"),
    *("textDocument/semanticTokens/full", "textDocument/semanticTokens/range"),
    *("textDocument/codeLens", "textDocument/definition", "textDocument/diagnostic"),
}
REFUSALS = {-32602, -32800, -32801, -32803}
ABLE = {
    "general": {"positionEncodings": ["utf-8"]},
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "textDocument": {
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}},
            "resolveSupport": {"properties": ["edit"]},
        },
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "publishDiagnostics": {"versionSupport": True},
        "diagnostic": {},
        "inlineCompletion": {},
    },
}


async def prepare(peer):
    await peer.initialize(ABLE)
    for uri in (*URIS, KEPT):
        await peer.open(NOTE, uri)


async def finish(peer):
    """It is alive, knows its documents, ends as it should and has nothing to complain of."""
    kept = await peer.request("test/text", {"textDocument": {"uri": KEPT}})
    assert kept == NOTE
    await peer.request("shutdown")
    await peer.notify("exit")
    assert (await peer.stderr(), peer.process.returncode) == ("", 0)
    assert all(len(answers) == 1 for answers in peer.answers.values())


async def ask(peer, messages, look):
    """Send the requests in handfuls and ``look`` at each with its answer."""
    for first in range(0, len(messages), 20):
        sent = [(each, await peer.start(*each)) for each in messages[first : first + 20]]
        for (method, params), asked in sent:
            await peer.until(lambda _, asked=asked: asked in peer.answers)
            answer = peer.answers[asked][0]
            shown = f"{method} {json.dumps(params)[:2000]}"
            assert ("result" in answer) != ("error" in answer), shown
            # Parameters that are neither an object nor an array are no message of any method.
            formed = isinstance(params, dict | list | None)
            look(method if formed else "test/text", answer, shown)


def refused_rightly(method, answer, shown):
    """An error, if any, is one that ``method`` may answer with, in words that quote nothing."""
    if "error" not in answer:
        return
    code, message = answer["error"]["code"], answer["error"]["message"]
    known = method in FEATURES or method == "test/text"
    assert code in (REFUSALS if known else {-32601}), f"{shown}: {code} {message}"
    assert CANARY not in message, shown
    assert "Traceback" not in message, shown
    assert "\n" not in message, shown


def answered_rightly(method, answer, shown):
    refused_rightly(method, answer, shown)
    assert "result" in answer or method not in PLAIN, f"{shown}: {answer}"
    if "result" in answer:
        assert method in FEATURES, shown
        if not method.startswith("doctorflan/"):
            structured(method, answer)


def client_requests():
    """All but the two that begin and end a connection."""
    return [
        each
        for each in methods("clientToServer", "both", answered=True)
        if each not in ("initialize", "shutdown")
    ]


def made(seed, count, names, change=lambda maker, params: params):
    maker = Maker(Random(seed), URIS)
    messages = [
        (name, change(maker, maker.valid(params_type(name))))
        for name in names
        for _ in range(count)
    ]
    maker.random.shuffle(messages)
    return messages


async def test_every_request_as_its_type_has_it_and_spoilt():
    async with stdio() as peer:
        await prepare(peer)
        await ask(peer, made(1, 8, client_requests()), answered_rightly)
        await ask(peer, made(2, 16, client_requests(), Maker.spoilt), refused_rightly)
        await finish(peer)


async def test_every_notification_and_what_only_a_server_may_send():
    ways = ("clientToServer", "serverToClient", "both")
    # $/cancelRequest and exit do what they should to the requests of this test.
    names = [each for each in methods(*ways, answered=False) if each != "exit"]
    async with stdio() as peer:
        await prepare(peer)
        for method, params in made(3, 6, names) + made(4, 10, names, Maker.spoilt):
            await peer.notify(method, params)
        # Requests without an id are notifications, and notifications with one are requests.
        for method, params in made(5, 2, client_requests()):
            await peer.notify(method, params)
        await peer.notify("shutdown")
        await ask(peer, made(6, 2, names), lambda *_: None)
        servers = methods("serverToClient", answered=True)
        await ask(peer, made(7, 3, servers), refused_rightly)
        await answer_nobody(peer)
        await finish(peer)


async def answer_nobody(peer):
    """Answers to questions that were never asked."""
    maker = Maker(Random(8), URIS)
    for _ in range(200):
        kind = maker.random.choice(("result", "error"))
        asked = maker.random.choice(("s1", "s999", 1, -1, 2**40, "", None, "\ud800"))
        value = maker.anything() if kind == "result" else {"code": 1, "message": "x"}
        await peer.send({"id": asked, kind: value})


def own_requests(maker, change=lambda maker, params: params):
    """Of each of ours, a dozen."""
    for method, schema in own_schemas().items():
        kind = {**schema["$defs"]["params"], "type": "object"}
        yield from ((method, change(maker, maker.fitting(kind, schema))) for _ in range(12))


async def test_our_own_requests_as_their_schemas_have_them():
    maker = Maker(Random(9), (*URIS, "file:///not-open.txt"))
    async with stdio() as peer:
        await prepare(peer)
        await ask(peer, list(own_requests(maker)), answered_rightly)
        await ask(peer, list(own_requests(maker, Maker.spoilt)), refused_rightly)
        await finish(peer)


def arguments_of(maker):
    """Of each command, what the server itself would have the client send."""
    draft = {"op": "draft", "task": "triage", "at": 0, "language": "zh", "span": [0, 9]}
    said = {"task": "triage", "model": "skeleton 1", "outcome": "accepted", "block": BLOCK}
    found = {"rule": "history/allergy", "reach": "document"}
    arguments = {
        capabilities.DRAFT_COMMAND: draft | {"version": 1},
        capabilities.ACCEPT_COMMAND: {"block": BLOCK},
        capabilities.DISCARD_COMMAND: {"block": BLOCK},
        capabilities.REGENERATE_COMMAND: {"block": BLOCK},
        capabilities.REVIEWED_COMMAND: said | {"digest": "0" * 64, "length": 7},
        capabilities.DISMISS_COMMAND: found,
        capabilities.RESTORE_COMMAND: {},
    }
    assert set(arguments) == set(capabilities.COMMANDS)
    return {name: {"uri": maker.random.choice(URIS), **each} for name, each in arguments.items()}


async def test_our_commands():
    maker = Maker(Random(10), URIS)
    async with stdio() as peer:
        await prepare(peer)
        for _ in range(12):
            good = [
                ("workspace/executeCommand", {"command": name, "arguments": [argument]})
                for name, argument in arguments_of(maker).items()
            ]
            await ask(peer, good, answered_rightly)
            bad = [(method, maker.spoilt(params)) for method, params in good]
            await ask(peer, bad, refused_rightly)
        asked = [m for m in peer.heard if m.get("method") == "workspace/applyEdit"]
        assert asked
        for question in asked:
            answer = maker.random.choice(({"applied": False}, None, 7, {"applied": "no"}))
            await peer.send({"id": question["id"], "result": answer})
        await finish(peer)


async def test_every_way_to_begin():
    begun = made(11, 40, ["initialize"]) + made(12, 60, ["initialize"], Maker.spoilt)
    async with listening("ws", "t") as (process, lines):
        for method, params in begun:
            async with ws(port_of(lines), "/?token=t") as peer:
                await ask(peer, [(method, params)], refused_rightly)
                [[answer]] = peer.answers.values()
                if "result" in answer:
                    structured(method, answer)
                    await peer.notify("initialized", {})
                else:
                    await peer.initialize()
                await peer.open(NOTE, URIS[0])
                held = {"textDocument": {"uri": URIS[0]}}
                assert await peer.request("test/text", held) == NOTE
                await ask(peer, [("textDocument/documentSymbol", held)], answered_rightly)
        process.terminate()
        assert process.stderr is not None
        assert await process.stderr.read() == b""


@pytest.mark.parametrize(("ended", "code"), [(False, -32002), (True, -32600)])
async def test_every_request_out_of_its_time(ended, code):
    def look(method, answer, shown):
        assert answer["error"]["code"] == code, shown

    async with stdio() as peer:
        if ended:
            await peer.initialize()
            await peer.request("shutdown")
        names = methods("clientToServer", "serverToClient", "both", answered=True)
        wanted = [each for each in made(13, 1, names) if ended or each[0] != "initialize"]
        await ask(peer, [*wanted, *own_requests(Maker(Random(14), URIS))], look)
