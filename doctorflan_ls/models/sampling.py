"""How a local language model's next token is chosen, and where its answer ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.models.base import Sampling

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Sampler:
    """Chooses the tokens of one answer. The same logits and seed give the same tokens."""

    def __init__(self, sampling: Sampling) -> None:
        import numpy as np  # noqa: PLC0415

        self._sampling = sampling
        self._random = np.random.default_rng(sampling.seed)

    def choose(self, logits: NDArray[np.floating]) -> int:
        """The next token's id, from the scores of every token (one row, any float type)."""
        import numpy as np  # noqa: PLC0415

        how = self._sampling
        if how.temperature <= 0:
            return int(logits.argmax())
        scores = logits.astype(np.float64) / how.temperature
        # Stable, so that equal scores are in the order of their ids on every machine.
        order = np.argsort(-scores, kind="stable")
        if how.top_k > 0:
            order = order[: how.top_k]
        weights = np.exp(scores[order] - scores[order[0]])
        weights /= weights.sum()
        if how.top_p < 1:
            # The fewest likeliest tokens that reach top_p together; always the likeliest one.
            before = np.cumsum(weights) - weights
            kept = int(np.count_nonzero(before < how.top_p)) or 1
            order, weights = order[:kept], weights[:kept] / weights[:kept].sum()
        at = int(np.searchsorted(np.cumsum(weights), self._random.random(), side="right"))
        return int(order[min(at, len(order) - 1)])


class StopStrings:
    """Lets an answer's text through up to the first stop string, however it is cut into pieces."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.reached = False

    def push(self, text: str) -> str:
        """What may be shown once ``text`` came; the start of a possible stop string is held back.

        Sets ``reached`` where a stop string is complete; nothing is shown from then on.
        """
        if self.reached:
            return ""
        held = self._held + text
        ends = [at for stop in self._stops if (at := held.find(stop)) >= 0]
        if ends:
            self.reached, self._held = True, ""
            return held[: min(ends)]
        keep = max(
            (
                size
                for stop in self._stops
                for size in range(1, min(len(stop), len(held) + 1))
                if held.endswith(stop[:size])
            ),
            default=0,
        )
        self._held = held[len(held) - keep :]
        return held[: len(held) - keep]

    def finish(self) -> str:
        """What was held back, at the end of an answer that reached no stop string."""
        held, self._held = self._held, ""
        return held
