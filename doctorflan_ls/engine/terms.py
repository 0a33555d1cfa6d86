"""On what terms a model works: for which jobs, for whom, and how long it is waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Chunk, Model, ModelOptions, ModelSpec
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from doctorflan_ls.engine.cache import AnswerCache
    from doctorflan_ls.engine.job import Ticket
    from doctorflan_ls.engine.worker import Worker


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the engine waits, in seconds.

    ``minute`` is that of ``idle_minutes``. ``grace`` is what a stopped model has to notice it.
    ``room`` is what idle models have to give their memory back. ``retry`` is how long a model that
    could not be loaded, or whose server was not reached, is not tried again; a failure that came
    within ``cheap`` may be repeated.
    """

    minute: float = 60.0
    grace: float = 5.0
    room: float = 5.0
    retry: float = 30.0
    cheap: float = 0.2


class WorkerKey(NamedTuple):
    """A model, and what the user lets it have."""

    model: str
    options: ModelOptions


class Surroundings(Protocol):
    """What a worker asks of the engine."""

    patience: Patience
    cache: AnswerCache
    # Another one after each model whose memory was given back.
    room_mark: object

    def load(self, model: str, options: ModelOptions) -> Model:
        """The loaded model; on the worker's thread."""

    def mark(self, model: str, options: ModelOptions) -> object:
        """Another value once the models that can be loaded changed; cheap."""

    def make_room(self, worker: Worker) -> bool:
        """Unload what is idle besides ``worker``; True where something was."""

    def stopped(self, worker: Worker, ticket: Ticket) -> None:
        """The job that ``worker`` is in was stopped; called at once, on the stopper's thread."""


def check_claim(spec: ModelSpec, prompt: Prompt) -> None:
    """Raise ModelUnavailable where the model's manifest does not claim the task or its language."""
    if spec.answers(prompt.task.id, prompt.language):
        return
    if prompt.language not in spec.languages:
        known = ", ".join(spec.languages)
        raise ModelUnavailable(
            "engine.not-language", model=spec.id, language=prompt.language, known=known
        )
    raise ModelUnavailable("engine.not-task", model=spec.id, task=prompt.task.id)


def wrong_piece(piece: object, length: int) -> str | None:
    """What is wrong with a piece of a draft for a note of ``length`` code points, or None.

    A model may be a plugin's: what it yields is used on the event loop, where none of its code is
    to run.
    """
    if type(piece) is not Chunk:
        return "no Chunk"
    if any(type(text) is not str for text in (piece.text, piece.gap, piece.element)):
        return "text that is no str"
    if type(piece.evidence) is not tuple:
        return "evidence that is no tuple"
    for span in piece.evidence:
        if type(span) is not Span or not 0 <= span.start <= span.end <= length:
            return "evidence outside the note"
    return None
