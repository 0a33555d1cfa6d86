"""A model that failed a moment ago fails at once, until something changed or time went by."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from doctorflan_ls.engine import Engine, Patience
from doctorflan_ls.errors import DoctorFlanError, ModelUnavailable
from doctorflan_ls.models.base import Chunk, ModelOptions, ModelSpec, Sampling, Stop
from doctorflan_ls.models.catalogue import mark
from doctorflan_ls.prompts import Prompt
from tests.test_engine_models import Words, job, state_of

COST = 0.05
LONG = Patience(retry=3600, cheap=COST / 2)


class Failing:
    """Counts what is tried; fails slowly while there is an ``error``."""

    def __init__(self, error: Exception | None, cost: float = COST, loads: bool = False) -> None:
        self.error, self.cost, self.loads = error, cost, loads
        self.tried = 0
        self.mark: object = None
        self.spec = ModelSpec("m", "1", "openai", host="h:1")

    def load(self, model: str, options: ModelOptions) -> object:
        if self.loads or model != "m":
            return self if model == "m" else Words(model)
        self._fail()
        return Words(model)

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        self._fail()
        yield Chunk("word")

    def close(self) -> None:
        """Hold nothing."""

    def _fail(self) -> None:
        self.tried += 1
        if self.error is not None:
            time.sleep(self.cost)
            raise self.error

    def engine(self, patience: Patience) -> Engine:
        return Engine(self.load, patience=patience, mark=lambda *_: self.mark)


def failure(engine: Engine, **more: object) -> DoctorFlanError | None:
    return engine.run_sync(job(**more)).failure


BROKEN = ModelUnavailable("store.file-differs", model="m", path="x")
AWAY = ModelUnavailable("openai.unreachable", host="h:1", model="m")


@pytest.mark.parametrize(
    ("failing", "key"),
    [
        (Failing(BROKEN), "store.file-differs"),
        (Failing(RuntimeError("x")), "engine.load-failed"),
        (Failing(AWAY, loads=True), "openai.unreachable"),
    ],
)
def test_what_failed_a_moment_ago_is_not_tried_again(failing, key):
    engine = failing.engine(LONG)
    first = failure(engine, text="a")
    again = [failure(engine, text=text) for text in ("b", "c")]
    assert first is not None
    assert first.key == key
    assert [each is first for each in again] == [True, True]
    assert failing.tried == 1
    assert engine.status()[0].failure is first
    engine.close()


@pytest.mark.parametrize("loads", [False, True])
def test_after_a_while_it_is_tried_again(loads):
    failing = Failing(AWAY, loads=loads)
    engine = failing.engine(replace(LONG, retry=0.1))
    assert failure(engine) is AWAY
    failing.error = None
    assert failure(engine) is AWAY
    time.sleep(0.12)
    assert failure(engine) is None
    assert failing.tried == 2
    assert state_of(engine) == "idle"
    engine.close()


def test_other_options_or_a_change_of_the_models_are_tried_at_once():
    failing = Failing(BROKEN)
    engine = failing.engine(LONG)
    failure(engine)
    assert failure(engine, options=ModelOptions(threads=1)) is BROKEN
    assert failing.tried == 2
    failing.error, failing.mark = None, "changed"
    assert failure(engine) is None
    engine.close()


def test_what_changes_during_the_failure_counts():
    failing = Failing(BROKEN)
    engine = failing.engine(LONG)

    def load(model: str, options: ModelOptions) -> object:
        failing.mark = failing.tried
        return failing.load(model, options)

    engine.load = load
    failure(engine)
    failure(engine)
    assert failing.tried == 2
    engine.close()


def test_what_costs_nothing_is_tried_again():
    failing = Failing(BROKEN, cost=0)
    engine = failing.engine(LONG)
    failure(engine)
    failing.error = None
    assert failure(engine) is None
    engine.close()


@pytest.mark.parametrize("key", ["openai.rejected", "openai.context"])
def test_what_a_server_says_of_one_request_is_not_said_of_the_next(key):
    error = ModelUnavailable(key, host="h:1", model="m", status=400)
    failing = Failing(error, loads=True)
    engine = failing.engine(LONG)
    failure(engine)
    failing.error = None
    assert failure(engine) is None
    engine.close()


def test_where_memory_was_short_an_unloaded_model_ends_it():
    failing = Failing(MemoryError())
    # 20 ms after its answer the other model is unloaded.
    engine = failing.engine(replace(LONG, minute=0.02))
    assert failure(engine).key == "engine.memory"
    failing.error = None
    assert failure(engine).key == "engine.memory"
    assert failing.tried == 1
    options = ModelOptions(idle_minutes=1)
    assert engine.run_sync(job("other", options=options)).state == "ready"
    end = time.monotonic() + 10
    while state_of(engine, "other") != "unloaded":
        assert time.monotonic() < end
        time.sleep(0.005)
    assert failure(engine) is None
    engine.close()


def test_adding_or_mending_a_model_changes_the_mark(tmp_path: Path):
    options = ModelOptions(folder=str(tmp_path / "models"))
    seen = [mark("m", options)]

    def changed() -> bool:
        seen.append(mark("m", options))
        return seen[-1] != seen[-2]

    assert not changed()
    folder = tmp_path / "models" / "m"
    folder.mkdir(parents=True)
    (folder / "model.toml").write_text("id = 1")
    assert changed()
    assert not changed()
    (folder / "model.toml").write_text("id = 22")
    assert changed()
    (folder / "deep").mkdir()
    (folder / "deep" / "w").write_text("")
    assert changed()
    (folder / "deep" / "w").unlink()
    assert changed()
