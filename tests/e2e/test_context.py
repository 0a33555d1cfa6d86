"""doctorflan/context over the protocol: what a host tells of a note changes its findings."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.e2e.peer import ROOT, RpcError, stdio
from tests.e2e.test_traps import at

PUSH = {"textDocument": {"publishDiagnostics": {}}}
PULL = {
    "textDocument": {"diagnostic": {}},
    "workspace": {"diagnostics": {"refreshSupport": True}},
}
CONSULT = "会诊记录\n会诊意见：建议加用呋塞米，监测电解质。\n"
LATE = {"request_time": "2024-03-05 10:00", "opinion_time": "2024-03-06 10:01"}
SCHEMA = json.loads((ROOT / "schemas" / "protocol" / "context.json").read_text("utf-8"))


def valid(name, value):
    jsonschema.validate(value, {**SCHEMA, "$ref": f"#/$defs/{name}"})
    return value


def tells(uri, context):
    return valid("params", {"uri": uri, "context": context})


async def codes(peer, uri):
    report = await peer.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    return {each["code"] for each in report["items"]}


async def pushed(peer, wanted):
    """Wait until findings that ``wanted`` likes were pushed."""

    def seen(heard):
        method = "textDocument/publishDiagnostics"
        sent = [m["params"] for m in heard if m.get("method") == method]
        return sent and wanted({each["code"] for each in sent[-1]["diagnostics"]}) and sent[-1]

    return await peer.until(seen)


async def test_findings_follow_what_is_told():
    async with stdio() as peer:
        await peer.initialize(PULL)
        uri = await peer.open(CONSULT)
        assert "ZK-01" not in await codes(peer, uri)
        await peer.notify("doctorflan/context", tells(uri, LATE))
        assert "ZK-01" in await codes(peer, uri)
        refreshed = [m for m in peer.heard if m.get("method") == "workspace/diagnostic/refresh"]
        assert refreshed
        await peer.change(uri, 2, {"text": CONSULT + "医师签名：张三\n"})
        assert "ZK-01" in await codes(peer, uri)
        await peer.notify("doctorflan/context", tells(uri, None))
        assert "ZK-01" not in await codes(peer, uri)


async def test_findings_are_pushed_again():
    async with stdio() as peer:
        await peer.initialize(PUSH)
        uri = await peer.open(CONSULT)
        await peer.notify("doctorflan/context", tells(uri, LATE))
        await pushed(peer, lambda found: "ZK-01" in found)
        await peer.notify("doctorflan/context", tells(uri, None))
        await pushed(peer, lambda found: "ZK-01" not in found)


async def test_what_is_told_belongs_to_one_document_and_ends_with_it():
    async with stdio() as peer:
        await peer.initialize(PULL)
        one = await peer.open(CONSULT, "file:///one.txt")
        two = await peer.open(CONSULT, "file:///two.txt")
        await peer.notify("doctorflan/context", tells(one, LATE))
        assert "ZK-01" in await codes(peer, one)
        assert "ZK-01" not in await codes(peer, two)
        await peer.notify("textDocument/didClose", {"textDocument": {"uri": one}})
        await peer.open(CONSULT, one)
        assert "ZK-01" not in await codes(peer, one)


async def test_front_matter_goes_before_what_is_told():
    async with stdio() as peer:
        await peer.initialize(PULL)
        uri = await peer.open("---\nopinion_time: 2024-03-05 12:00\n---\n" + CONSULT)
        await peer.notify("doctorflan/context", tells(uri, LATE))
        assert "ZK-01" not in await codes(peer, uri)


async def test_what_is_wrong_is_told_in_one_line_and_the_rest_is_used():
    async with stdio() as peer:
        await peer.initialize(PULL, locale="zh")
        uri = await peer.open(CONSULT)
        told = {**LATE, "severty": "病危", "record_time": "昨天", "other_notes": [{"text": "a"}]}
        answer = valid("result", await peer.request("doctorflan/context", tells(uri, told)))
        assert answer["problems"] == [
            {"key": "severty", "reason": "unknown", "expected": "severity"},
            {"key": "record_time", "reason": "time", "expected": "2024-03-05 14:30"},
        ]
        logged = [m for m in peer.heard if m.get("method") == "window/logMessage"]
        [line] = [m["params"]["message"] for m in logged if "severty" in m["params"]["message"]]
        assert "record_time" in line
        assert "昨天" not in line
        assert "ZK-01" in await codes(peer, uri)


@pytest.mark.parametrize("context", [3, "x", [], {"other_notes": 3}, {"other_notes": [{}]}, {}])
async def test_any_form_of_it_is_survived(context):
    async with stdio() as peer:
        await peer.initialize(PULL)
        uri = await peer.open(CONSULT)
        answer = await peer.request("doctorflan/context", {"uri": uri, "context": context})
        assert bool(answer["problems"]) is (context != {})
        assert "ZK-01" not in await codes(peer, uri)


async def test_a_document_that_is_not_open_is_refused():
    async with stdio() as peer:
        await peer.initialize(PULL)
        with pytest.raises(RpcError) as refused:
            await peer.request("doctorflan/context", tells("file:///no.txt", LATE))
        assert refused.value.code == -32602
        await peer.notify("doctorflan/context", tells("file:///no.txt", LATE))
        await peer.request("doctorflan/status", None)


PLAN = "术前小结\n术前诊断：右股骨颈骨折\n"
ADMISSION = "入院记录\n主诉：摔伤3小时\n初步诊断：左股骨颈骨折\n"


async def test_other_notes_that_are_open_are_read_as_they_are():
    async with stdio() as peer:
        await peer.initialize(PULL)
        plan = await peer.open(PLAN, "file:///stay/%E6%9C%AF%E5%89%8D.txt")
        uri = await peer.open(ADMISSION, "file:///stay/a.txt")
        await peer.notify("doctorflan/context", tells(uri, {"other_notes": [{"uri": plan}]}))
        assert "ZC-08" in await codes(peer, uri)
        await peer.change(plan, 2, {"range": at(1, 5, (1, 6)), "text": "左"})
        assert "ZC-08" not in await codes(peer, uri)
        await peer.change(plan, 3, {"text": PLAN})
        assert "ZC-08" in await codes(peer, uri)
        await peer.notify("textDocument/didClose", {"textDocument": {"uri": plan}})
        assert "ZC-08" not in await codes(peer, uri)


async def test_front_matter_names_an_open_note_beside_it():
    async with stdio() as peer:
        await peer.initialize(PULL)
        await peer.open(PLAN, "file:///stay/%E6%9C%AF%E5%89%8D.txt")
        front = "---\nother_notes:\n- uri: 术前.txt\n---\n"
        uri = await peer.open(front + ADMISSION, "file:///stay/a.txt")
        assert "ZC-08" in await codes(peer, uri)


async def test_a_note_that_is_not_open_is_checked_with_its_context():
    async with stdio() as peer:
        await peer.initialize(PULL)
        asked = {"uri": "file:///no.txt", "text": CONSULT}
        bare = await peer.request("doctorflan/check", asked)
        told = await peer.request("doctorflan/check", {**asked, "context": LATE})
        assert "ZK-01" not in {each["code"] for each in bare["diagnostics"]}
        assert "ZK-01" in {each["code"] for each in told["diagnostics"]}
