"""The trained file and the server's own triage table, asked about the same rows in one run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from doctorflan_triage_onnx.classifier import Classifier
from doctorflan_triage_onnx.decision import Decision, decide
from doctorflan_triage_onnx.tables import departments
from rows import Row

from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.text import Span
from doctorflan_ls.triage import triage

_INSIDE = "内科"


def _decide(classifier: Classifier, row: Row) -> Decision:
    return decide(classifier, row.note, Span(0, len(row.note.text)))


def rules_on(rows: Sequence[Row]) -> dict[str, Any]:
    """The table alone; it learned nothing, so every row is a test row."""
    found = [triage(row.note, Span(0, len(row.note.text))).departments for row in rows]
    return _rules(rows, [[one.name for one in each] for each in found])


def compared(classifier: Classifier, rows: Sequence[Row]) -> dict[str, Any]:
    """Both on rows with a department of the model's."""
    decisions = [_decide(classifier, row) for row in rows]
    known = {name for each in departments().values() for name in each.same}
    rules = [[one.name for one in each.rules.departments] for each in decisions]
    within = [[name for name in names if name in known] for names in rules]
    return {
        "model": _model(classifier, rows, decisions),
        "rules": _rules(rows, rules),
        "rules_of_these_departments": _rules(rows, within),
    }


def _model(
    classifier: Classifier, rows: Sequence[Row], decisions: Sequence[Decision]
) -> dict[str, Any]:
    found = [
        [classifier.departments[place] for place in classifier.scores(row.text).ranked()]
        for row in rows
    ]
    right = [labels[0] == row.department for labels, row in zip(found, rows, strict=True)]
    top = [row.department in labels[:3] for labels, row in zip(found, rows, strict=True)]
    sure = [
        bool(each.suggestions) and each.suggestions[0].probability >= classifier.threshold
        for each in decisions
    ]
    answered = [each.outcome == "suggested" for each in decisions]
    return {
        "rows": len(rows),
        "top1": _share(right),
        "top3": _share(top),
        "by_threshold_alone": _selective(sure, right),
        "as_shipped": _selective(answered, right),
        "outcomes": dict(Counter(each.outcome for each in decisions)),
    }


def _rules(rows: Sequence[Row], ranked: Sequence[Sequence[str]]) -> dict[str, Any]:
    same = [departments()[row.department].same for row in rows]
    first = [bool(set(names[:1]) & set(own)) for names, own in zip(ranked, same, strict=True)]
    three = [bool(set(names[:3]) & set(own)) for names, own in zip(ranked, same, strict=True)]
    said = [bool(names) for names in ranked]
    return {
        "rows": len(rows),
        "top1": _share(first),
        "top3": _share(three),
        "answered": _selective(said, first),
    }


def _selective(answered: Sequence[bool], right: Sequence[bool]) -> dict[str, float | None]:
    kept = [good for good, one in zip(right, answered, strict=True) if one]
    return {"coverage": _share(answered), "accuracy": _share(kept) if kept else None}


def out_of_scope(classifier: Classifier, rows: Sequence[Row]) -> dict[str, Any]:
    """How often nothing is suggested, by broad department; all but 内科 are out of scope."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        decision = _decide(classifier, row)
        best = decision.suggestions[0].probability if decision.suggestions else 0.0
        counts = found.setdefault(
            row.department, {"rows": 0, "abstained": 0, "abstained_by_threshold_alone": 0}
        )
        counts["rows"] += 1
        counts["abstained"] += decision.outcome != "suggested"
        counts["abstained_by_threshold_alone"] += best < classifier.threshold
    outside = [counts for name, counts in found.items() if name != _INSIDE]
    total = {key: sum(one[key] for one in outside) for key in outside[0]} if outside else {}
    return {"departments": found, "out_of_scope": total}


def on_notes(classifier: Classifier, path: Path) -> dict[str, Any]:
    """What comes of whole notes without a department to compare with: outcomes and urgency."""
    outcomes: Counter[str] = Counter()
    urgencies: Counter[str] = Counter()
    rows = 0
    for text in _descriptions(path):
        note = parse_note(text)
        span = Span(0, len(note.text))
        rows += 1
        outcomes[decide(classifier, note, span).outcome] += 1
        urgencies[triage(note, span).urgency] += 1
    return {"rows": rows, "outcomes": dict(outcomes), "urgency": dict(urgencies)}


def _descriptions(path: Path) -> Iterable[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)["description"]


def _share(flags: Sequence[bool]) -> float:
    return round(sum(flags) / len(flags), 4)
