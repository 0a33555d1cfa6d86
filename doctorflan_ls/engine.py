"""Runs models off the event loop: jobs, lanes, cancellation, deadlines, cache.

The only place that starts threads: one daemon worker for each model, so that a model that never
returns cannot hold the process, and models need not be safe to call from two threads.

From a coroutine (cancelling it stops the job and releases the caller at once)::

    async with aclosing(engine.stream(Job(key, prompt))) as drafts:
        async for draft in drafts:
            ...

Without an event loop: ``engine.run_sync(Job(key, prompt))``.
"""

from __future__ import annotations

import asyncio
import itertools
import queue
import secrets
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal

from doctorflan_ls.drafts import Draft, DraftBuilder, DraftState, Provenance, digest
from doctorflan_ls.engine_cache import AnswerCache, CacheKey
from doctorflan_ls.errors import Cancelled, DoctorFlanError, ModelUnavailable
from doctorflan_ls.incidents import report
from doctorflan_ls.models.base import Chunk, Model, ModelSpec
from doctorflan_ls.models.catalogue import DEFAULT_MODEL, load_model
from doctorflan_ls.prompts import Prompt

WorkerState = Literal["unloaded", "loading", "idle", "busy", "failed"]

_CACHE_BYTES = 8 * 1024 * 1024
_CLOSE_SECONDS = 0.5


class Lane(IntEnum):
    """What a model takes first when several jobs wait; a running job is not interrupted."""

    INLINE = 0
    COMPLETION = 1
    DRAFT = 2


@dataclass(frozen=True, slots=True)
class Job:
    """One answer to be made.

    A job replaces the older one with the same ``key``, whose draft ends ``cancelled``. Callers that
    share an engine put something of their own (a connection, a document) into their keys.
    ``deadline`` is in seconds from the submission, waiting included.
    """

    key: str
    prompt: Prompt
    model: str = DEFAULT_MODEL
    lane: Lane = Lane.DRAFT
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """How a model that was asked for at least once is doing; ``waiting`` counts queued jobs."""

    model: str
    version: str
    state: WorkerState
    waiting: int


class _Ticket:
    """A submitted job: written by one worker, read by one consumer."""

    def __init__(self, job: Job, wake: Callable[[], None]) -> None:
        self.job = job
        self.stop = threading.Event()
        self._wake = wake
        self._woken = False
        self._chunks: deque[Chunk] = deque()
        self._outcome: tuple[DraftState, DoctorFlanError | None] | None = None
        self._lock = threading.Lock()
        prompt = job.prompt
        self._builder = DraftBuilder(
            secrets.token_hex(4),
            Provenance(
                task=prompt.task.id,
                model=job.model,
                model_version="",
                uri=prompt.note.uri,
                version=prompt.note.version,
                span=prompt.span,
                source_digest=digest(prompt.case()),
                language=prompt.language,
            ),
        )

    def begin(self, spec: ModelSpec) -> None:
        origin = self._builder.provenance
        self._builder.provenance = replace(origin, model_version=spec.version)

    def put(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)
        self._signal()

    def finish(self, state: DraftState, failure: DoctorFlanError | None = None) -> None:
        """Settle the outcome; the first one stands."""
        with self._lock:
            if self._outcome is None:
                self._outcome = (state, failure)
        self._signal()

    def halt(self, failure: DoctorFlanError, state: DraftState = "cancelled") -> None:
        """Stop the model and release the consumer without waiting for the model."""
        self.finish(state, failure)
        self.stop.set()

    def take(self) -> Draft:
        """The draft with all chunks so far; not ``streaming`` once the outcome is settled."""
        self._woken = False
        # The outcome is read before the chunks: no chunk is put after it was settled as ready.
        outcome = self._outcome
        while self._chunks:
            self._builder.add(self._chunks.popleft())
        return self._builder.draft(*(outcome or ("streaming", None)))

    def _signal(self) -> None:
        # One wake-up for all chunks that come before the consumer looks again.
        if not self._woken:
            self._woken = True
            self._wake()


