"""Feedback, the journal, and that no word of a note or of a doctor is ever in it."""

from __future__ import annotations

import itertools
import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from doctorflan_cds_hooks import record_event
from doctorflan_cds_hooks.issued import Issued
from doctorflan_cds_hooks.journal import Journal, journal_path
from samples import ZH_NOTE, note_call, validator, verdict

from doctorflan_ls.audit import Event

CHECK = "doctorflan-note-check"
DRAFT = "doctorflan-draft"
OURS = "urn:x-doctorflan:override-reasons"


def send(served, service: str, *verdicts: dict) -> None:
    body = {"feedback": list(verdicts)}
    validator("feedback").validate(body)
    answer = served.post(f"/cds-services/{service}/feedback", body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"recorded": len(verdicts)}


def test_an_overridden_card(served):
    card = served.cards(CHECK, note_call(ZH_NOTE))[0]
    reason = {
        "reason": {"code": "not-applicable", "system": OURS},
        "userComment": "家属拒绝，请勿再提",
    }
    before = time.time()
    send(served, CHECK, verdict(card["uuid"], overrideReason=reason))
    event = served.events()[-1]
    assert before <= event.pop("at") <= time.time()
    assert event == {
        "kind": "feedback",
        "outcome": "overridden",
        "identifiers": {
            "service": CHECK,
            "card": card["uuid"],
            "rule": "ZY-01",
            "reason": "not-applicable",
        },
        "digests": {},
        "counts": {"accepted_suggestions": 0, "comment_length": 9, "outcome_at": 1773022200},
    }


def test_an_accepted_draft(served):
    card = served.cards(DRAFT, note_call(ZH_NOTE, "encounter-discharge"))[0]
    suggestion = card["suggestions"][0]["uuid"]
    send(
        served,
        DRAFT,
        verdict(card["uuid"].upper(), "accepted", acceptedSuggestions=[{"id": suggestion}]),
    )
    event = served.events()[-1]
    assert event["outcome"] == "accepted"
    assert event["counts"]["accepted_suggestions"] == 1
    assert event["identifiers"]["task"] == "discharge-instruction"
    drafts = [each["identifiers"]["draft"] for each in served.events() if each["kind"] == "draft"]
    assert event["identifiers"]["draft"] in drafts


@pytest.mark.parametrize(
    "reason",
    [
        {"code": "wrong", "system": "https://ehr.example.org/reasons"},
        {"code": "患者张三拒绝", "system": OURS},
        {
            "code": "Mr Smith refuses",
            "system": "https://ehr.example.org/reasons",
            "display": "Mr Smith refuses",
        },
    ],
)
def test_a_reason_of_the_client_is_other(served, reason):
    send(
        served,
        CHECK,
        verdict("9368d37b-283f-44a0-93ea-547cebab93ed", overrideReason={"reason": reason}),
    )
    event = served.events()[-1]
    assert event["identifiers"] == {
        "service": CHECK,
        "card": "9368d37b-283f-44a0-93ea-547cebab93ed",
        "reason": "other",
    }


def test_several_at_once_and_cards_of_yesterday(served):
    """A card that this process never gave out is recorded without its rule."""
    before = len(served.events())
    cards = [f"9368d37b-283f-44a0-93ea-5470000000{number:02}" for number in range(3)]
    send(served, CHECK, *(verdict(card) for card in cards))
    assert [event["identifiers"]["card"] for event in served.events()[before:]] == cards
    assert "rule" not in served.events()[-1]["identifiers"]


def test_a_journal_that_cannot_be_written(serve, tmp_path):
    """The client is told that its feedback is not kept; cards are given all the same."""
    taken = tmp_path / "folder"
    taken.mkdir()
    served = serve(record=Journal(taken).append)
    answer = served.post(
        f"/cds-services/{CHECK}/feedback",
        {"feedback": [verdict("9368d37b-283f-44a0-93ea-547cebab93ed")]},
    )
    assert answer.status_code == 503
    assert str(taken) not in answer.text
    assert len(served.cards(DRAFT, note_call(ZH_NOTE, "encounter-discharge"))) == 2


def test_the_latest_cards_are_remembered():
    issued = Issued(2)
    for name in "abc":
        issued.remember(name, {"rule": name})
    assert issued.recall("a") == {}
    assert issued.recall("c") == {"rule": "c"}


def an_event(**identifiers: str) -> Event:
    return Event("draft", "ready", 1.5, identifiers, {}, {"length": 3})


def test_the_hook_writes_one_line_that_only_its_user_reads(tmp_path):
    record_event(an_event(task="triage"))
    record_event(an_event(task="follow-up-plan"))
    file = tmp_path / "data" / "doctorflan-ls" / "events.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["identifiers"]["task"] for line in lines] == ["triage", "follow-up-plan"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_where_the_journal_is(tmp_path, monkeypatch):
    assert journal_path({"CDS_HOOKS_JOURNAL": str(tmp_path / "j")}) == tmp_path / "j"
    monkeypatch.setenv("CDS_HOOKS_JOURNAL", str(tmp_path / "other" / "j.jsonl"))
    record_event(an_event())
    assert len((tmp_path / "other" / "j.jsonl").read_text().splitlines()) == 1


def test_a_full_disk_is_an_error(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with pytest.raises(OSError, match="space"):
        Journal(Path("/dev/full")).append(an_event())


_WRITER = """
import sys
from pathlib import Path
from doctorflan_cds_hooks.journal import Journal
from doctorflan_ls.audit import Event
journal = Journal(Path(sys.argv[1]))
for number in range(400):
    names = {f"field_{at}": sys.argv[2] * 100 for at in range(number % 40)}
    names["writer"] = sys.argv[2]
    journal.append(Event("draft", "ready", 1.0, names, {}, {"number": number}))
"""


def test_two_processes_at_once_break_no_line(tmp_path):
    file = tmp_path / "events.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(file), name]) for name in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert len(lines) == 800
    order = [line["identifiers"]["writer"] for line in lines]
    for name in "ab":
        numbers = [
            line["counts"]["number"] for line in lines if line["identifiers"]["writer"] == name
        ]
        assert numbers == list(range(400))
    # They did write at the same time.
    assert sum(one != two for one, two in itertools.pairwise(order)) > 1


def test_the_journal_is_opened_for_each_event(tmp_path):
    """Rotated logs: what moves the file away gets no more lines, a new one begins."""
    file = tmp_path / "events.jsonl"
    journal = Journal(file)
    journal.append(an_event())
    file.rename(tmp_path / "old.jsonl")
    journal.append(an_event())
    assert len(file.read_text().splitlines()) == 1
