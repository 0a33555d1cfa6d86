"""Calculators over the protocol: the hover, the line that is inserted, and what it rests on."""

from __future__ import annotations

import pytest

from tests.e2e.peer import stdio
from tests.e2e.test_features import FULL, LITTLE, actions, applied, document, named
from tests.e2e.test_traps import at

NOTE = "男，60岁。\n辅助检查：肌酐 150μmol/L\n诊断：肺炎\n"
HERE = at(1, 6)


async def hovered(peer, uri, line, character):
    place = {"line": line, "character": character}
    found = await peer.request("textDocument/hover", document(uri, position=place))
    return found["contents"]["value"]


@pytest.mark.parametrize("client", [FULL, LITTLE])
async def test_a_line_is_inserted_and_discarded(client):
    async with stdio() as peer:
        await peer.initialize(client, locale="zh-cn")
        uri = await peer.open(NOTE)
        action = named(await actions(peer, uri, HERE), "calculator.egfr-ckd-epi-2021")
        text = applied(NOTE, action["edit"])
        assert "eGFR（CKD-EPI 2021，肌酐）：" in text
        assert "待审核" in text
        await peer.change(uri, 2, {"text": text})
        found = await actions(peer, uri, at(3, 2))
        assert [each["kind"].rpartition(".")[2] for each in found] == ["accept", "discard"]
        assert applied(text, named(found, ".discard")["edit"]) == NOTE


async def test_the_edit_waits_for_a_confirmation():
    async with stdio() as peer:
        await peer.initialize(FULL, locale="en")
        uri = await peer.open(NOTE)
        action = named(await actions(peer, uri, HERE), "calculator.egfr-ckd-epi-2021")
        (annotation,) = action["edit"]["changeAnnotations"].values()
        assert annotation["needsConfirmation"] is True
        assert action["title"].endswith("(please check)")


async def test_an_inserted_line_knows_its_evidence_though_other_actions_were_listed_since():
    async with stdio() as peer:
        await peer.initialize(FULL, locale="zh-cn")
        uri = await peer.open(NOTE)
        action = named(await actions(peer, uri, HERE), "calculator.egfr-ckd-epi-2021")
        text = applied(NOTE, action["edit"])
        await peer.change(uri, 2, {"text": text})
        await actions(peer, uri, at(1, 6))
        await actions(peer, uri, at(0, 0))
        line = next(at for at, each in enumerate(text.split("\n")) if each.startswith("eGFR"))
        said = await hovered(peer, uri, line, 2)
        assert "肌酐 150" in said
        assert "第 2 行" in said


async def test_a_hover_names_formula_and_source():
    async with stdio() as peer:
        await peer.initialize(FULL, locale="en")
        uri = await peer.open(NOTE)
        said = await hovered(peer, uri, 1, 6)
        assert "eGFR" in said
        assert "Inker" in said
        assert "not in the note: weight" in said
