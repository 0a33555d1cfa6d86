"""How right and how sure predictions are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score

_BINS = 10


def figures(
    names: Sequence[str], labels: NDArray[np.str_], probabilities: NDArray[np.float64]
) -> dict[str, Any]:
    """Accuracy, top three, F1 of each department, confusion, Brier score and calibration.

    ``brier`` is the sum over departments (0 best, 2 worst). ``calibration_error`` is the expected
    calibration error over ten bins; a bin of ``calibration`` has rows, mean probability, accuracy.
    """
    known = np.array(names)
    order = np.argsort(-probabilities, axis=1, kind="stable")
    first = known[order[:, 0]]
    right = first == labels
    truth = (labels[:, None] == known[None, :]).astype(float)
    each = f1_score(labels, first, labels=known, average=None, zero_division=0.0)
    bins = _calibration(probabilities.max(axis=1), right)
    gaps = sum(rows * abs(mean - share) for rows, mean, share in bins)
    return {
        "rows": len(labels),
        "accuracy": _round(right.mean()),
        "top3": _round((known[order[:, :3]] == labels[:, None]).any(axis=1).mean()),
        "macro_f1": _round(each.mean()),
        "f1": {name: _round(one) for name, one in zip(names, each, strict=True)},
        "support": {name: int((labels == name).sum()) for name in names},
        "confusion": confusion_matrix(labels, first, labels=known).tolist(),
        "brier": _round(((probabilities - truth) ** 2).sum(axis=1).mean()),
        "calibration_error": _round(gaps / len(labels)),
        "calibration": [[rows, _round(mean), _round(share)] for rows, mean, share in bins],
    }


def _calibration(
    best: NDArray[np.float64], right: NDArray[np.bool_]
) -> list[tuple[int, float, float]]:
    places = np.minimum((best * _BINS).astype(int), _BINS - 1)
    return [
        (int(own.sum()), float(best[own].mean()), float(right[own].mean()))
        for place in range(_BINS)
        if (own := places == place).any()
    ]


def _round(value: float) -> float:
    return round(float(value), 4)
