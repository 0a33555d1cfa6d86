"""What a model is: it words a draft for a prompt, piece by piece, and can be stopped at any time.

A `Model` answers a prompt with chunks. The skeleton is one by itself; a language model is a
`ChatModel`, which only continues a conversation, and ``models/language.py`` makes a `Model` of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from doctorflan_ls.prompts import Prompt

Kind = Literal["skeleton", "onnx", "transformers", "openai"]
Finish = Literal["stop", "length"]


class Message(NamedTuple):
    """One turn as a chat model is given it."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """The next piece of a draft's text.

    ``evidence`` are spans of the note that this piece rests on (a language model gives none).
    A piece with a ``gap`` is a placeholder the doctor fills: ``gap`` is the key of the task's
    element that the note lacks and ``text`` the words that say so. ``element`` is the key of the
    task's element that the piece belongs to, empty where it belongs to none.
    """

    text: str
    evidence: tuple[Span, ...] = ()
    gap: str = ""
    element: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a language model chooses its next token.

    ``max_tokens`` bounds one answer. ``temperature`` 0 is greedy: always the likeliest token, and
    ``top_p``, ``top_k`` and ``seed`` have no effect. ``top_k`` 0 is no bound. The same model,
    prompt and sampling give the same answer. The answer ends before any of the strings of ``stop``.
    """

    max_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0
    stop: tuple[str, ...] = ()


class Stop:
    """Says once, from any thread, that nobody waits for an answer any more.

    ``deadline`` is the instant of `time.monotonic` at which the caller will give up, or None.
    """

    def __init__(self, deadline: float | None = None) -> None:
        self.deadline = deadline
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._calls: list[Callable[[], None]] = []

    def set(self) -> None:
        """Say so; whoever was registered by ``calling`` is called on this thread."""
        with self._lock:
            if self._event.is_set():
                return
            self._event.set()
            calls = tuple(self._calls)
        for call in calls:
            call()

    def is_set(self) -> bool:
        """True once it was said."""
        return self._event.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is said, ``seconds`` at the most; True where it was."""
        return self._event.wait(seconds)

    def left(self) -> float | None:
        """Seconds until the deadline, 0 where it is over, None where there is none."""
        return None if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)

    @contextmanager
    def calling(self, call: Callable[[], None]) -> Iterator[None]:
        """Within the block, ``set`` also calls ``call``: at once where it was said before.

        ``call`` interrupts what the model waits for (a step, a socket); it must return at once and
        not raise, and it may come while the block is being left.
        """
        with self._lock:
            self._calls.append(call)
            late = self._event.is_set()
        if late:
            call()
        try:
            yield
        finally:
            with self._lock:
                self._calls.remove(call)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model as it is listed: cheap to make, nothing loaded.

    ``tasks`` and ``languages`` are what it claims to answer; no ``tasks`` means all.
    ``context_length`` is in tokens, prompt and answer together; 0 is no bound. ``digest`` is the
    SHA-256 of its manifest, which holds those of its files; empty for what ships with the server.
    ``host`` is the ``host:port`` that a note's text is sent to, empty where it stays here.
    """

    id: str
    version: str
    kind: Kind
    languages: tuple[str, ...] = ("zh", "en")
    licence: str = ""
    tasks: tuple[str, ...] = ()
    context_length: int = 0
    digest: str = ""
    source: str = ""
    host: str = ""

    def answers(self, task: str, language: str) -> bool:
        """True where it claims the task in the language."""
        return language in self.languages and (not self.tasks or task in self.tasks)


class Sent(NamedTuple):
    """A conversation as it leaves this machine; ``masked`` is how many values are masked in it."""

    messages: tuple[Message, ...]
    masked: int


@runtime_checkable
class Sending(Protocol):
    """A `ChatModel` that sends its conversations to a host."""

    def sent(self, messages: Sequence[Message]) -> Sent:
        """What ``stream`` sends for ``messages``. Sends nothing."""


class Model(Protocol):
    """A loaded model. Used by one thread at a time, never by the event loop."""

    @property
    def spec(self) -> ModelSpec:
        """What it is and which version."""

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        """Yield the draft piece by piece; end early, within one piece, once ``stop`` is set.

        Raises ModelUnavailable where it cannot answer.
        """

    def close(self) -> None:
        """Give back memory, threads and connections; it is not used again."""


class ChatModel(Protocol):
    """A loaded language model: continues a conversation. Used by one thread at a time."""

    @property
    def spec(self) -> ModelSpec:
        """What it is and which version."""

    @property
    def takes_lead(self) -> bool:
        """True where ``stream`` can be given the beginning of the answer."""

    def count(self, messages: Sequence[Message]) -> int:
        """How many tokens ``messages`` take, the chat template's own included.

        An upper estimate where the tokenizer is not here (a server's).
        """

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop, lead: str = ""
    ) -> Generator[str, None, Finish]:
        """Yield the answer's text as it is made, never half a character, and return why it ended.

        The text goes on from ``lead``, the beginning of the answer, which is not yielded. It ends
        before a string of ``sampling.stop``, within one token once ``stop`` is set, and at the
        model's own end of turn. Raises ModelUnavailable where it cannot answer, also for a
        conversation that leaves no room in the context.
        """

    def close(self) -> None:
        """Give back memory, threads and connections; it is not used again."""


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What the user lets models have; from the settings ``models.*`` and ``network.*``.

    ``folder`` holds the added models; empty is the user's data folder. ``threads`` 0 is all cores
    but one. ``memory_mib`` bounds one model, 0 is what the machine has free. ``idle_minutes`` after
    its last answer a model is unloaded. ``hosts`` are the only ones that text may be sent to, as
    ``host`` or ``host:port``. ``timeout`` is in seconds without a byte from such a host.
    """

    folder: str = ""
    threads: int = 0
    memory_mib: int = 0
    idle_minutes: int = 10
    hosts: tuple[str, ...] = ()
    timeout: int = 60


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that can be loaded: what it is, and how."""

    spec: ModelSpec
    load: Callable[[ModelOptions], Model] = field(compare=False)