class _Worker:
    """The thread of one model; loads the model at its first job."""

    def __init__(self, model: str, load: Callable[[str], Model], cache: AnswerCache) -> None:
        self.model = model
        self.spec: ModelSpec | None = None
        self.state: WorkerState = "unloaded"
        self._load = load
        self._cache = cache
        self._loaded: Model | None = None
        self._queue: queue.PriorityQueue[tuple[int, int, _Ticket | None]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._thread = threading.Thread(target=self._run, name=f"model {model}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        return self._queue.qsize()

    def put(self, ticket: _Ticket) -> None:
        self._queue.put((ticket.job.lane, next(self._order), ticket))

    def quit(self) -> None:
        """End the thread after the job it is in."""
        self._queue.put((-1, next(self._order), None))

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def _run(self) -> None:
        while (ticket := self._queue.get()[2]) is not None:
            if ticket.stop.is_set():
                continue
            try:
                self._serve(ticket)
            except DoctorFlanError as error:
                ticket.finish("failed", error)
            # A model is somebody else's code: no failure of it may end the worker.
            except (Exception, SystemExit) as error:  # noqa: BLE001
                reference = report(error)
                failure = ModelUnavailable(
                    "engine.model-failed", model=self.model, reference=reference
                )
                ticket.finish("failed", failure)
            self.state = "failed" if self._loaded is None else "idle"

    def _serve(self, ticket: _Ticket) -> None:
        if self._loaded is None:
            self.state = "loading"
            self._loaded = self._load(self.model)
            self.spec = self._loaded.spec
        self.state = "busy"
        ticket.begin(self._loaded.spec)
        chunks = []
        for chunk in self._loaded.generate(ticket.job.prompt, ticket.stop):
            if ticket.stop.is_set():
                break
            ticket.put(chunk)
            chunks.append(chunk)
        if ticket.stop.is_set():
            ticket.finish("cancelled", Cancelled("engine.stopped"))
            return
        self._cache.put(_cache_key(ticket.job, self._loaded.spec), tuple(chunks))
        ticket.finish("ready")


class Engine:
    """Makes drafts. Safe to share between connections and threads.

    ``load`` turns a model's id into a model, on the model's own thread. ``cache_bytes`` bounds the
    memory kept for finished answers.
    """

    def __init__(
        self, load: Callable[[str], Model] = load_model, cache_bytes: int = _CACHE_BYTES
    ) -> None:
        self._load = load
        self._cache = AnswerCache(cache_bytes)
        self._lock = threading.Lock()
        self._workers: dict[str, _Worker] = {}
        self._tickets: dict[str, _Ticket] = {}
        self._closed = False

    async def stream(self, job: Job) -> AsyncGenerator[Draft, None]:
        """Yield the growing draft, last of all one that is ready, failed or cancelled.

        The job is submitted at the first step. Drafts between are as many as the caller takes: one
        that comes late holds all that was made meanwhile. Leaving early (cancellation, ``aclose``)
        stops the model at its next chunk and waits for nothing. Raises nothing of its own: why a
        draft failed is in ``failure``.
        """
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake() -> None:
            # A loop that is closed has no consumer left to wake.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(woken.set)

        until = None if job.deadline is None else loop.time() + job.deadline
        ticket = self._submit(job, wake)
        try:
            while True:
                try:
                    async with asyncio.timeout_at(until):
                        await woken.wait()
                except TimeoutError:
                    ticket.halt(_too_slow(job), "failed")
                woken.clear()
                draft = ticket.take()
                yield draft
                if draft.state != "streaming":
                    return
        finally:
            self._release(ticket)

    async def run(self, job: Job) -> Draft:
        """The finished draft of ``stream``."""
        async with aclosing(self.stream(job)) as drafts:
            async for draft in drafts:
                last = draft
        return last

    def run_sync(self, job: Job, on_draft: Callable[[Draft], None] | None = None) -> Draft:
        """As ``run``, for callers without an event loop; ``on_draft`` sees the draft grow."""
        woken = threading.Event()
        until = None if job.deadline is None else time.monotonic() + job.deadline
        ticket = self._submit(job, woken.set)
        try:
            while True:
                left = None if until is None else max(until - time.monotonic(), 0)
                if not woken.wait(left):
                    ticket.halt(_too_slow(job), "failed")
                woken.clear()
                draft = ticket.take()
                if draft.state != "streaming":
                    return draft
                if on_draft is not None:
                    on_draft(draft)
        finally:
            self._release(ticket)

    def cancel(self, key: str) -> bool:
        """Stop the job ``key``, whose draft ends ``cancelled``; False where there is none."""
        with self._lock:
            ticket = self._tickets.get(key)
        if ticket is None:
            return False
        ticket.halt(Cancelled("engine.stopped"))
        return True

    def forget(self, uri: str) -> None:
        """Drop what is kept about a note that was closed."""
        self._cache.forget(uri)

    def status(self) -> tuple[ModelStatus, ...]:
        """The models that were asked for so far."""
        with self._lock:
            workers = tuple(self._workers.values())
        return tuple(
            ModelStatus(
                worker.model,
                worker.spec.version if worker.spec else "",
                worker.state,
                worker.waiting,
            )
            for worker in workers
        )

    def close(self) -> None:
        """Stop every job and refuse new ones; waits half a second at the most."""
        with self._lock:
            self._closed = True
            tickets = tuple(self._tickets.values())
            workers = tuple(self._workers.values())
        for ticket in tickets:
            ticket.halt(Cancelled("engine.closed"))
        self._cache.clear()
        for worker in workers:
            worker.quit()
        until = time.monotonic() + _CLOSE_SECONDS
        for worker in workers:
            worker.join(max(until - time.monotonic(), 0))

    def _submit(self, job: Job, wake: Callable[[], None]) -> _Ticket:
        ticket = _Ticket(job, wake)
        with self._lock:
            if self._closed:
                ticket.halt(Cancelled("engine.closed"))
                return ticket
            older = self._tickets.get(job.key)
            self._tickets[job.key] = ticket
            worker = self._workers.get(job.model)
            if worker is None:
                worker = _Worker(job.model, self._load, self._cache)
                self._workers[job.model] = worker
        if older is not None:
            older.halt(Cancelled("engine.replaced"))
        if not self._answered_from_cache(ticket, worker.spec):
            worker.put(ticket)
        return ticket

    def _answered_from_cache(self, ticket: _Ticket, spec: ModelSpec | None) -> bool:
        if spec is None:
            return False
        chunks = self._cache.get(_cache_key(ticket.job, spec))
        if chunks is None:
            return False
        ticket.begin(spec)
        for chunk in chunks:
            ticket.put(chunk)
        ticket.finish("ready")
        return True

    def _release(self, ticket: _Ticket) -> None:
        ticket.stop.set()
        with self._lock:
            if self._tickets.get(ticket.job.key) is ticket:
                del self._tickets[ticket.job.key]


def _cache_key(job: Job, spec: ModelSpec) -> CacheKey:
    prompt = job.prompt
    return CacheKey(
        uri=prompt.note.uri,
        model=spec.id,
        model_version=spec.version,
        task=prompt.task.id,
        prompt_digest=prompt.digest(),
        language=prompt.language,
    )


def _too_slow(job: Job) -> DoctorFlanError:
    return ModelUnavailable("engine.deadline", model=job.model, seconds=job.deadline)
