"""A language model on torch: a token at a time, over a cache that the next prompt goes on from."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Finish, Message, ModelSpec, Sampling, Stop
from doctorflan_ls.models.local.sampling import Sampler
from doctorflan_ls.models.local.stopping import until
from doctorflan_ls.models.local.tokenizer import Tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A prompt is read in parts, so that a stop has effect between them.
_PART = 256
# How a token's numbers round depends on how many are read with it, and a near tie on how they
# round. So the cache is cut only here, and what was read token by token (an answer) is read again:
# an answer does not depend on what was asked before.
_BLOCK = 32


class TransformersChat:
    """A causal model of ``transformers``. The keys and values of the last prompt and answer stay.

    A prompt that begins as the last one did pays only for what differs.
    """

    def __init__(self, spec: ModelSpec, tokenizer: Tokenizer, model: Any) -> None:  # noqa: ANN401 - any architecture's class
        self._spec = spec
        self._tokenizer = tokenizer
        self._model = model
        # Without it a model scores every token of a prompt: a gigabyte at 2,000 tokens.
        names = inspect.signature(model.forward).parameters
        self._last_only = {"logits_to_keep": 1} if "logits_to_keep" in names else {}
        self._cache: Any = None
        self._ids: list[int] = []
        self._read = 0

    @property
    def spec(self) -> ModelSpec:
        """What it is and which version."""
        return self._spec

    @property
    def takes_lead(self) -> bool:
        """A local model always goes on from a beginning."""
        return True

    def count(self, messages: Sequence[Message]) -> int:
        """How many tokens ``messages`` take."""
        return len(self._tokenizer.prompt_ids(messages))

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop, lead: str = ""
    ) -> Generator[str, None, Finish]:
        """As `ChatModel.stream` says."""
        return until(self._pieces(messages, sampling, stop, lead), sampling.stop)

    def close(self) -> None:
        """Give the memory back."""
        on_gpu = self._model is not None and self._model.device.type == "cuda"
        self._model = self._cache = None
        self._ids = []
        gc.collect()
        if on_gpu:
            import torch  # noqa: PLC0415

            torch.cuda.empty_cache()

    def _pieces(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop, lead: str
    ) -> Generator[str, None, Finish]:
        if self._model is None:
            raise ModelUnavailable("torch.closed", model=self._spec.id)
        ids = self._tokenizer.prompt_ids(messages, lead)
        limit = self._room(len(ids), sampling.max_tokens)
        if stop.is_set():
            return "stop"
        sampler, decoder = Sampler(sampling), self._tokenizer.decoder(lead)
        pending = ids[self._reuse(ids) :]
        finish: Finish = "length"
        for made in range(limit):
            scores = self._scores(pending, stop, of_prompt=not made)
            if scores is None:
                return "stop"
            token = sampler.choose(scores)
            if token in self._tokenizer.end_ids:
                finish = "stop"
                break
            if piece := decoder.push(token):
                yield piece
            pending = [token]
        if rest := decoder.finish():
            yield rest
        return finish

    def _room(self, taken: int, wanted: int) -> int:
        """How many tokens the answer may have."""
        context = self._spec.context_length
        if not context:
            return wanted
        if taken >= context:
            raise ModelUnavailable(
                "torch.overflow", model=self._spec.id, taken=taken, context=context
            )
        return min(wanted, context - taken)

    def _reuse(self, ids: Sequence[int]) -> int:
        """Cut the cache back to what it shares with ``ids``; how many tokens those are.

        The last token is always read again: its scores are not kept.
        """
        shared = 0
        for old, new in zip(self._ids[: self._read], ids[:-1], strict=False):
            if old != new:
                break
            shared += 1
        shared -= shared % _BLOCK
        surplus = len(self._ids) - shared
        try:
            if shared and surplus:
                self._cache.crop(-surplus)
        except Exception:  # noqa: BLE001 - a cache of a window or a state cannot always go back
            shared = 0
        if not shared:
            self._forget()
        self._ids = self._ids[:shared]
        self._read = shared
        return shared

    def _scores(
        self, ids: Sequence[int], stop: Stop, *, of_prompt: bool
    ) -> NDArray[np.float32] | None:
        """The scores of what follows ``ids``, which are added to the cache; None once stopped."""
        scores = None
        left = list(ids)
        while left:
            if stop.is_set():
                return None
            size = _PART - len(self._ids) % _PART
            part, left = left[:size], left[size:]
            try:
                scores = self._step(part)
            except Exception as error:  # noqa: BLE001 - torch raises bare RuntimeErrors
                self._forget()
                key = "torch.memory-run" if _is_memory(error) else "torch.fails"
                raise ModelUnavailable(
                    key, model=self._spec.id, reason=type(error).__name__
                ) from None
            self._ids += part
            if of_prompt:
                self._read = len(self._ids)
        return scores

    def _step(self, ids: list[int]) -> NDArray[np.float32]:
        import torch  # noqa: PLC0415
        import transformers  # noqa: PLC0415

        if self._cache is None:
            self._cache = transformers.DynamicCache(config=self._model.config)
        with torch.inference_mode():
            given = torch.tensor([ids], device=self._model.device)
            answer = self._model(
                input_ids=given, past_key_values=self._cache, use_cache=True, **self._last_only
            )
            scores: NDArray[np.float32] = answer.logits[0, -1].float().cpu().numpy()
        return scores

    def _forget(self) -> None:
        self._cache = None
        self._ids = []
        self._read = 0


def _is_memory(error: Exception) -> bool:
    import torch  # noqa: PLC0415

    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and "allocate memory" in str(error)
    )
