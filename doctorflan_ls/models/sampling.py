"""How a local language model's next token is chosen."""

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
