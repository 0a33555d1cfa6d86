"""Runs a decoder's graph: a prompt in pieces, then token by token, keeping what it has seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnxruntime import InferenceSession, IOBinding, OrtValue, RunOptions

from doctorflan_ls.models.onnx.cache import Array, Cache
from doctorflan_ls.models.onnx.layout import Feed, Layout, Role

Logits = npt.NDArray[np.floating[Any]]
_LONGEST_PIECE = 512
_SHORTEST_PIECE = 32
# A piece begins at a multiple of this, however much of the prompt was kept: the runtime's matrix
# products treat rows in tiles, and a row that comes out otherwise than in a cold run can turn a
# greedy answer.
_TILE = 32
# A graph that gives logits for every token of a piece needs this much for them.
_LOGITS_BYTES = 64 * 1024 * 1024


def piece_length(layout: Layout) -> int:
    """How many tokens of a prompt are run in one step: few enough to stop between and to hold."""
    if layout.last_only:
        return _LONGEST_PIECE
    row = layout.vocabulary * np.dtype(layout.logits_dtype).itemsize
    fitting = _LOGITS_BYTES // row // _SHORTEST_PIECE * _SHORTEST_PIECE
    return min(max(fitting, _SHORTEST_PIECE), _LONGEST_PIECE)


class Decoder:
    """A graph with its cache. The cache holds the keys and values of ``tokens``.

    A step that is stopped or fails raises the runtime's error and leaves ``tokens`` and the cache
    as they were before it.
    """

    def __init__(
        self, session: InferenceSession, layout: Layout, cache: Cache, context: int
    ) -> None:
        self._session = session
        self._layout = layout
        self._cache = cache
        self._binding: IOBinding = session.io_binding()
        self._piece = piece_length(layout)
        self._bound = 0
        self._ids: Array = np.zeros(0)
        self._positions: Array | None = None
        self._row: Logits = np.zeros(0)
        mask = layout.feeds.get("attention_mask")
        self._ones: Array = np.ones(context, mask.dtype if mask else "int64")
        self._scratch: Array = np.zeros(0, layout.logits_dtype)
        self._read = 0
        self.tokens: list[int] = []

    def reuse(self, prompt: Sequence[int], *, continued: bool = False) -> int:
        """Keep of the cache what ``prompt`` begins with; return how many tokens that are.

        At least the last token of ``prompt`` is left to be run: its logits choose the next one.
        What is kept was read as a prompt and in whole tiles, so that the answer is the same as
        from an empty cache; a prompt that is ``continued`` from the answer just made keeps all.
        """
        kept = 0
        for seen, wanted in zip(self.tokens, prompt[:-1], strict=False):
            if seen != wanted:
                break
            kept += 1
        if not continued:
            kept = min(kept, self._read) // _TILE * _TILE
        self._read = min(self._read, kept)
        self._cache.trim(kept)
        del self.tokens[kept:]
        return kept

    def prefill(self, tokens: Sequence[int], options: RunOptions) -> Logits:
        """Run the tokens in pieces; return the logits after the last, valid until the next step."""
        start = 0
        while start < len(tokens):
            # To the next multiple of a piece: where a cold run ends its pieces too.
            end = start + self._piece - self._cache.length % self._piece
            whole = self._read == self._cache.length
            self._run(tokens[start:end], options)
            if whole:
                self._read = self._cache.length
            start = end
        return self._row

    def step(self, token: int, options: RunOptions) -> Logits:
        """Run one token; return the logits after it, valid until the next step."""
        self._run((token,), options)
        return self._row

    def _run(self, tokens: Sequence[int], options: RunOptions) -> None:
        new, past = len(tokens), self._cache.length
        if new != self._bound:
            self._bind(new)
        self._ids[:] = tokens
        if self._positions is not None:
            self._positions[:] = np.arange(past, past + new)
        self._bind_lengths(past, new)
        self._cache.bind(self._binding, new)
        self._session.run_with_iobinding(self._binding, options)
        self._cache.commit(self._binding, new)
        self.tokens.extend(tokens)

    def _bind(self, new: int) -> None:
        """Make and bind what is as long as the step; between steps of one length it is reused."""
        layout = self._layout
        # Outputs are taken by position: logits first, then the cache's slots.
        self._binding.clear_binding_outputs()
        self._bound = 0
        self._ids = self._feed(layout.feeds["input_ids"], new)
        positions = layout.feeds.get("position_ids")
        self._positions = self._feed(positions, new) if positions else None
        rows = 1 if layout.last_only else new
        if self._scratch.size < rows * layout.vocabulary:
            self._scratch = np.zeros(rows * layout.vocabulary, layout.logits_dtype)
        logits = self._scratch[: rows * layout.vocabulary].reshape(rows, layout.vocabulary)
        shaped = logits if layout.logits_rank == 2 else logits[None]
        self._binding.bind_ortvalue_output(layout.logits, OrtValue.ortvalue_from_numpy(shaped))
        self._row = logits[-1]
        keep = layout.feeds.get("keep_logits")
        if keep:
            self._put(keep, 1)
        self._cache.unbound()
        self._bound = new

    def _bind_lengths(self, past: int, new: int) -> None:
        feeds = self._layout.feeds
        total = past + new
        mask = feeds.get("attention_mask")
        if mask:
            ones = self._ones[None, :total]
            self._binding.bind_ortvalue_input(mask.name, OrtValue.ortvalue_from_numpy(ones))
        lengths: tuple[tuple[Role, int], ...] = (
            ("past_length", past),
            ("total_length", total),
            ("seqlens_k", total - 1),
            ("use_cache", past > 0),
        )
        for role, value in lengths:
            if role in feeds:
                self._put(feeds[role], value)
        if "cache_position" in feeds:
            feed = feeds["cache_position"]
            places = np.arange(past, total, dtype=feed.dtype)
            self._binding.bind_ortvalue_input(feed.name, OrtValue.ortvalue_from_numpy(places))

    def _feed(self, feed: Feed, new: int) -> Array:
        """A bound buffer of ``new`` elements, seen as a flat one."""
        array = np.zeros((1,) * (feed.rank - 1) + (new,), feed.dtype)
        self._binding.bind_ortvalue_input(feed.name, OrtValue.ortvalue_from_numpy(array))
        return array.reshape(-1)

    def _put(self, feed: Feed, value: int) -> None:
        array = np.full((1,) * feed.rank, value, feed.dtype)
        self._binding.bind_ortvalue_input(feed.name, OrtValue.ortvalue_from_numpy(array))


__all__ = ["Decoder", "Logits", "piece_length"]
