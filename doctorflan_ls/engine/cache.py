"""Finished answers kept in memory, so that asking the same again costs nothing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

from doctorflan_ls.models.base import Chunk, Sampling

# Rough size of a chunk and of an evidence span beside the text itself.
_CHUNK_BYTES = 200
_SPAN_BYTES = 120


class CacheKey(NamedTuple):
    """What makes two answers the same. ``uri`` is there to drop a closed note's answers."""

    uri: str
    model: str
    model_version: str
    model_digest: str
    sampling: Sampling
    task: str
    prompt_digest: str
    language: str
    reading: int = 0


class AnswerCache:
    """Least recently used answers are dropped first; safe to use from several threads.

    ``capacity`` is in bytes of memory, estimated. Nothing is ever written to disk.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._entries: OrderedDict[CacheKey, tuple[Chunk, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: CacheKey) -> tuple[Chunk, ...] | None:
        """The answer under ``key``, or None."""
        with self._lock:
            chunks = self._entries.get(key)
            if chunks is not None:
                self._entries.move_to_end(key)
            return chunks

    def put(self, key: CacheKey, chunks: tuple[Chunk, ...]) -> None:
        """Keep ``chunks``; an answer larger than the whole cache is not kept."""
        size = _size(chunks)
        if size > self._capacity:
            return
        with self._lock:
            self._remove(key)
            self._entries[key] = chunks
            self._size += size
            while self._size > self._capacity:
                self._remove(next(iter(self._entries)))

    def forget(self, uri: str) -> None:
        """Drop every answer about the note ``uri``."""
        with self._lock:
            for key in [key for key in self._entries if key.uri == uri]:
                self._remove(key)

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._entries.clear()
            self._size = 0

    def _remove(self, key: CacheKey) -> None:
        chunks = self._entries.pop(key, None)
        if chunks is not None:
            self._size -= _size(chunks)


def _size(chunks: tuple[Chunk, ...]) -> int:
    return sum(
        _CHUNK_BYTES + 4 * len(chunk.text) + _SPAN_BYTES * len(chunk.evidence) for chunk in chunks
    )
