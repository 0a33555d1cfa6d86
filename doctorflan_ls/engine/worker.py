"""The thread of one model."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable
from typing import Literal

from doctorflan_ls.drafts import DraftState
from doctorflan_ls.engine.cache import AnswerCache
from doctorflan_ls.engine.job import Ticket, cache_key
from doctorflan_ls.errors import Cancelled, DoctorFlanError, ModelUnavailable
from doctorflan_ls.incidents import report
from doctorflan_ls.models.base import Model, ModelOptions, ModelSpec

WorkerState = Literal["unloaded", "loading", "idle", "busy", "failed"]


class Worker:
    """The thread of one model; loads the model at its first job."""

    def __init__(
        self,
        model: str,
        options: ModelOptions,
        load: Callable[[str, ModelOptions], Model],
        cache: AnswerCache,
    ) -> None:
        self.model = model
        self.spec: ModelSpec | None = None
        self.state: WorkerState = "unloaded"
        self._options = options
        self._load = load
        self._cache = cache
        self._loaded: Model | None = None
        self._queue: queue.PriorityQueue[tuple[int, int, Ticket | None]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._thread = threading.Thread(target=self._run, name=f"model {model}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Jobs that wait for the model."""
        return self._queue.qsize()

    def put(self, ticket: Ticket) -> None:
        """Queue a job behind those of its lane."""
        self._queue.put((ticket.job.lane, next(self._order), ticket))

    def quit(self) -> None:
        """End the thread after the job it is in."""
        self._queue.put((-1, next(self._order), None))

    def join(self, timeout: float) -> None:
        """Wait ``timeout`` seconds at the most for the thread to end."""
        self._thread.join(timeout)

    def _run(self) -> None:
        while (ticket := self._queue.get()[2]) is not None:
            if ticket.stop.is_set():
                continue
            state, failure = self._outcome(ticket)
            # Before the caller is released, so that it sees how the model is doing.
            self.state = "failed" if self._loaded is None else "idle"
            ticket.finish(state, failure)

    def _outcome(self, ticket: Ticket) -> tuple[DraftState, DoctorFlanError | None]:
        try:
            return self._serve(ticket)
        except DoctorFlanError as error:
            return "failed", error
        # A model is somebody else's code: no failure of it may end the worker.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            reference = report(error)
            failure = ModelUnavailable("engine.model-failed", model=self.model, reference=reference)
            return "failed", failure

    def _serve(self, ticket: Ticket) -> tuple[DraftState, DoctorFlanError | None]:
        if self._loaded is None:
            self.state = "loading"
            self._loaded = self._load(self.model, self._options)
            self.spec = self._loaded.spec
        self.state = "busy"
        ticket.begin(self._loaded.spec)
        job = ticket.job
        chunks = []
        for chunk in self._loaded.generate(job.prompt, job.sampling, ticket.stop):
            if ticket.stop.is_set():
                break
            ticket.put(chunk)
            chunks.append(chunk)
        if ticket.stop.is_set():
            return "cancelled", Cancelled("engine.stopped")
        self._cache.put(cache_key(ticket.job, self._loaded.spec), tuple(chunks))
        return "ready", None
