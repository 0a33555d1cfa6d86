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
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

from doctorflan_ls.drafts import Draft
from doctorflan_ls.engine.cache import AnswerCache
from doctorflan_ls.engine.job import Job, Ticket, cache_key
from doctorflan_ls.engine.worker import Worker, WorkerState
from doctorflan_ls.errors import Cancelled, DoctorFlanError, ModelUnavailable
from doctorflan_ls.models.base import Model, ModelOptions, ModelSpec
from doctorflan_ls.models.catalogue import load_model

_CACHE_BYTES = 8 * 1024 * 1024
_CLOSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """How a model that was asked for at least once is doing; ``waiting`` counts queued jobs."""

    model: str
    version: str
    state: WorkerState
    waiting: int


class Engine:
    """Makes drafts. Safe to share between connections and threads.

    ``load`` turns a model's id into a model, on the model's own thread. ``cache_bytes`` bounds the
    memory kept for finished answers.
    """

    def __init__(
        self,
        load: Callable[[str, ModelOptions], Model] = load_model,
        cache_bytes: int = _CACHE_BYTES,
    ) -> None:
        self._load = load
        self._cache = AnswerCache(cache_bytes)
        self._lock = threading.Lock()
        self._workers: dict[str, Worker] = {}
        self._tickets: dict[str, Ticket] = {}
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

    def _submit(self, job: Job, wake: Callable[[], None]) -> Ticket:
        ticket = Ticket(job, wake)
        with self._lock:
            if self._closed:
                ticket.halt(Cancelled("engine.closed"))
                return ticket
            older = self._tickets.get(job.key)
            self._tickets[job.key] = ticket
            worker = self._workers.get(job.model)
            if worker is None:
                worker = Worker(job.model, job.options, self._load, self._cache)
                self._workers[job.model] = worker
        if older is not None:
            older.halt(Cancelled("engine.replaced"))
        if not self._answered_from_cache(ticket, worker.spec):
            worker.put(ticket)
        return ticket

    def _answered_from_cache(self, ticket: Ticket, spec: ModelSpec | None) -> bool:
        if spec is None:
            return False
        chunks = self._cache.get(cache_key(ticket.job, spec))
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


def _too_slow(job: Job) -> DoctorFlanError:
    return ModelUnavailable("engine.deadline", model=job.model, seconds=job.deadline)
