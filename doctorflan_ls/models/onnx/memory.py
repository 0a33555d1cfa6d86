"""How much memory a model may take, and how long a context fits into it."""

from __future__ import annotations

from dataclasses import dataclass

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.local.memory import available_mib

MIB = 1024 * 1024
# A context shorter than this holds no note with its task.
_LEAST_CONTEXT = 512
# The runtime itself and its arena for one step's values.
_OVERHEAD = 96 * MIB


@dataclass(frozen=True, slots=True)
class Needs:
    """What a model takes, in bytes: weights, logits of one step, cache for one token."""

    weights: int
    logits: int
    token: int


def fitting_context(needs: Needs, context: int, limit_mib: int, file: str) -> int:
    """How many tokens of context fit beside the weights, at most ``context``.

    ``limit_mib`` 0 is what the machine has free; where that is unknown, all fits. Raises
    ModelUnavailable where too little is left for any note.
    """
    limit = (limit_mib or available_mib()) * MIB
    if not limit:
        return context
    # Weights are held as read and, in part, once more as the kernels pack them.
    fixed = needs.weights + needs.weights // 4 + needs.logits + _OVERHEAD
    # Old and new buffers are both held while the cache grows.
    per_token = needs.token * 2
    fitting = min(context, max(limit - fixed, 0) // per_token)
    if fitting < min(context, _LEAST_CONTEXT):
        least = -(-(fixed + min(context, _LEAST_CONTEXT) * per_token) // MIB)
        raise ModelUnavailable("onnx.memory", file=file, needs=least, has=limit // MIB)
    return fitting


__all__ = ["MIB", "Needs", "fitting_context"]
