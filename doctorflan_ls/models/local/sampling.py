"""How a local language model's next token is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.models.base import Sampling

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Sorting a whole vocabulary takes as long as a small model's step. The likeliest of these nearly
# always reach top_p; where they do not, all are sorted.
_SHORTLIST = 512


class Sampler:
    """Chooses the tokens of one answer. The same logits and seed give the same tokens."""

    def __init__(self, sampling: Sampling) -> None:
        import numpy as np  # noqa: PLC0415

        self._sampling = sampling
        self._random = np.random.Generator(np.random.PCG64(abs(sampling.seed)))

    def choose(self, logits: NDArray[np.floating]) -> int:
        """The next token's id, from the scores of every token (one row, any float type)."""
        import numpy as np  # noqa: PLC0415

        # numpy compares halves one by one, and singles many at a time.
        scores = logits.astype(np.float32, copy=False)
        how = self._sampling
        if how.temperature <= 0:
            return int(scores.argmax())
        weights = np.exp((scores - scores.max()) / how.temperature, dtype=np.float64)
        order = self._allowed(weights)
        sums = np.cumsum(weights if order is None else weights[order])
        at = int(np.searchsorted(sums, self._random.random() * sums[-1], side="right"))
        at = min(at, len(sums) - 1)
        return at if order is None else int(order[at])

    def _allowed(self, weights: NDArray[np.float64]) -> NDArray[np.intp] | None:
        """The tokens that may be drawn, the likeliest first; None for all of them."""
        how = self._sampling
        count = how.top_k if 0 < how.top_k < len(weights) else len(weights)
        if how.top_p >= 1:
            return None if count == len(weights) else _likeliest(weights, count)
        if count < len(weights):
            order = _likeliest(weights, count)
            total = float(weights[order].sum())
        else:
            order = _likeliest(weights, _SHORTLIST)
            total = float(weights.sum())
            if weights[order].sum() < how.top_p * total:
                order = _likeliest(weights, count)
        # The fewest that reach top_p together; always the likeliest one.
        before = weights[order].cumsum() - weights[order]
        return order[: max(int((before < how.top_p * total).sum()), 1)]


def _likeliest(weights: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """The ids of the ``count`` greatest, in order; equal ones in the order of their ids."""
    import numpy as np  # noqa: PLC0415

    if count >= len(weights):
        return np.argsort(-weights, kind="stable")
    least = np.partition(weights, -count)[-count]
    # Of those that equal the least the first by id: a partition alone would take any.
    found = np.flatnonzero(weights >= least)
    return found[np.argsort(-weights[found], kind="stable")][:count]


__all__ = ["Sampler"]
