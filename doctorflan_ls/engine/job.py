"""What the engine is asked for, and the ticket of a job under way."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum

from doctorflan_ls.drafts import Draft, DraftBuilder, DraftState, Provenance, digest
from doctorflan_ls.engine.cache import CacheKey
from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.models.base import Chunk, ModelOptions, ModelSpec, Sampling, Stop
from doctorflan_ls.models.catalogue import DEFAULT_MODEL
from doctorflan_ls.notes import brought
from doctorflan_ls.prompts import Prompt


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
    ``deadline`` is in seconds from the submission, waiting included. ``reading`` says with which
    sections and terms the note was read.
    """

    key: str
    prompt: Prompt
    model: str = DEFAULT_MODEL
    lane: Lane = Lane.DRAFT
    deadline: float | None = None
    sampling: Sampling = field(default_factory=Sampling)
    options: ModelOptions = field(default_factory=ModelOptions)
    reading: int = field(default_factory=brought.number)


class Ticket:
    """A submitted job: written by one worker, read by one consumer."""

    def __init__(self, job: Job, wake: Callable[[], None]) -> None:
        self.job = job
        self.stop = Stop(None if job.deadline is None else time.monotonic() + job.deadline)
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
        """Say which version of the model answers."""
        self._builder.provenance = replace(
            self._builder.provenance,
            model_version=spec.version,
            model_digest=spec.digest,
            # The skeleton chooses no words.
            sampling=None if spec.kind == "skeleton" else self.job.sampling,
        )

    def put(self, chunk: Chunk) -> None:
        """Hand over the next piece and wake the consumer."""
        self._chunks.append(chunk)
        self._signal()

    def finish(self, state: DraftState, failure: DoctorFlanError | None = None) -> None:
        """Settle the outcome; the first one stands."""
        with self._lock:
            if self._outcome is None:
                self._outcome = (state, failure)
        # Always: a consumer that rests between two looks rests no longer.
        self._wake()

    def halt(self, failure: DoctorFlanError, state: DraftState = "cancelled") -> None:
        """Stop the model and release the consumer without waiting for the model."""
        self.finish(state, failure)
        self.stop.set()

    @property
    def is_settled(self) -> bool:
        """True once the outcome stands."""
        return self._outcome is not None

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


def cache_key(job: Job, spec: ModelSpec) -> CacheKey:
    """What an answer to ``job`` is kept under."""
    prompt = job.prompt
    return CacheKey(
        uri=prompt.note.uri,
        model=spec.id,
        model_version=spec.version,
        model_digest=spec.digest,
        sampling=job.sampling,
        task=prompt.task.id,
        prompt_digest=prompt.digest(),
        language=prompt.language,
        reading=job.reading,
    )
