"""A doctor's decision on a draft that stands in a note: edits, outcome, and the event it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from test_features_drafts import NOTE, draft, edited, inserted

from doctorflan_ls.audit import REVIEW_OUTCOMES, Event, Reviewed, review_event
from doctorflan_ls.drafts import digest
from doctorflan_ls.features.review import is_modified, review
from doctorflan_ls.models.base import Chunk
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.text import Span

SCHEMA = json.loads(
    (Path(__file__).parent.parent / "schemas" / "event.schema.json").read_text("utf-8")
)
MADE = draft(
    Chunk("主诉：咳嗽3天", (Span(3, 7),)), Chunk("\n过敏史："), Chunk("［待补充］", gap="a")
)


def standing(change=lambda text: text, line_end="\n"):
    """A note with the draft in it, after the doctor's ``change``."""
    text = str(inserted(NOTE.replace("\n", line_end), MADE, len(NOTE)).text)
    note = parse_note(change(text))
    [block] = note.draft_blocks
    return note, block


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("change", "modified"),
    [
        (lambda text: text, False),
        # Elsewhere in the note.
        (lambda text: "前言\n" + text, False),
        (lambda text: text.replace("［待补充］", "青霉素"), True),
        (lambda text: text.replace("过敏史：", "过敏史： "), True),
    ],
)
def test_edited_means_that_the_words_are_others(change, modified, line_end):
    note, block = standing(change, line_end)
    assert is_modified(note, block, MADE) is modified
    assert is_modified(note, block, None) is None
    assert review(note, block, "accepted", MADE).outcome == ("edited" if modified else "accepted")
    # Another connection's draft: nobody knows, and nobody claims.
    assert review(note, block, "accepted", None).outcome == "accepted"
    assert review(note, block, "discarded", MADE).outcome == "discarded"


def test_the_edits_keep_what_the_doctor_wrote():
    note, block = standing(lambda text: text.replace("［待补充］", "青霉素"))
    accepted = edited(str(note.text), *review(note, block, "accepted", MADE).edits)
    assert accepted == NOTE + "主诉：咳嗽3天\n过敏史：青霉素\n"
    assert edited(str(note.text), *review(note, block, "discarded", MADE).edits) == NOTE


@pytest.mark.parametrize("outcome", REVIEW_OUTCOMES)
@pytest.mark.parametrize("known", [None, MADE])
def test_an_event_names_and_counts_and_holds_no_words(outcome, known):
    words = "主诉：咳嗽3天，张三"
    said = Reviewed(outcome, "ab12", "case-summary", "skeleton 1", "wrong", digest(words), 11)
    event = review_event(said, known)
    found = event.to_json()
    jsonschema.validate(found, SCHEMA)
    assert (event.kind, event.outcome) == ("review", outcome)
    assert event.identifiers["draft"] == "ab12"
    assert event.identifiers["task"] == "case-summary"
    assert event.identifiers["model"] == "skeleton"
    assert event.identifiers["model_version"] == "1"
    assert event.identifiers["reason"] == "wrong"
    assert event.digests["reviewed"] == digest(words)
    assert event.counts["length"] == 11
    if known is not None:
        assert event.digests["draft"] == digest(MADE.text)
        assert event.counts["gaps"] == 1
    assert "咳嗽" not in json.dumps(found, ensure_ascii=False)


def test_what_a_note_says_of_itself_is_no_identifier():
    """Marker lines come from a note that anybody may have written."""
    said = Reviewed("accepted", "ab12", "张三的诊断", "他说 咳嗽3天")
    event = review_event(said, None)
    assert event.identifiers == {
        "draft": "ab12",
        "task": "unlisted",
        "model": "unlisted",
        "model_version": "unlisted",
    }
    assert (event.digests, event.counts) == ({}, {})


def test_what_was_made_here_is_believed_over_the_note():
    event = review_event(Reviewed("accepted", "ab12", "triage", "gpt 9"), MADE)
    assert event.identifiers["task"] == "case-summary"
    assert event.identifiers["model"] == "skeleton"


def test_a_kind_of_event_is_one_of_three():
    with pytest.raises(ValueError, match="kind"):
        Event("opinion", "accepted", 0.0)
