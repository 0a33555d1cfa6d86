"""The embedded default model: a task's structure filled from the note's own facts.

No weights, no network, no randomness. It words nothing that the note does not hold: every
statement has its evidence, every required part that the note lacks is a gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from doctorflan_ls.models.base import Chunk, ModelSpec, Sampling, Stop

if TYPE_CHECKING:
    from doctorflan_ls.prompts import Prompt

_SPEC = ModelSpec(id="skeleton", version="1", kind="skeleton", licence="MIT")


class SkeletonModel:
    """Answers every task, in milliseconds, with structure, evidence and gaps."""

    @property
    def spec(self) -> ModelSpec:
        """Its id and version; the version changes when the same note gives another draft."""
        return _SPEC

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:  # noqa: ARG002
        """Yield the draft line by line; nothing is sampled. A question of a later turn is answered
        by the same draft: the skeleton has no more to say than the note."""
        # The lexicon and its automata are built at the first draft, not at server start.
        from doctorflan_ls.models.skeleton.compose import compose  # noqa: PLC0415

        for chunk in compose(prompt):
            if stop.is_set():
                return
            yield chunk

    def close(self) -> None:
        """Nothing is held."""


__all__ = ["SkeletonModel"]
