"""A language model that answers what a test puts in its queue, and remembers what it was asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence

from doctorflan_ls.models.base import (
    Finish,
    Listed,
    Message,
    ModelSpec,
    Sampling,
    Stop,
)
from doctorflan_ls.models.language import LanguageModel

_SPEC = ModelSpec("queue", "test", "onnx", digest="0" * 64)


class QueueModel:
    """A `ChatModel`. ``asked`` holds the conversations it was given, the newest last.

    An empty queue is an error of the test: nothing is made up.
    """

    takes_lead = False

    def __init__(self, answers: Iterable[str] = (), spec: ModelSpec = _SPEC) -> None:
        self.spec = spec
        self.asked: list[tuple[Message, ...]] = []
        self._answers = deque(answers)

    def enqueue(self, *answers: str) -> None:
        """Answer these next, one for each conversation."""
        self._answers.extend(answers)

    def count(self, messages: Sequence[Message]) -> int:
        """Its characters stand for tokens."""
        return sum(len(message.text) for message in messages)

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop, lead: str = ""
    ) -> Generator[str, None, Finish]:
        """The next answer, a few characters at a time; raises AssertionError for an empty queue."""
        self.asked.append(tuple(messages))
        if not self._answers:
            msg = "the queue of the model is empty: enqueue an answer"
            raise AssertionError(msg)
        left = self._answers.popleft()[len(lead) :][: sampling.max_tokens * 4]
        while left and not stop.is_set():
            piece, left = left[:7], left[7:]
            yield piece
        return "stop"

    def close(self) -> None:
        """Nothing is held."""

    def listed(self) -> Listed:
        """The model as a plugin would register it."""
        return Listed(self.spec, lambda _options: LanguageModel(self))
