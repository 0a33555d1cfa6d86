"""All 22 tasks over real notes: each draft is whole, grounded and worth starting from."""

from __future__ import annotations

import pytest
from corpora import notes_of

from doctorflan_ls.models.base import Chunk, Sampling, Stop
from doctorflan_ls.models.skeleton import SkeletonModel
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.registry import builtin_tasks
from doctorflan_ls.text import Span

EACH = 20


def chunks(note: Note) -> dict[str, list[Chunk]]:
    model, whole = SkeletonModel(), Span(0, len(note.text))
    return {
        task.id: list(model.generate(Prompt(task, note, whole, note.language), Sampling(), Stop()))
        for task in builtin_tasks()
    }


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("corpus", ["CMB-Clin", "MTCMB-TCM", "ACI-Bench"])
def test_drafts_of_real_notes(corpus: str) -> None:
    texts = notes_of(corpus)
    for text in texts[:: len(texts) // EACH][:EACH]:
        note = parse_note(text)
        drafts = chunks(note)
        assert len(drafts) == 22
        for task, pieces in drafts.items():
            assert "".join(piece.text for piece in pieces).strip(), task
            for piece in pieces:
                assert not (piece.gap and piece.evidence), task
                for span in piece.evidence:
                    assert 0 <= span.start < span.end <= len(note.text), task
                    assert note.slice(span).strip(), task
        # A doctor starts from something: the summary rests on the note in several places.
        stated = [piece for piece in drafts["case-summary"] if piece.evidence]
        assert len(stated) >= 3, text[:40]
