"""A few hands for much waiting: each item once, results kept before they are given, clean ends."""

from __future__ import annotations

import threading
import time

import pytest

from doctorflan_ls.engine.crew import in_parallel
from doctorflan_ls.models.base import Stop


def test_every_item_is_done_once_and_kept_before_it_is_given():
    kept: list[int] = []
    seen = []
    for result in in_parallel(lambda item, _: item * 2, range(200), 7, Stop(), kept.append):
        assert result in kept
        seen.append(result)
    assert sorted(seen) == sorted(kept) == [2 * each for each in range(200)]


def test_as_many_work_at_once_as_there_are_hands():
    together = threading.Barrier(4, timeout=10)
    hands = set()

    def work(item: int, hand: int) -> int:
        together.wait()
        hands.add(hand)
        return item

    assert len(list(in_parallel(work, range(4), 4, Stop(), lambda _: None))) == 4
    assert hands == {0, 1, 2, 3}


def test_results_are_never_kept_at_the_same_time():
    inside = []

    def keep(result: int) -> None:
        inside.append(result)
        assert len(inside) == 1
        time.sleep(0.001)
        inside.remove(result)

    list(in_parallel(lambda item, _: item, range(60), 6, Stop(), keep))


def test_leaving_early_stops_the_others_and_takes_no_new_item():
    taken = []
    stop = Stop()

    def work(item: int, _: int) -> int:
        taken.append(item)
        if item:
            stop.wait(20)
        return item

    results = in_parallel(work, range(100), 3, stop, lambda _: None)
    assert next(results) == 0
    results.close()
    assert stop.is_set()
    assert len(taken) <= 4


def test_an_error_of_a_hand_reaches_the_caller():
    def work(item: int, _: int) -> int:
        if item == 3:
            raise ZeroDivisionError
        return item

    with pytest.raises(ZeroDivisionError):
        list(in_parallel(work, range(50), 2, Stop(), lambda _: None))
