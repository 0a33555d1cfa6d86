"""What the model has to say of a note: suggestions, or why it gives none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span
from doctorflan_ls.triage import Ranked, Triage, triage
from doctorflan_triage_onnx.classifier import Classifier
from doctorflan_triage_onnx.evidence import evidence
from doctorflan_triage_onnx.reading import read
from doctorflan_triage_onnx.tables import departments

_SHOWN = 3
# A department that is less likely than this would only distract.
_LEAST = 0.1
_EMERGENCY = "急诊科"

Outcome = Literal["suggested", "unsure", "outside", "nothing"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A department by its label, its probability and the words of the note that spoke for it."""

    label: str
    probability: float
    evidence: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """``outcome`` other than ``suggested`` is an abstention.

    ``suggestions`` are the likeliest departments, best first, whatever the outcome; empty where the
    text holds no word that the model knows. ``rules`` is what the server's own table says, and
    ``outside`` its first department where that is none of the model's.
    """

    outcome: Outcome
    suggestions: tuple[Suggestion, ...]
    rules: Triage
    outside: Ranked | None = None


def decide(classifier: Classifier, note: Note, scope: Span) -> Decision:
    """Ask the model about ``scope`` of ``note``, and the server's table whether it may answer.

    The model knows eleven departments and is as sure of a child or a fracture as of its own
    patients: where the table's words point elsewhere, it does not answer.
    """
    rules = triage(note, scope)
    reading = read(note, scope)
    scores = classifier.scores(reading.text)
    outside = _outside(rules, classifier)
    if not scores.known:
        return Decision("nothing", (), rules, outside)
    facts = note.facts_in(scope)
    suggestions = tuple(
        Suggestion(
            classifier.departments[place],
            float(scores.probabilities[place]),
            evidence(reading, classifier.vocabulary, scores, place, facts),
        )
        for place in scores.ranked()[:_SHOWN]
        if place == scores.ranked()[0] or scores.probabilities[place] >= _LEAST
    )
    outcome: Outcome = "suggested"
    if outside is not None:
        outcome = "outside"
    elif suggestions[0].probability < classifier.threshold:
        outcome = "unsure"
    return Decision(outcome, suggestions, rules, outside)


def _outside(rules: Triage, classifier: Classifier) -> Ranked | None:
    """The table's first department besides emergency, where the model knows none like it."""
    known = {
        name
        for label in classifier.departments
        if label in departments()
        for name in departments()[label].same
    }
    first = next((one for one in rules.departments if one.name != _EMERGENCY), None)
    return first if first is not None and first.name not in known else None
