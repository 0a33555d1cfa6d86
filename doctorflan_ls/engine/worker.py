"""The thread of one model: loads it at the first job, unloads it when nobody asks any more."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from doctorflan_ls.drafts import DraftState
from doctorflan_ls.engine.backoff import Backoff, is_away
from doctorflan_ls.engine.job import Ticket, cache_key
from doctorflan_ls.engine.memory import give_back, is_short
from doctorflan_ls.engine.terms import Surroundings, WorkerKey, check_claim, wrong_piece
from doctorflan_ls.errors import Cancelled, DoctorFlanError, ModelUnavailable
from doctorflan_ls.incidents import report
from doctorflan_ls.models.base import Chunk, Model, ModelSpec

WorkerState = Literal["unloaded", "loading", "idle", "busy", "failed", "hung"]
Outcome = tuple[DraftState, DoctorFlanError | None]


class Worker:
    """Serves one model's jobs one after the other; has a thread while there is something to do."""

    def __init__(self, key: WorkerKey, engine: Surroundings) -> None:
        self.key = key
        self.spec: ModelSpec | None = None
        self.state: WorkerState = "unloaded"
        self.failure: DoctorFlanError | None = None
        self.load_seconds = 0.0
        self._engine = engine
        self._loaded: Model | None = None
        self._queue: list[tuple[int, int, Ticket]] = []
        self._order = itertools.count()
        self._current: Ticket | None = None
        self._ending = False
        self._unloading: threading.Event | None = None
        self._backoff = Backoff(engine.patience.retry, engine.patience.cheap, self._mark)
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """Jobs that wait for the model."""
        return len(self._queue)

    @property
    def alive(self) -> bool:
        """True while it has a thread."""
        return self._thread is not None

    def serves(self, ticket: Ticket) -> bool:
        """True while the model is in this job."""
        return self._current is ticket

    def put(self, ticket: Ticket) -> bool:
        """Queue a job behind those of its lane; False where the worker was abandoned."""
        with self._news:
            if self._ending:
                return False
            if not self._runs():
                failure = ModelUnavailable("engine.no-thread", model=self.key.model)
                ticket.finish("failed", failure)
                return True
            heapq.heappush(self._queue, (ticket.job.lane, next(self._order), ticket))
            self._news.notify()
            return True

    def _runs(self) -> bool:
        """See that there is a thread; False where the system has none to give."""
        # One can be ended from outside between two jobs.
        if self._thread is None or not self._thread.is_alive():
            thread = threading.Thread(target=self._run, name=f"model {self.key.model}", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                self._thread = None
                return False
            self._thread = thread
        return True

    def drop(self, ticket: Ticket) -> None:
        """Take a job that nobody waits for out of the queue."""
        with self._news:
            left = [entry for entry in self._queue if entry[2] is not ticket]
            if len(left) < len(self._queue):
                heapq.heapify(left)
                self._queue = left

    def unload(self) -> threading.Event | None:
        """Ask for the model's memory where it is idle; the event is set once it was given back."""
        with self._news:
            costs = self._loaded is not None and self._loaded.spec.kind != "skeleton"
            if not costs or self._current is not None or self._queue:
                return None
            if self._unloading is None:
                self._unloading = threading.Event()
            self._news.notify()
            return self._unloading

    def hang(self, ticket: Ticket) -> bool:
        """Say that the model does not come back from ``ticket``; False where it just did."""
        with self._news:
            if self._current is ticket:
                self.state = "hung"
            return self._current is ticket

    def take(self) -> list[Ticket]:
        """Take the jobs that wait away from it, first those that were to come first."""
        with self._news:
            waiting = [entry[2] for entry in sorted(self._queue, key=lambda entry: entry[:2])]
            self._queue = []
            return waiting

    def abandon(self) -> None:
        """End the thread, once its model comes back, and close the model."""
        with self._news:
            self._ending = True
            self._queue = []
            self._news.notify()

    def join(self, timeout: float) -> None:
        """Wait ``timeout`` seconds at the most for the thread to end."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _run(self) -> None:
        while (ticket := self._next()) is not None:
            if ticket.stop.is_set():
                self._rest()
                continue
            state, failure = self._attempt(ticket)
            self.failure = failure if state == "failed" else None
            self._rest()
            # After the state is settled, so that the caller sees how the model is doing.
            ticket.finish(state, failure)

    def _rest(self) -> None:
        with self._news:
            self._current = None
            self.state = "failed" if self.failure and not self._loaded else self._at_rest

    @property
    def _at_rest(self) -> WorkerState:
        return "idle" if self._loaded is not None else "unloaded"

    def _next(self) -> Ticket | None:
        """The next job; None where the thread is to end."""
        idle_since = time.monotonic()
        while True:
            with self._news:
                if self._ending:
                    break
                if self._unloading is None and self._queue:
                    self._current = heapq.heappop(self._queue)[2]
                    return self._current
                if self._loaded is None:
                    self._thread = None
                    return None
                left = self._idle_left(idle_since)
                if self._unloading is None and (left is None or left > 0):
                    self._news.wait(left)
                    continue
            self._close()
        self._close()
        with self._news:
            self._thread = None
        return None

    def _idle_left(self, since: float) -> float | None:
        """Seconds until the idle model is unloaded; None is never."""
        if self._loaded is None or self._loaded.spec.kind == "skeleton":
            return None
        seconds = self.key.options.idle_minutes * self._engine.patience.minute
        return since + seconds - time.monotonic()

    def _close(self) -> None:
        """Give back the model's memory."""
        model, self._loaded = self._loaded, None
        if model is not None:
            try:
                model.close()
            except BaseException as error:  # noqa: BLE001  (somebody else's code)
                report(error)
            if model.spec.kind != "skeleton":
                del model
                give_back()
                self._engine.room_mark = object()
        with self._news:
            if self.state != "failed":
                self.state = "unloaded"
            if self._unloading is not None:
                self._unloading.set()
                self._unloading = None

    def _attempt(self, ticket: Ticket) -> Outcome:
        """How the job ended. A model is somebody else's code: nothing that it raises, be it a
        panic of its native parts or a wish to end the process, may end the worker.
        """
        try:
            return self._tried(ticket)
        except BaseException as error:  # noqa: BLE001
            return "failed", self._failure_of(error)

    def _tried(self, ticket: Ticket) -> Outcome:
        """The outcome; that of a moment ago where trying again would end in the same failure."""
        if (known := self._backoff.known()) is not None:
            return "failed", known
        # Taken before the files are read: what changes meanwhile counts.
        before = self._mark() if self._loaded is None else None
        started = time.monotonic()
        try:
            return self._serve(ticket)
        except BaseException as error:  # noqa: BLE001
            failure = self._failure_of(error)
        cost = time.monotonic() - started
        if is_away(failure):
            self._backoff.note(failure, cost, self._mark())
        elif before is not None and self._loaded is None:
            self._backoff.note(failure, cost, before)
        return "failed", failure

    def _mark(self) -> tuple[object, object]:
        return self._engine.mark(*self.key), self._engine.room_mark

    def _failure_of(self, error: BaseException) -> DoctorFlanError:
        """What the user is told of ``error``; what was short of memory gives back its own."""
        model = self.key.model
        if isinstance(error, DoctorFlanError):
            return error
        if isinstance(error, MemoryError):
            self._close()
            return ModelUnavailable("engine.memory", model=model)
        key = "engine.load-failed" if self._loaded is None else "engine.model-failed"
        return ModelUnavailable(key, model=model, reference=report(error))

    def _serve(self, ticket: Ticket) -> Outcome:
        prompt = ticket.job.prompt
        if self.spec is not None:
            # Known from before it was unloaded: nothing is loaded in vain.
            check_claim(self.spec, prompt)
        loaded = self._ready()
        check_claim(loaded.spec, prompt)
        self.state = "busy"
        ticket.begin(loaded.spec)
        chunks = []
        with ticket.stop.calling(lambda: self._engine.stopped(self, ticket)):
            for chunk in self._pieces(loaded, ticket):
                if ticket.stop.is_set():
                    break
                ticket.put(chunk)
                chunks.append(chunk)
        if ticket.stop.is_set():
            return "cancelled", Cancelled("engine.stopped")
        self._engine.cache.put(cache_key(ticket.job, loaded.spec), tuple(chunks))
        return "ready", None

    def _pieces(self, loaded: Model, ticket: Ticket) -> Iterator[Chunk]:
        job = ticket.job
        length = len(job.prompt.note.text)
        with _closed(loaded.generate(job.prompt, job.sampling, ticket.stop)) as pieces:
            for piece in pieces:
                if (why := wrong_piece(piece, length)) is not None:
                    raise ModelUnavailable("engine.bad-piece", model=self.key.model, why=why)
                yield piece
        # What plugins know of the case, whichever model answered.
        if job.prompt.context and not ticket.stop.is_set():
            from doctorflan_ls.prompts.context import context_chunks  # noqa: PLC0415

            yield from context_chunks(job.prompt)

    def _ready(self) -> Model:
        # A model of files says so once they are others.
        if not getattr(self._loaded, "is_current", True):
            self._close()
        if self._loaded is None:
            self.state = "loading"
            started = time.monotonic()
            self._loaded = self._load()
            self.spec = self._loaded.spec
            self.load_seconds = time.monotonic() - started
        return self._loaded

    def _load(self) -> Model:
        try:
            return self._engine.load(*self.key)
        except (DoctorFlanError, MemoryError) as error:
            if not is_short(error) or not self._engine.make_room(self):
                raise
        return self._engine.load(*self.key)


@contextmanager
def _closed(pieces: Iterator[Chunk]) -> Iterator[Iterator[Chunk]]:
    """Ends a generator where it stands: an exception's traceback would keep it alive."""
    try:
        yield pieces
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
