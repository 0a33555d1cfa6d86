"""The engine's models: replaced when they hang, unloaded when idle, memory given back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from doctorflan_ls.drafts import to_json
from doctorflan_ls.engine import Engine, Job, Patience
from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Chunk, ModelOptions, ModelSpec, Sampling, Stop
from doctorflan_ls.prompts import Prompt
from tests.test_engine import PATIENCE, prompt

QUICK = Patience(minute=0.05, grace=0.05, room=2.0)
SLOW = Patience(minute=3600, grace=0.05, room=2.0)


class Words:
    """Says one word; ``deaf`` ones first wait for ``back``, whatever the stop says."""

    def __init__(self, name: str, kind: str = "fake", deaf: bool = False) -> None:
        self.spec = ModelSpec(name, "1", kind, digest="d" * 64)
        self.deaf = deaf
        self.back = threading.Event()
        self.started = threading.Semaphore(0)
        self.closed = threading.Event()
        self.threads: set[int] = set()

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        self.threads.add(threading.get_ident())
        self.started.release()
        if self.deaf:
            self.back.wait(PATIENCE)
        yield Chunk(f"word {sampling.seed}", element="e")

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed.set()


class Shelf:
    """Makes a model at each load and remembers it; ``limit`` is how many fit into memory."""

    def __init__(
        self, limit: int = 99, deaf: int = 0, error: Callable[..., Exception] | None = None
    ):
        self.made: list[Words] = []
        self.options: list[ModelOptions] = []
        self.limit, self.deaf = limit, deaf
        self.error = error or (lambda: ModelUnavailable("engine.memory", model="m"))

    def load(self, name: str, options: ModelOptions) -> Words:
        standing = [model for model in self.made if not model.closed.is_set()]
        if len(standing) >= self.limit:
            raise self.error()
        kind = "skeleton" if name == "skeleton" else "fake"
        self.made.append(Words(name, kind, deaf=len(self.made) < self.deaf))
        self.options.append(options)
        return self.made[-1]


def job(model: str = "m", text: str = "主诉：咳嗽3天。", **more: object) -> Job:
    key = str(more.pop("key", f"{model} {text}"))
    return Job(key, prompt(text), model, **more)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def opened() -> Iterator[Callable[..., Engine]]:
    made: list[Engine] = []
    shelves: list[Shelf] = []

    def make(shelf: Shelf, patience: Patience) -> Engine:
        shelves.append(shelf)
        made.append(Engine(shelf.load, patience=patience))
        return made[-1]

    yield make
    for shelf in shelves:
        for model in shelf.made:
            model.back.set()
    for engine in made:
        engine.close()


def state_of(engine: Engine, model: str = "m") -> str:
    (found,) = [each.state for each in engine.status() if each.model == model]
    return found


def test_an_idle_model_is_unloaded_on_its_own_thread_and_loaded_again(opened):
    shelf = Shelf()
    engine = opened(shelf, QUICK)
    options = ModelOptions(idle_minutes=1)
    assert engine.run_sync(job(options=options)).state == "ready"
    first = shelf.made[0]
    assert first.closed.wait(PATIENCE)
    until(lambda: state_of(engine) == "unloaded")
    assert len(first.threads) == 1
    assert not any(thread.name == "model m" for thread in threading.enumerate())
    # What it said is still known; another question loads it again.
    assert engine.run_sync(job(options=options)).text == "word 0"
    assert len(shelf.made) == 1
    assert engine.run_sync(job(options=options, text="x")).state == "ready"
    assert len(shelf.made) == 2


def test_the_skeleton_costs_nothing_and_stays(opened):
    shelf = Shelf()
    engine = opened(shelf, QUICK)
    # Whatever a connection lets models have, there is one.
    for threads in (1, 2):
        options = ModelOptions(idle_minutes=1, threads=threads)
        engine.run_sync(job("skeleton", f"{threads}", options=options))
    time.sleep(0.2)
    assert state_of(engine, "skeleton") == "idle"
    assert len(shelf.made) == 1
    assert not shelf.made[0].closed.is_set()


def test_other_options_are_another_model(opened):
    shelf = Shelf()
    engine = opened(shelf, SLOW)
    for threads in (1, 2, 1):
        engine.run_sync(job(text=f"{threads}", options=ModelOptions(threads=threads)))
    assert [each.threads for each in shelf.options] == [1, 2]


@pytest.mark.parametrize(
    "error", [None, MemoryError, lambda: ModelUnavailable("engine.memory", model="m")]
)
def test_where_memory_is_short_idle_models_make_room(opened, error):
    shelf = Shelf(limit=1, error=error)
    engine = opened(shelf, SLOW)
    assert engine.run_sync(job("a")).state == "ready"
    assert engine.run_sync(job("b")).state == "ready"
    assert shelf.made[0].closed.is_set()
    assert (state_of(engine, "a"), state_of(engine, "b")) == ("unloaded", "idle")


def test_a_busy_model_is_not_unloaded_for_another(opened):
    shelf = Shelf(limit=1, deaf=1, error=MemoryError)
    engine = opened(shelf, SLOW)
    running = threading.Thread(target=engine.run_sync, args=(job("a"),))
    running.start()
    until(lambda: shelf.made)
    assert shelf.made[0].started.acquire(timeout=PATIENCE)
    refused = engine.run_sync(job("b"))
    assert refused.state == "failed"
    assert refused.failure is not None
    assert refused.failure.key == "engine.memory"
    assert not shelf.made[0].closed.is_set()
    shelf.made[0].back.set()
    running.join()
    # The refusal is over: what it asked for is not done later.
    assert not shelf.made[0].closed.wait(0.05)
    assert engine.run_sync(job("b")).state == "ready"


def test_another_failure_to_load_unloads_nothing_and_is_one_line(opened, caplog):
    shelf = Shelf(limit=1, error=lambda: RuntimeError("主诉：secret"))
    engine = opened(shelf, SLOW)
    engine.run_sync(job("a"))
    refused = engine.run_sync(job("b"))
    assert refused.failure is not None
    assert refused.failure.key == "engine.load-failed"
    assert "secret" not in refused.failure.user_message("zh") + caplog.text
    assert (state_of(engine, "a"), state_of(engine, "b")) == ("idle", "failed")
    (status,) = [each for each in engine.status() if each.model == "b"]
    assert status.failure is refused.failure
    shelf.limit = 2
    assert engine.run_sync(job("b")).state == "ready"
    assert [each.failure for each in engine.status()] == [None, None]


async def stuck(engine: Engine, shelf: Shelf, text: str) -> None:
    """Ask a deaf model and go away."""
    count = len(shelf.made)
    running = asyncio.create_task(engine.run(job(text=text)))
    await asyncio.to_thread(until, lambda: len(shelf.made) > count)
    await asyncio.to_thread(shelf.made[-1].started.acquire)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_who_waits_behind_a_model_that_hangs_gets_a_fresh_one(opened):
    shelf = Shelf(deaf=1)
    engine = opened(shelf, SLOW)
    await stuck(engine, shelf, "a")
    assert (await asyncio.wait_for(engine.run(job(text="b")), PATIENCE)).state == "ready"
    (status,) = engine.status()
    assert (status.state, status.hung) == ("idle", 1)
    hung = shelf.made[0]
    assert not hung.closed.is_set()
    # Back at last, it gives its memory back and takes no job.
    hung.back.set()
    await asyncio.to_thread(hung.closed.wait, PATIENCE)
    await asyncio.to_thread(until, lambda: engine.status()[0].hung == 0)


async def test_a_model_that_hung_is_replaced_only_for_somebody_who_waits(opened):
    shelf = Shelf(deaf=1)
    engine = opened(shelf, SLOW)
    await stuck(engine, shelf, "a")
    await asyncio.to_thread(until, lambda: state_of(engine) == "hung")
    assert len(shelf.made) == 1
    shelf.made[0].back.set()
    await asyncio.to_thread(until, lambda: state_of(engine) == "idle")
    assert (await engine.run(job(text="b"))).state == "ready"
    assert len(shelf.made) == 1


async def test_replacing_has_an_end_and_says_so(opened):
    shelf = Shelf(deaf=3)
    engine = opened(shelf, SLOW)
    for text in "abc":
        await stuck(engine, shelf, text)
        await asyncio.to_thread(until, lambda: state_of(engine) == "hung")
    refused = await asyncio.wait_for(engine.run(job(text="d")), PATIENCE)
    assert refused.failure is not None
    assert refused.failure.key == "engine.hung"
    shelf.made[2].back.set()
    await asyncio.to_thread(until, lambda: state_of(engine) == "idle")
    assert (await engine.run(job(text="d"))).state == "ready"


async def test_jobs_that_wait_when_too_many_hang_fail_too(opened):
    shelf = Shelf(deaf=3)
    engine = opened(shelf, Patience(minute=3600, grace=0.3))
    for text in "ab":
        await stuck(engine, shelf, text)
        await asyncio.to_thread(until, lambda: state_of(engine) == "hung")
    await stuck(engine, shelf, "c")
    waiting = await asyncio.wait_for(engine.run(job(text="d")), PATIENCE)
    assert waiting.failure is not None
    assert waiting.failure.key == "engine.hung"


async def test_a_job_that_waits_leaves_the_queue_when_it_is_cancelled(opened):
    shelf = Shelf(deaf=1)
    engine = opened(shelf, Patience(grace=3600))
    running = asyncio.create_task(engine.run(job(text="a")))
    await asyncio.to_thread(until, lambda: shelf.made)
    await asyncio.to_thread(shelf.made[0].started.acquire)
    waiting = [asyncio.create_task(engine.run(job(text=text))) for text in "bc"]
    await asyncio.sleep(0.02)
    assert engine.status()[0].waiting == 2
    waiting[0].cancel()
    assert engine.cancel("m c")
    await asyncio.wait(waiting)
    assert engine.status()[0].waiting == 0
    shelf.made[0].back.set()
    assert (await running).state == "ready"


def test_closing_closes_the_models(opened):
    shelf = Shelf()
    engine = opened(shelf, SLOW)
    for model in ("a", "b"):
        engine.run_sync(job(model))
    engine.close()
    assert all(model.closed.is_set() for model in shelf.made)
    assert {each.state for each in engine.status()} == {"unloaded"}


def test_the_draft_says_which_model_chose_its_words_and_how(opened):
    engine = opened(Shelf(), SLOW)
    sampling = Sampling(max_tokens=5, temperature=0.5, seed=3)
    made = to_json(engine.run_sync(job(sampling=sampling)))
    assert made["text"] == "word 3"
    assert made["parts"] == [{"span": [0, 6], "element": "e"}]
    assert made["provenance"]["model_digest"] == "d" * 64
    assert made["provenance"]["parameters"] == {
        "max_tokens": 5,
        "temperature": 0.5,
        "top_p": 1.0,
        "top_k": 0,
        "seed": 3,
    }
    skeleton = to_json(engine.run_sync(job("skeleton", sampling=sampling)))
    assert skeleton["provenance"]["parameters"] is None


@pytest.mark.parametrize(
    ("claims", "key"),
    [
        ({"languages": ("en",)}, "engine.not-language"),
        ({"tasks": ("triage",)}, "engine.not-task"),
        ({"languages": ("zh",), "tasks": ("case-summary",)}, None),
    ],
)
def test_a_model_answers_only_what_its_manifest_claims(
    claims: dict[str, tuple[str, ...]], key: str | None
) -> None:
    model = Words("m")
    model.spec = replace(model.spec, **claims)
    engine = Engine(lambda _name, _options: model)
    draft = engine.run_sync(Job("k", prompt(), "m", deadline=PATIENCE))
    assert (draft.failure.key if draft.failure else None) == key
    assert bool(draft.text) is (key is None)
    engine.close()
