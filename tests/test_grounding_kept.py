"""What grounding keeps of notes: of the last few, and of no other."""

from __future__ import annotations

import gc

from doctorflan_ls.grounding.drafts import block_findings
from doctorflan_ls.grounding.record import Record
from doctorflan_ls.notes import markers
from doctorflan_ls.notes.note import parse_note


def test_what_was_found_in_drafts_goes_with_the_note():
    found = 0
    for number in range(40):
        text = f"主诉：咳嗽{number}天\n现病史：体温36.5℃。\n"
        draft = f"1a2b3c{number:02}"
        opening = markers.opening("zh", "病例总结", "case-summary", "skeleton 1", draft)
        text += f"{opening}\n体温41.5℃。\n{markers.closing('zh', draft)}\n"
        note = parse_note(text)
        assert len(note.draft_blocks) == 1
        found += bool(block_findings(note))
        # Asked again it is the same.
        assert block_findings(note) == block_findings(parse_note(text))
    assert found == 40
    gc.collect()
    assert sum(isinstance(each, Record) for each in gc.get_objects()) <= 10
