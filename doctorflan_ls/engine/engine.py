"""Runs models off the event loop: jobs, lanes, cancellation, deadlines, cache.

The only place that starts threads: one daemon worker for each loaded model, so that a model that
never returns cannot hold the process, and models need not be safe to call from two threads. A draft
that runs is not interrupted for ghost text or a completion that waits: a model that let go in the
middle could not go on, so these lanes are for models that answer at once.

From a coroutine (cancelling it stops the job and releases the caller at once)::

    async with aclosing(engine.stream(Job(key, prompt))) as drafts:
        async for draft in drafts:
            ...

Without an event loop: ``engine.run_sync(Job(key, prompt))``.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

from doctorflan_ls.drafts import Draft
from doctorflan_ls.engine.cache import AnswerCache
from doctorflan_ls.engine.job import Job, Ticket, cache_key
from doctorflan_ls.engine.terms import Patience, WorkerKey
from doctorflan_ls.engine.watch import Watch
from doctorflan_ls.engine.worker import Worker, WorkerState
from doctorflan_ls.errors import Cancelled, DoctorFlanError, ModelUnavailable
from doctorflan_ls.models.base import Model, ModelOptions, ModelSpec
from doctorflan_ls.models.catalogue import DEFAULT_MODEL, load_model, mark

_CACHE_BYTES = 8 * 1024 * 1024
_CLOSE_SECONDS = 0.5
# Between two looks at a draft that grows. Waking the event loop for each of a thousand tokens a
# second would take a tenth of what it has for typing.
_LOOK_SECONDS = 0.02
# Threads of a model that never came back from a stopped job; each may hold a copy of the model.
_MOST_HUNG = 2
_MOST_WORKERS = 32


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """How a model that was asked for at least once is doing.

    ``waiting`` counts queued jobs, ``hung`` threads that were replaced and still run.
    ``load_seconds`` is how long the last loading took, 0 before it. ``failure`` is why the latest
    job failed, None where it did not.
    """

    model: str
    options: ModelOptions
    version: str
    state: WorkerState
    waiting: int
    hung: int
    load_seconds: float
    failure: DoctorFlanError | None


class Engine:
    """Makes drafts. Safe to share between connections and threads.

    ``load`` turns a model's id into a model, on the model's own thread. ``cache_bytes`` bounds the
    memory kept for finished answers. ``mark`` gives another value once what ``load`` finds changed:
    then a model that failed is tried again at once.
    """

    def __init__(
        self,
        load: Callable[[str, ModelOptions], Model] = load_model,
        cache_bytes: int = _CACHE_BYTES,
        patience: Patience | None = None,
        mark: Callable[[str, ModelOptions], object] = mark,
    ) -> None:
        self.load = load
        self.mark = mark
        self.room_mark = object()
        self.cache = AnswerCache(cache_bytes)
        self.patience = patience or Patience()
        self._lock = threading.Lock()
        self._workers: dict[WorkerKey, Worker] = {}
        self._hung: list[Worker] = []
        self._tickets: dict[str, Ticket] = {}
        self._watch = Watch(self.patience.grace, self._late)
        self._closed = False

    async def stream(self, job: Job) -> AsyncGenerator[Draft, None]:
        """Yield the growing draft, last of all one that is ready, failed or cancelled.

        The job is submitted at the first step. Drafts between are as many as the caller takes: one
        that comes late holds all that was made meanwhile. Leaving early (cancellation, ``aclose``)
        stops the model at its next chunk and waits for nothing. Raises nothing of its own: why a
        draft failed is in ``failure``.
        """
        loop = asyncio.get_running_loop()
        woken, settled = asyncio.Event(), asyncio.Event()

        def note() -> None:
            woken.set()
            if ticket.is_settled:
                settled.set()

        def wake() -> None:
            # A loop that is closed has no consumer left to wake.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(note)

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
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await settled.wait()
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
        self.cache.forget(uri)

    def status(self) -> tuple[ModelStatus, ...]:
        """The models that were asked for so far."""
        with self._lock:
            workers = tuple(self._workers.values())
            hung = Counter(worker.key for worker in self._hung if worker.alive)
        return tuple(
            ModelStatus(
                worker.key.model,
                worker.key.options,
                worker.spec.version if worker.spec else "",
                worker.state,
                worker.waiting,
                hung[worker.key],
                worker.load_seconds,
                worker.failure,
            )
            for worker in workers
        )

    def close(self) -> None:
        """Stop every job, close the models and refuse new jobs; waits half a second at the most."""
        with self._lock:
            self._closed = True
            tickets = tuple(self._tickets.values())
            workers = tuple(self._workers.values())
        for ticket in tickets:
            ticket.halt(Cancelled("engine.closed"))
        self.cache.clear()
        for worker in workers:
            worker.abandon()
        until = time.monotonic() + _CLOSE_SECONDS
        for worker in workers:
            worker.join(max(until - time.monotonic(), 0))

    def make_room(self, worker: Worker) -> bool:
        """Unload the models that are idle besides the one of ``worker``; True where one was."""
        with self._lock:
            others = [other for other in self._workers.values() if other is not worker]
        asked = [done for other in others if (done := other.unload()) is not None]
        until = time.monotonic() + self.patience.room
        given_back = [done.wait(max(until - time.monotonic(), 0)) for done in asked]
        return any(given_back)

    def stopped(self, worker: Worker, ticket: Ticket) -> None:
        """Look later whether the model of ``worker`` has noticed that ``ticket`` was stopped."""
        self._watch.expect(worker, ticket)

    def _submit(self, job: Job, wake: Callable[[], None]) -> Ticket:
        ticket = Ticket(job, wake)
        with self._lock:
            if self._closed:
                ticket.halt(Cancelled("engine.closed"))
                return ticket
            older = self._tickets.get(job.key)
            self._tickets[job.key] = ticket
            key = _worker_key(job)
            worker = self._workers.get(key)
            if worker is None:
                self._forget_unused()
                worker = self._workers[key] = Worker(key, self)
            elif worker.state == "hung":
                worker = self._replaced(worker)
        if older is not None:
            older.halt(Cancelled("engine.replaced"))
        if not self._answered_from_cache(ticket, worker.spec):
            self._queue(worker, ticket)
        return ticket

    def _forget_unused(self) -> None:
        """Many names that are no models, or changes of the options, must not pile up."""
        if len(self._workers) >= _MOST_WORKERS:
            self._workers = {key: each for key, each in self._workers.items() if each.alive}

    def _queue(self, worker: Worker, ticket: Ticket) -> None:
        if worker.state == "hung":
            model = worker.key.model
            ticket.halt(ModelUnavailable("engine.hung", model=model, count=_MOST_HUNG), "failed")
        elif not worker.put(ticket):
            with self._lock:
                closed = self._closed
                worker = self._workers.setdefault(worker.key, Worker(worker.key, self))
            if closed:
                ticket.halt(Cancelled("engine.closed"))
            else:
                self._queue(worker, ticket)

    def _late(self, worker: Worker, ticket: Ticket) -> None:
        """A stopped job still holds its model: whoever waits behind it gets a fresh one."""
        with self._lock:
            if self._closed or not worker.hang(ticket) or not worker.waiting:
                return
            waiting = worker.take()
            fresh = self._replaced(worker)
        for each in waiting:
            self._queue(fresh, each)

    def _replaced(self, worker: Worker) -> Worker:
        """A fresh worker in the place of one that hangs; ``worker`` itself if too many do."""
        key = worker.key
        self._hung = [each for each in self._hung if each.alive]
        if sum(1 for each in self._hung if each.key == key) >= _MOST_HUNG:
            return worker
        fresh = self._workers[key] = Worker(key, self)
        self._hung.append(worker)
        worker.abandon()
        return fresh

    def _answered_from_cache(self, ticket: Ticket, spec: ModelSpec | None) -> bool:
        if spec is None:
            return False
        chunks = self.cache.get(cache_key(ticket.job, spec))
        if chunks is None:
            return False
        ticket.begin(spec)
        for chunk in chunks:
            ticket.put(chunk)
        ticket.finish("ready")
        return True

    def _release(self, ticket: Ticket) -> None:
        ticket.stop.set()
        with self._lock:
            if self._tickets.get(ticket.job.key) is ticket:
                del self._tickets[ticket.job.key]
            worker = self._workers.get(_worker_key(ticket.job))
        if worker is not None:
            worker.drop(ticket)


def _worker_key(job: Job) -> WorkerKey:
    # The skeleton needs nothing: one serves all connections.
    options = ModelOptions() if job.model == DEFAULT_MODEL else job.options
    return WorkerKey(job.model, options)


def _too_slow(job: Job) -> DoctorFlanError:
    return ModelUnavailable("engine.deadline", model=job.model, seconds=job.deadline)
