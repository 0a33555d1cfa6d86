"""Means and deviations as DoctorFLAN's authors define them, and intervals between two models.

For a group of rows (a task, a phase, a turn): the mean of the means of its repeats, and the
standard deviation of those means over the repeats. Overall: mean and standard deviation of all
scores. Deviations are of the population (divided by n), as numpy has them. All is reckoned in
fractions and rounded once, so that no order of summing moves the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import pstdev
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Score(NamedTuple):
    """One score from 1 to 10 of row ``row``, turn ``turn``, in repeat ``repeat``."""

    row: str
    turn: int
    repeat: int
    value: int


@dataclass(frozen=True, slots=True)
class Spread:
    """``mean`` and ``std`` of ``count`` scores."""

    mean: float
    std: float
    count: int


@dataclass(frozen=True, slots=True)
class Interval:
    """``difference`` of two models' means over ``rows`` rows that both have.

    ``low`` and ``high`` bound ``level`` of the differences of resampled rows.
    """

    difference: float
    low: float
    high: float
    rows: int
    level: float


def overall(scores: Sequence[Score]) -> Spread | None:
    """Mean and deviation of all scores; None of none."""
    return _spread([Fraction(each.value) for each in scores], len(scores))


def grouped(scores: Sequence[Score]) -> Spread | None:
    """The mean of the repeats' means, and their deviation; None of no scores.

    A repeat without a score in the group does not count.
    """
    return _spread(list(repeat_means(scores).values()), len(scores))


def repeat_means(scores: Iterable[Score]) -> dict[int, Fraction]:
    """The mean of each repeat, exact."""
    sums: dict[int, list[int]] = {}
    for each in scores:
        sums.setdefault(each.repeat, []).append(each.value)
    return {repeat: Fraction(sum(each), len(each)) for repeat, each in sorted(sums.items())}


def row_means(scores: Iterable[Score]) -> dict[str, Fraction]:
    """The mean of each row over its turns and repeats."""
    values: dict[str, list[int]] = {}
    for each in scores:
        values.setdefault(each.row, []).append(each.value)
    return {row: Fraction(sum(each), len(each)) for row, each in values.items()}


def paired_bootstrap(
    one: Mapping[str, Fraction],
    other: Mapping[str, Fraction],
    *,
    resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval | None:
    """How much better ``one`` is than ``other``, both means by row; None without a common row.

    The percentile interval over resamples, with replacement, of the rows that both have.
    """
    rows = sorted(set(one) & set(other))
    if not rows:
        return None
    differences = [one[row] - other[row] for row in rows]
    means = _resampled([float(each) for each in differences], resamples, seed)
    import numpy as np  # noqa: PLC0415  (a report of one model needs none)

    tail = (1 - level) / 2 * 100
    low, high = np.percentile(means, [tail, 100 - tail])
    mean = float(sum(differences, Fraction()) / len(rows))
    return Interval(mean, float(low), float(high), len(rows), level)


def _resampled(values: Sequence[float], resamples: int, seed: int) -> np.ndarray:
    import numpy as np  # noqa: PLC0415

    array = np.asarray(values)
    random = np.random.default_rng(seed)
    means = np.empty(resamples)
    # One resample at a time: all at once would take gigabytes for a large set.
    for at in range(resamples):
        means[at] = array[random.integers(0, len(array), len(array))].mean()
    return means


def _spread(values: Sequence[Fraction], count: int) -> Spread | None:
    if not values:
        return None
    mean = sum(values, Fraction()) / len(values)
    return Spread(float(mean), float(pstdev(values, mean)), count)


__all__ = [
    "Interval",
    "Score",
    "Spread",
    "grouped",
    "overall",
    "paired_bootstrap",
    "repeat_means",
    "row_means",
]
