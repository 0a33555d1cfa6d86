"""Train the model from the rows, write it, its figures and the tables of its card.

python training/train.py --data FOLDER [--notes FILE] [--model FOLDER] [--metrics FILE]
    [--card FILE] [--seed N]
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from card import written
from compare import compared, on_notes, out_of_scope, rules_on
from doctorflan_triage_onnx.classifier import Classifier
from doctorflan_triage_onnx.model import MODEL_FILE
from export import VERSION, difference, export
from figures import figures
from fitting import WANTED_ACCURACY, Fitted, fit, folds
from numpy.typing import NDArray
from rows import LEAST_ROWS, OTHER_FILE, TRAINING_FILE, Row, clusters, load, sha256
from threadpoolctl import threadpool_limits

SEED = 20
# float32 in the file against float64 in scikit-learn.
_TOLERANCE = 1e-5
_PACKAGES = ("scikit-learn", "skl2onnx", "onnx", "onnxruntime", "numpy", "doctorflan-ls")
_HERE = Path(__file__).parent
_PACKAGE = _HERE.parent / "src" / "doctorflan_triage_onnx"

_log = logging.getLogger("train")


def train(data: Path, folder: Path, seed: int = SEED, notes: Path | None = None) -> dict[str, Any]:
    """Write the model into ``folder`` and return its figures.

    The model that is written is the one of the first fold: its test rows, a fifth of all, took no
    part in anything that was chosen.
    """
    rows = load(data / TRAINING_FILE)
    labels = np.array([row.department for row in rows])
    groups = clusters([row.learned for row in rows])
    probabilities = np.zeros((len(rows), len(np.unique(labels))))
    split = list(folds(labels, groups, seed))
    models = []
    for train_rows, test_rows in split:
        fitted = _fit(rows, labels, groups, train_rows, seed)
        texts = [rows[row].text for row in test_rows]
        probabilities[test_rows] = fitted.pipeline.predict_proba(texts)
        models.append(fitted)
        _log.info("fold %d of %d: threshold %.2f", len(models), len(split), fitted.threshold)
    fitted, (train_rows, test_rows) = models[0], split[0]
    export(fitted, len(train_rows), folder)
    held_out = [rows[row] for row in test_rows]
    apart = _onnx_check(fitted, folder, held_out)
    classifier = Classifier(folder / MODEL_FILE)
    names = list(np.unique(labels))
    found = {
        "data": _data(data, rows, groups),
        "seed": seed,
        "versions": {"python": platform.python_version(), **{p: version(p) for p in _PACKAGES}},
        "model": _model(fitted, folder, len(train_rows)),
        "onnx_check": {"rows": len(held_out), "largest_difference": apart},
        "cross_validation": figures(names, labels, probabilities),
        "held_out": figures(names, labels[test_rows], probabilities[test_rows]),
        "compared": compared(classifier, held_out),
        "rules_on_all_rows": rules_on(rows),
    }
    other = data / OTHER_FILE
    if other.exists():
        found["other_questions"] = out_of_scope(classifier, load(other))
    if notes is not None:
        found["notes"] = on_notes(classifier, notes)
    return found


def _fit(
    rows: Sequence[Row],
    labels: NDArray[np.str_],
    groups: Sequence[int],
    chosen: NDArray[np.int64],
    seed: int,
) -> Fitted:
    texts = [rows[row].learned for row in chosen]
    return fit(texts, labels[chosen], [groups[row] for row in chosen], seed)


def _onnx_check(fitted: Fitted, folder: Path, held_out: Sequence[Row]) -> float:
    apart = difference(fitted, folder, [row.text for row in held_out])
    if apart > _TOLERANCE:
        wrong = f"the ONNX file's probabilities differ by {apart:g}"
        raise SystemExit(wrong)
    return apart


def _data(data: Path, rows: Sequence[Row], groups: Sequence[int]) -> dict[str, Any]:
    files = [data / name for name in (TRAINING_FILE, OTHER_FILE) if (data / name).exists()]
    return {
        "sha256": {file.name: sha256(file) for file in files},
        "rows": len(rows),
        "clusters_of_near_copies": len(set(groups)),
    }


def _model(fitted: Fitted, folder: Path, rows: int) -> dict[str, Any]:
    file = folder / MODEL_FILE
    return {
        "version": VERSION,
        "sha256": sha256(file),
        "bytes": file.stat().st_size,
        "rows": rows,
        "ngrams": len(fitted.pipeline.named_steps["tfidf"].vocabulary_),
        "least_rows_of_an_ngram": LEAST_ROWS,
        "departments": list(fitted.pipeline.named_steps["linear"].classes_),
        "strength": fitted.strength,
        "temperature": round(fitted.temperature, 4),
        "threshold": fitted.threshold,
        "wanted_accuracy": WANTED_ACCURACY,
        "validation_curve": [
            [threshold, round(coverage, 4), None if right is None else round(right, 4)]
            for threshold, coverage, right in fitted.curve
        ],
    }


def main() -> None:
    """Read the arguments and write everything."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--notes", type=Path)
    parser.add_argument("--model", type=Path, default=_PACKAGE / "trained")
    parser.add_argument("--metrics", type=Path, default=_HERE / "metrics.json")
    parser.add_argument("--card", type=Path, default=_HERE.parent / "README.md")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    # Two thousand columns are few: threads wait for each other, and sums depend on their number.
    with threadpool_limits(1):
        found = train(given.data, given.model, given.seed, given.notes)
    text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    given.metrics.write_text(text, encoding="utf-8")
    card = given.card.read_text(encoding="utf-8")
    given.card.write_text(written(card, found), encoding="utf-8")


if __name__ == "__main__":
    main()
