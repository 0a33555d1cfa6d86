"""Means and deviations by the authors' definition: by hand, and against plain sums."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls.evaluation.statistics import (
    Score,
    grouped,
    overall,
    paired_bootstrap,
    repeat_means,
    row_means,
)


def scores(*repeats: list[int]) -> list[Score]:
    """The scores of rows 0, 1, ... in each repeat."""
    return [
        Score(str(row), 1, repeat, value)
        for repeat, values in enumerate(repeats, start=1)
        for row, value in enumerate(values)
    ]


def test_a_group_is_the_mean_of_its_repeats_means_by_hand():
    # Means of the repeats: 7, 8 and 9. Their mean is 8, their deviation the root of 2/3.
    found = grouped(scores([6, 8], [8, 8], [10, 8]))
    assert (found.mean, found.std, found.count) == (8.0, math.sqrt(2 / 3), 6)
    assert found.std == 0.816496580927726


def test_overall_is_of_all_scores_by_hand():
    # 6 8 8 8 10 8: mean 8, squares 4 0 0 0 4 0, variance 8/6.
    found = overall(scores([6, 8], [8, 8], [10, 8]))
    assert (found.mean, found.std, found.count) == (8.0, 1.1547005383792515, 6)


def test_repeats_of_different_size_count_alike():
    # A judgement that nobody could read is no score: means 5 and 9, not the mean 19/3 of all.
    found = grouped(scores([4, 6], [9]))
    assert (found.mean, found.std) == (7.0, 2.0)
    assert overall(scores([4, 6], [9])).mean == 19 / 3


def test_one_repeat_has_no_deviation_and_no_scores_have_nothing():
    assert grouped(scores([3, 4])).std == 0.0
    assert grouped([]) is None
    assert overall([]) is None


VALUES = st.lists(
    st.tuples(st.integers(0, 6), st.integers(1, 3), st.integers(1, 4), st.integers(1, 10)),
    min_size=1,
    max_size=80,
)


@given(VALUES)
def test_statistics_agree_with_plain_sums_of_numpy(values):
    all_of = [Score(str(row), turn, repeat, value) for row, turn, repeat, value in values]
    by_repeat: dict[int, list[int]] = {}
    for each in all_of:
        by_repeat.setdefault(each.repeat, []).append(each.value)
    means = [np.mean(each) for each in by_repeat.values()]
    plain = [each.value for each in all_of]
    assert grouped(all_of).mean == pytest.approx(np.mean(means), rel=1e-12)
    assert grouped(all_of).std == pytest.approx(np.std(means), rel=1e-9, abs=1e-9)
    assert overall(all_of).mean == pytest.approx(np.mean(plain), rel=1e-12)
    assert overall(all_of).std == pytest.approx(np.std(plain), rel=1e-9, abs=1e-9)


@given(VALUES, st.randoms())
def test_the_order_of_the_lines_moves_no_digit(values, random):
    all_of = [Score(str(row), turn, repeat, value) for row, turn, repeat, value in values]
    mixed = list(all_of)
    random.shuffle(mixed)
    assert grouped(mixed) == grouped(all_of)
    assert overall(mixed) == overall(all_of)
    assert repeat_means(mixed) == repeat_means(all_of)


def test_row_means_are_over_turns_and_repeats():
    found = row_means([Score("a", 1, 1, 4), Score("a", 2, 1, 5), Score("b", 1, 1, 10)])
    assert found == {"a": Fraction(9, 2), "b": Fraction(10)}


def means(*values: int) -> dict[str, Fraction]:
    return {str(row): Fraction(value) for row, value in enumerate(values)}


def test_an_interval_is_of_the_rows_that_both_have():
    one = means(7, 8, 9) | {"only": Fraction(1)}
    found = paired_bootstrap(one, means(6, 7, 8))
    # Every row differs by one: so does every resample.
    assert (found.difference, found.low, found.high, found.rows) == (1.0, 1.0, 1.0, 3)


def test_an_interval_is_the_same_for_a_seed_and_turns_round_with_its_models():
    one, other = means(9, 3, 7, 8, 10, 2), means(8, 5, 5, 8, 6, 1)
    found = paired_bootstrap(one, other, resamples=500, seed=4)
    assert found == paired_bootstrap(one, other, resamples=500, seed=4)
    wide = means(*range(1, 11), 10, 1, 1), means(*range(10, 0, -1), 2, 9, 1)
    assert paired_bootstrap(*wide, resamples=100) != paired_bootstrap(*wide, resamples=100, seed=1)
    assert found.low < found.difference < found.high
    turned = paired_bootstrap(other, one, resamples=500, seed=4)
    assert (turned.difference, turned.low, turned.high) == pytest.approx(
        (-found.difference, -found.high, -found.low)
    )


def test_an_interval_agrees_with_the_normal_one_where_there_are_many_rows():
    random = np.random.default_rng(1)
    differences = random.integers(-3, 5, 400)
    one = {str(row): Fraction(int(value)) for row, value in enumerate(differences)}
    other = dict.fromkeys(one, Fraction())
    found = paired_bootstrap(one, other, seed=2)
    half = 1.96 * differences.std() / math.sqrt(len(differences))
    assert found.low == pytest.approx(differences.mean() - half, abs=0.03)
    assert found.high == pytest.approx(differences.mean() + half, abs=0.03)


def test_without_a_common_row_there_is_no_interval():
    assert paired_bootstrap(means(1), {"x": Fraction(1)}) is None
