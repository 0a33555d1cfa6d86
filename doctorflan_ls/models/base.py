"""What a model is: it words a draft for a prompt, in chunks, and can be stopped between them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from doctorflan_ls.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Chunk:
    """The next piece of a draft's text.

    ``evidence`` are spans of the note that this piece rests on (a language model gives none).
    A piece with a ``gap`` is a placeholder the doctor fills: ``gap`` is the key of the task's
    element that the note lacks and ``text`` the words that say so.
    """

    text: str
    evidence: tuple[Span, ...] = ()
    gap: str = ""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model as it is listed: cheap to make, nothing loaded."""

    id: str
    version: str
    kind: str
    languages: tuple[str, ...] = ("zh", "en")
    licence: str = ""


class Model(Protocol):
    """A loaded model."""

    @property
    def spec(self) -> ModelSpec:
        """What it is and which version."""

    def generate(self, prompt: Prompt, stop: threading.Event) -> Iterator[Chunk]:
        """Yield the draft piece by piece; end early, within one piece, once ``stop`` is set.

        Raises ModelUnavailable where it cannot answer. Runs on an engine thread, never on the
        event loop.
        """
