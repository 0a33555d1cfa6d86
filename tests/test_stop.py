"""The stop signal: said once, heard by whoever waits, from any thread."""

import threading
import time

from doctorflan_ls.models.base import ModelSpec, Stop


def test_whoever_is_registered_is_called_once():
    stop, calls = Stop(), []
    with stop.calling(lambda: calls.append("in")):
        stop.set()
        stop.set()
    assert calls == ["in"]


def test_who_comes_late_is_called_at_once():
    stop, calls = Stop(), []
    stop.set()
    with stop.calling(lambda: calls.append("late")):
        assert calls == ["late"]


def test_who_has_left_is_not_called():
    stop, calls = Stop(), []
    with stop.calling(lambda: calls.append("gone")):
        pass
    stop.set()
    assert calls == []


def test_it_wakes_another_thread():
    stop = Stop()
    waiter = threading.Thread(target=stop.wait)
    waiter.start()
    stop.set()
    waiter.join(5)
    assert not waiter.is_alive()
    assert stop.is_set()


def test_each_registration_is_called_exactly_once_however_threads_meet():
    for _ in range(200):
        stop, calls = Stop(), []
        setter = threading.Thread(target=stop.set)
        setter.start()
        with stop.calling(lambda calls=calls: calls.append(1)):
            stop.wait(5)
            setter.join(5)
        assert calls == [1]


def test_the_time_left_runs_out_and_is_never_negative():
    assert Stop().left() is None
    assert Stop(time.monotonic() - 1).left() == 0
    assert 0 < (Stop(time.monotonic() + 60).left() or 0) <= 60


def test_a_model_answers_what_it_claims():
    every = ModelSpec("m", "1", "onnx", languages=("zh",))
    one = ModelSpec("m", "1", "onnx", tasks=("triage",))
    assert every.answers("triage", "zh")
    assert not every.answers("triage", "en")
    assert one.answers("triage", "en")
    assert not one.answers("case-summary", "en")
