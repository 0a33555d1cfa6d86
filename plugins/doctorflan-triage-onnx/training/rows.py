"""The training rows: read as the model will read notes, near copies found, n-grams chosen."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from doctorflan_triage_onnx.evidence import LONGEST
from doctorflan_triage_onnx.reading import read

from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.text import Span

TRAINING_FILE = "internal_medicine_triage.jsonl"
OTHER_FILE = "cmd_samples.jsonl"
_LABELS = Path(__file__).with_name("form_labels.txt")

# Shared of all trigrams of two rows; the site's users, or whoever reworded their questions, left
# questions that differ in a word only.
_NEAR_COPY = 0.3
# In how many independent rows an n-gram must stand: what fewer rows say could be read back.
LEAST_ROWS = 3
_MOST_GRAMS = 2000


@dataclass(frozen=True, slots=True)
class Row:
    """A question with the department it was filed under.

    ``text`` is what the model reads of it, ``learned`` the same without the form's labels.
    """

    note: Note
    text: str
    learned: str
    department: str


def load(path: Path) -> list[Row]:
    """The rows of either file, in the file's order."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            given = json.loads(line)
            said = given.get("question") or f"{given['title']}\n{given['ask']}"
            note = parse_note(said)
            bare = parse_note(_without_labels(said))
            rows.append(Row(note, _read(note), _read(bare), given["department"]))
    return rows


def _read(note: Note) -> str:
    return read(note, Span(0, len(note.text))).text


def _without_labels(said: str) -> str:
    for line in _LABELS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            said = said.replace(line, "\n")
    return said


def sha256(path: Path) -> str:
    """The digest of a data file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def clusters(texts: Sequence[str]) -> list[int]:
    """For each text the number of its cluster; near copies, and their near copies, share one."""
    grams = [{text[at : at + LONGEST] for at in range(len(text) - LONGEST + 1)} for text in texts]
    owner = list(range(len(texts)))

    def root(place: int) -> int:
        while owner[place] != place:
            place = owner[place]
        return place

    for place, own in enumerate(grams):
        for earlier in range(place):
            either = len(own | grams[earlier])
            if either and len(own & grams[earlier]) / either >= _NEAR_COPY:
                owner[root(place)] = root(earlier)
    return [root(place) for place in range(len(texts))]


def vocabulary(texts: Sequence[str], groups: Sequence[int]) -> list[str]:
    """The n-grams to learn from, sorted: the commonest that stand in three clusters or more.

    Near copies count once, or a sentence copied into three rows could be put together again.
    Each n-gram's characters are n-grams too: the ONNX operator knows no others.
    """
    seen: dict[str, set[int]] = defaultdict(set)
    for text, group in zip(texts, groups, strict=True):
        for gram in _grams(text):
            seen[gram].add(group)
    counts = Counter({gram: len(found) for gram, found in seen.items()})
    common = [gram for gram, count in counts.items() if count >= LEAST_ROWS]
    kept = sorted(common, key=lambda gram: (-counts[gram], gram))[:_MOST_GRAMS]
    return sorted({letter for gram in kept for letter in gram}.union(kept))


def _grams(text: str) -> set[str]:
    return {
        gram
        for size in range(1, LONGEST + 1)
        for at in range(len(text) - size + 1)
        if " " not in (gram := text[at : at + size])
    }
