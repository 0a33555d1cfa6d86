"""What an editor does with a note: drafts that enter and leave it, and every feature."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from doctorflan_ls import insertion
from doctorflan_ls.drafts import Draft
from doctorflan_ls.features import (
    actions,
    analysis,
    code_lens,
    completion,
    diagnostics,
    folding,
    hover,
    inlay_hints,
    inline_completion,
    quotes,
    semantic_tokens,
    symbols,
    terms,
)
from doctorflan_ls.features.review import review
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.grounding import grounded
from doctorflan_ls.models.base import Sampling, Stop
from doctorflan_ls.models.skeleton import SkeletonModel
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.registry import builtin_tasks
from doctorflan_ls.text import Edit, Span
from tests.endurance.fuzz_targets import target, text_of
from tests.endurance.fuzz_targets.notes import NOTE_WORDS, note_seeds, whole
from tests.scripted_chat import draft


@target("drafts", "text", note_seeds, words=NOTE_WORDS, longest=4000, quick=8)
def drafts(data: bytes, _: Path) -> Iterable[object]:
    """A draft of any note rests on the note, enters it, and leaves it as it was."""
    note = parse_note(text_of(data))
    chance = random.Random(zlib.crc32(data))
    for task in chance.sample(builtin_tasks(), 3):
        prompt = Prompt(task, note, Span(0, len(note.text)), note.language)
        chunks = list(SkeletonModel().generate(prompt, Sampling(), Stop()))
        for chunk in chunks:
            for span in chunk.evidence:
                assert 0 <= span.start < span.end <= len(note.text), "evidence outside the note"
        made = draft(chunks, prompt)
        yield (task.id, len(made.gaps))
        yield from (each.rule.id for each in grounded(made, note).findings)
        _inserted(note, made, chance)


def _inserted(note: Note, made: Draft, chance: random.Random) -> None:
    task = next(each for each in builtin_tasks() if each.id == made.provenance.task)
    edit = insertion.insert(note, made, task, chance.randint(0, len(note.text)))
    with_draft = note.edited(edit.span, edit.text, 1)
    blocks = [each for each in with_draft.draft_blocks if each.id == made.id]
    assert len(blocks) == 1, "an inserted draft is not one block"
    gone = _applied(with_draft, review(with_draft, blocks[0], "discarded", made).edits)
    assert str(gone.text) == str(note.text), "a discarded draft leaves the note otherwise"
    kept = _applied(with_draft, review(with_draft, blocks[0], "accepted", made).edits)
    assert not [each for each in kept.draft_blocks if each.id == made.id], "an accepted draft stays"
    assert whole(kept) == whole(parse_note(str(kept.text))), "an edited note is another"
    insertion.insert_snippet(note, made, task, 0)
    again = insertion.regenerate(with_draft, blocks[0], made, task)
    assert _applied(with_draft, (again,)).text == with_draft.text, "the same draft is another"


def _applied(note: Note, edits: Iterable[Edit]) -> Note:
    for edit in sorted(edits, key=lambda one: one.span, reverse=True):
        note = note.edited(edit.span, edit.text, note.version + 1)
    return note


@target("features", "text", note_seeds, words=NOTE_WORDS, longest=3000, quick=10)
def features(data: bytes, _: Path) -> Iterable[object]:
    """Every feature answers at any place of any note, in both languages."""
    note = parse_note(text_of(data))
    chance = random.Random(zlib.crc32(data))
    at = chance.randint(0, len(note.text))
    span = Span(at, chance.randint(at, len(note.text)))
    for locale in ("zh", "en"):
        snapshot = Snapshot(note, locale, snippets=True, markdown=True)
        for each in _asked(snapshot, at, span):
            yield len(str(each())) // 256
        json.dumps(analysis.analysis(snapshot), ensure_ascii=False)


def _asked(snapshot: Snapshot, at: int, span: Span) -> tuple[Callable[[], object], ...]:
    note = snapshot.note
    return (
        lambda: actions.actions(snapshot, span),
        lambda: list(code_lens.code_lenses(snapshot)),
        lambda: completion.complete(snapshot, at),
        lambda: terms.complete_terms(snapshot, at),
        lambda: [each.to_json() for each in diagnostics.diagnostics(snapshot)],
        lambda: folding.folds(snapshot),
        lambda: hover.hover(snapshot, at),
        lambda: inlay_hints.inlay_hints(snapshot, span),
        lambda: inline_completion.opening(snapshot, at),
        lambda: quotes.quotes(note, at),
        lambda: semantic_tokens.semantic_tokens(snapshot, span),
        lambda: symbols.symbols(snapshot),
        lambda: (note.section_at(at), note.facts_in(span), insertion.block_at(note, at)),
    )
