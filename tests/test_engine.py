"""The engine with models that block, fail, are slow or are fed by the test."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from doctorflan_ls.drafts import Draft
from doctorflan_ls.engine import Engine, Job, Lane
from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Chunk, Model, ModelOptions, ModelSpec, Sampling, Stop
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.prompts import Prompt, Turn
from doctorflan_ls.tasks.model import Bilingual, Task
from doctorflan_ls.text import Span

CANARY = "张三丰住在武当山"
TASK = Task(
    id="case-summary",
    category="Case Summary",
    origin="verified",
    phase="pre-diagnosis",
    title=Bilingual("病例总结", "Case Summary"),
    description=Bilingual("", ""),
    instruction=Bilingual("请总结病例。", "Summarise the case."),
    pinyin="blzj",
    elements=(),
)
# Long enough for a loaded machine; a test that waits this long has failed.
PATIENCE = 10.0


class FedModel:
    """Yields what the test feeds it; ``END`` ends the answer; an exception is raised."""

    END = object()

    def __init__(self, model: str = "fed") -> None:
        self.spec = ModelSpec(model, "1", "fake")
        self.feed: queue.Queue[object] = queue.Queue()
        self.prompts: list[Prompt] = []
        self.started = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        self.prompts.append(prompt)
        self.started.release()
        try:
            while (item := self.feed.get()) is not self.END:
                if isinstance(item, BaseException):
                    raise item
                yield item if isinstance(item, Chunk) else Chunk(str(item))
        finally:
            self.ended.release()

    def close(self) -> None:
        """Nothing is held."""

    def answer(self, *items: object) -> None:
        for item in (*items, self.END):
            self.feed.put(item)


@pytest.fixture
def model() -> FedModel:
    return FedModel()


@pytest.fixture
def engine(model: FedModel) -> Iterator[Engine]:
    def load(name: str, options: ModelOptions) -> Model:
        if name == "absent":
            raise ModelUnavailable("engine.unknown-model", model=name, known="fed")
        return model

    made = Engine(load)
    yield made
    model.feed.put(model.END)
    made.close()


def prompt(text: str = f"主诉：咳嗽3天。{CANARY}", uri: str = "file:///a.txt") -> Prompt:
    note = parse_note(text, uri, 1)
    return Prompt(TASK, note, Span(0, len(text)), "zh")


def job(key: str = "a", model: str = "fed", lane: Lane = Lane.DRAFT, **changes: object) -> Job:
    return Job(key, changes.pop("prompt", None) or prompt(), model, lane, **changes)


async def collect(engine: Engine, wanted: Job) -> list[Draft]:
    async with aclosing(engine.stream(wanted)) as drafts:
        return [draft async for draft in drafts]


def wait(semaphore: threading.Semaphore) -> None:
    assert semaphore.acquire(timeout=PATIENCE)


async def waited(semaphore: threading.Semaphore) -> None:
    await asyncio.to_thread(wait, semaphore)


async def test_a_draft_grows_and_ends_ready(engine: Engine, model: FedModel) -> None:
    model.answer("主诉：", Chunk("咳嗽3天", (Span(3, 7),)), "\r\n", Chunk("【待补充】", gap="hpi"))
    drafts = await collect(engine, job())
    last = drafts[-1]
    assert last.state == "ready"
    assert last.text == "主诉：咳嗽3天\n【待补充】"
    assert [(item.span, item.evidence) for item in last.statements] == [(Span(3, 7), (Span(3, 7),))]
    assert [(gap.element, last.text[slice(*gap.span)]) for gap in last.gaps] == [
        ("hpi", "【待补充】")
    ]
    assert last.provenance.model_version == "1"
    assert all(draft.state == "streaming" for draft in drafts[:-1])
    assert all(last.text.startswith(draft.text) for draft in drafts)


async def test_chunks_arrive_while_the_model_runs(engine: Engine, model: FedModel) -> None:
    async with aclosing(engine.stream(job())) as drafts:
        model.feed.put("一")
        assert (await anext(drafts)).text == "一"
        model.answer("二")
        rest = [draft async for draft in drafts]
    assert rest[-1].text == "一二"


async def test_cancelling_releases_the_caller_while_the_model_is_stuck(
    engine: Engine, model: FedModel
) -> None:
    running = asyncio.create_task(engine.run(job()))
    await waited(model.started)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert model.ended.acquire(blocking=False) is False
    model.feed.put("late")
    await waited(model.ended)
    model.answer("next")
    assert (await engine.run(job())).text == "next"


async def test_leaving_the_stream_stops_the_model_at_its_next_chunk(
    engine: Engine, model: FedModel
) -> None:
    async with aclosing(engine.stream(job())) as drafts:
        model.feed.put("一")
        await anext(drafts)
    model.feed.put("二")
    await waited(model.ended)


async def test_the_same_key_replaces_the_older_job(engine: Engine, model: FedModel) -> None:
    older = asyncio.create_task(engine.run(job("k")))
    await waited(model.started)
    newer = asyncio.create_task(engine.run(job("k")))
    first = await asyncio.wait_for(older, PATIENCE)
    assert first.state == "cancelled"
    assert first.failure is not None
    assert first.failure.key == "engine.replaced"
    model.feed.put("late")
    await waited(model.started)
    model.answer("new")
    assert (await newer).text == "new"


async def test_another_key_waits_and_is_answered(engine: Engine, model: FedModel) -> None:
    both = [asyncio.create_task(engine.run(job(key))) for key in ("a", "b")]
    await waited(model.started)
    model.answer("first")
    model.answer("second")
    assert sorted([(await one).text for one in both]) == ["first", "second"]


async def test_cancel_by_key(engine: Engine, model: FedModel) -> None:
    running = asyncio.create_task(engine.run(job("k")))
    await waited(model.started)
    assert engine.cancel("k") is True
    assert (await asyncio.wait_for(running, PATIENCE)).state == "cancelled"
    assert engine.cancel("k") is False


async def test_lanes_go_first(engine: Engine, model: FedModel) -> None:
    blocker = asyncio.create_task(engine.run(job("blocker")))
    await waited(model.started)
    waiting = []
    for lane in (Lane.DRAFT, Lane.COMPLETION, Lane.INLINE):
        text = f"主诉：{lane.name}"
        queued = job(lane.name, lane=lane, prompt=prompt(text))
        waiting.append(asyncio.create_task(engine.run(queued)))
        await asyncio.sleep(0)
    for _ in range(4):
        model.answer("x")
    await asyncio.gather(blocker, *waiting)
    assert [asked.case() for asked in model.prompts[1:]] == [
        "主诉：INLINE",
        "主诉：COMPLETION",
        "主诉：DRAFT",
    ]


async def test_a_deadline_fails_the_draft_and_says_so(engine: Engine, model: FedModel) -> None:
    draft = await asyncio.wait_for(engine.run(job(deadline=0.05)), PATIENCE)
    assert draft.state == "failed"
    assert draft.failure is not None
    assert "0.05" in draft.failure.user_message("zh")


async def test_a_failing_model_tells_a_reference_and_never_the_note(
    engine: Engine, model: FedModel, caplog: pytest.LogCaptureFixture
) -> None:
    model.feed.put("一")
    model.feed.put(ValueError(CANARY))
    with caplog.at_level(logging.DEBUG):
        draft = await engine.run(job())
    assert draft.state == "failed"
    assert draft.text == "一"
    assert isinstance(draft.failure, ModelUnavailable)
    told = draft.failure.user_message("en")
    assert str(draft.failure.fields["reference"]) in caplog.text
    assert CANARY not in told + caplog.text
    assert "ValueError" in caplog.text
    model.answer("again")
    assert (await engine.run(job())).state == "ready"


@pytest.mark.parametrize("error", [SystemExit(1), MemoryError()])
async def test_nothing_a_model_raises_ends_its_worker(
    engine: Engine, model: FedModel, error: BaseException
) -> None:
    model.feed.put(error)
    assert (await engine.run(job())).state == "failed"
    model.answer("again")
    assert (await engine.run(job())).text == "again"


async def test_a_model_that_cannot_be_loaded(engine: Engine) -> None:
    draft = await engine.run(job(model="absent"))
    assert draft.state == "failed"
    assert draft.failure is not None
    assert draft.failure.key == "engine.unknown-model"
    assert [(status.model, status.state) for status in engine.status()] == [("absent", "failed")]


async def test_models_do_not_wait_for_each_other() -> None:
    models = {"slow": FedModel("slow"), "quick": FedModel("quick")}
    engine = Engine(lambda model, options: models[model])
    slow = asyncio.create_task(engine.run(job("a", "slow")))
    await waited(models["slow"].started)
    models["quick"].answer("done")
    assert (await engine.run(job("b", "quick"))).text == "done"
    assert not slow.done()
    models["slow"].answer()
    await slow
    engine.close()


async def test_close_releases_every_caller_and_refuses_new_jobs(
    engine: Engine, model: FedModel
) -> None:
    running = asyncio.create_task(engine.run(job("a")))
    queued = asyncio.create_task(engine.run(job("b")))
    await waited(model.started)
    await asyncio.to_thread(engine.close)
    for draft in await asyncio.wait_for(asyncio.gather(running, queued), PATIENCE):
        assert draft.state == "cancelled"
    assert (await engine.run(job("c"))).state == "cancelled"


def test_run_sync(engine: Engine, model: FedModel) -> None:
    seen: list[Draft] = []
    model.answer("一", "二")
    draft = engine.run_sync(job(), seen.append)
    assert (draft.state, draft.text) == ("ready", "一二")
    assert all(one.state == "streaming" for one in seen)
    assert engine.run_sync(job(prompt=prompt("x"), deadline=0.05)).state == "failed"


async def test_the_same_question_is_answered_from_the_cache(
    engine: Engine, model: FedModel
) -> None:
    model.answer("一")
    first = await engine.run(job())
    second = await engine.run(job())
    assert (second.text, second.state) == ("一", "ready")
    assert second.id != first.id
    assert len(model.prompts) == 1


@pytest.mark.parametrize("change", ["text", "language", "turn", "uri", "forgotten"])
async def test_another_question_is_asked_of_the_model(
    engine: Engine, model: FedModel, change: str
) -> None:
    model.answer("一")
    first = await engine.run(job())
    asked = prompt()
    if change == "text":
        asked = prompt("主诉：咳嗽4天")
    elif change == "language":
        asked = Prompt(asked.task, asked.note, asked.span, "en")
    elif change == "turn":
        asked = Prompt(asked.task, asked.note, asked.span, "zh", Turn(first, "还有呢？"))
    elif change == "uri":
        asked = prompt(uri="file:///b.txt")
    else:
        engine.forget(asked.note.uri)
    model.answer("二")
    assert (await engine.run(job(prompt=asked))).text == "二"


async def test_a_stopped_answer_is_not_cached(engine: Engine, model: FedModel) -> None:
    async with aclosing(engine.stream(job())) as drafts:
        model.feed.put("half")
        await anext(drafts)
    model.feed.put("late")
    await waited(model.ended)
    model.answer("whole")
    assert (await engine.run(job())).text == "whole"


async def test_the_cache_keeps_within_its_bytes(model: FedModel) -> None:
    engine = Engine(lambda *_: model, cache_bytes=1000)
    for text in ("a" * 100, "b" * 100):
        model.answer(text)
        await engine.run(job(prompt=prompt(text)))
    model.answer("again")
    assert (await engine.run(job(prompt=prompt("a" * 100)))).text == "again"
    assert (await engine.run(job(prompt=prompt("a" * 100)))).text == "again"
    engine.close()


async def test_a_model_of_many_words_does_not_keep_the_loop_busy(
    engine: Engine, model: FedModel
) -> None:
    for n in range(500):
        model.feed.put(f"{n} ")
        if n == 0:
            looks = asyncio.create_task(_looks(engine))
            await waited(model.started)
        await asyncio.sleep(0.0005)
    model.feed.put(model.END)
    drafts = await looks
    assert drafts[-1].text.endswith("499 ")
    assert 2 < len(drafts) < 100


async def _looks(engine: Engine) -> list[Draft]:
    return [draft async for draft in engine.stream(job())]
