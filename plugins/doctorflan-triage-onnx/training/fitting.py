"""Fitting: TF-IDF of character n-grams and a logistic regression, all chosen on training rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from doctorflan_triage_onnx.evidence import LONGEST
from numpy.typing import NDArray
from rows import vocabulary
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline

FOLDS = 5
# Inverse strength of the regularisation.
_STRENGTHS = (3.0, 10.0, 30.0, 100.0)
_TEMPERATURES = np.geomspace(0.2, 5.0, 101)
_THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(2, 20))
# Of the validation rows that are answered, so many must be answered right.
WANTED_ACCURACY = 0.95


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model with its temperature already in its weights, and how it was chosen.

    ``curve`` has, for each threshold, the share of validation rows that reach it and the share of
    those that are right.
    """

    pipeline: Pipeline
    strength: float
    temperature: float
    threshold: float
    curve: tuple[tuple[float, float, float | None], ...]


def folds(
    labels: NDArray[np.str_], groups: Sequence[int], seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Training and test rows, five times; near copies are never on both sides."""
    split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    yield from split.split(labels, labels, groups)


def fit(texts: Sequence[str], labels: NDArray[np.str_], groups: Sequence[int], seed: int) -> Fitted:
    """Choose strength, temperature and threshold on validation rows, then fit on all rows given."""
    names = np.unique(labels)
    places = np.searchsorted(names, labels)
    tried: list[tuple[float, float, float, NDArray[np.float64]]] = []
    for strength in _STRENGTHS:
        logits = _validated(texts, labels, groups, seed, strength)
        losses = [_loss(softmax(logits / each), places) for each in _TEMPERATURES]
        least = int(np.argmin(losses))
        tried.append((losses[least], strength, float(_TEMPERATURES[least]), logits))
    _, strength, temperature, logits = min(tried, key=lambda one: one[0])
    threshold, curve = _threshold(softmax(logits / temperature), places)
    pipeline = _pipeline(vocabulary(texts, groups), strength).fit(texts, labels)
    linear = pipeline.named_steps["linear"]
    linear.coef_ /= temperature
    linear.intercept_ /= temperature
    return Fitted(pipeline, strength, temperature, threshold, curve)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities; each row sums to 1."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _loss(probabilities: NDArray[np.float64], places: NDArray[np.int64]) -> float:
    """The mean negative log-likelihood of the labels."""
    own = probabilities[np.arange(len(places)), places]
    return float(-np.log(np.maximum(own, 1e-12)).mean())


def _pipeline(grams: Sequence[str], strength: float) -> Pipeline:
    vectoriser = TfidfVectorizer(
        analyzer="char", ngram_range=(1, LONGEST), vocabulary=grams, lowercase=False
    )
    return Pipeline(
        [("tfidf", vectoriser), ("linear", LogisticRegression(C=strength, max_iter=5000))]
    )


def _validated(
    texts: Sequence[str],
    labels: NDArray[np.str_],
    groups: Sequence[int],
    seed: int,
    strength: float,
) -> NDArray[np.float64]:
    """Each row's scores by a model that was fitted without it and its near copies."""
    names = np.unique(labels)
    logits = np.full((len(texts), len(names)), -20.0)
    for train, test in folds(labels, groups, seed + 1):
        own = [texts[row] for row in train]
        grams = vocabulary(own, [groups[row] for row in train])
        model = _pipeline(grams, strength).fit(own, labels[train])
        known = np.searchsorted(names, model.classes_)
        logits[np.ix_(test, known)] = model.decision_function([texts[row] for row in test])
    return logits


def _threshold(
    probabilities: NDArray[np.float64], places: NDArray[np.int64]
) -> tuple[float, tuple[tuple[float, float, float | None], ...]]:
    right = probabilities.argmax(axis=1) == places
    best = probabilities.max(axis=1)
    curve: list[tuple[float, float, float | None]] = []
    for threshold in _THRESHOLDS:
        answered = best >= threshold
        accuracy = float(right[answered].mean()) if answered.any() else None
        curve.append((threshold, float(answered.mean()), accuracy))
    enough = (one[0] for one in curve if one[2] is not None and one[2] >= WANTED_ACCURACY)
    return next(enough, _THRESHOLDS[-1]), tuple(curve)
