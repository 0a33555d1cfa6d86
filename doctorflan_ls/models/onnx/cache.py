"""The keys and values of the tokens that were run, kept from step to step without a copy."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from onnxruntime import IOBinding, OrtValue

from doctorflan_ls.models.onnx.layout import Slot

Array = npt.NDArray[Any]
_FIRST_CAPACITY = 1024


class Cache(Protocol):
    """The cache of one conversation. ``length`` is the tokens of completed steps.

    A step: ``bind``, the run, ``commit``. A run that was stopped or failed is not committed, and
    the cache is then what it was before it.
    """

    @property
    def length(self) -> int:
        """How many tokens it holds."""

    def bind(self, binding: IOBinding, new: int) -> None:
        """Give the next step its past and a place for what it adds: ``new`` tokens."""

    def commit(self, binding: IOBinding, new: int) -> None:
        """Take what the step added."""

    def trim(self, length: int) -> None:
        """Keep the first ``length`` tokens."""

    def unbound(self) -> None:
        """Whatever was bound to a step no longer is."""


class SharedCache:
    """One buffer for each slot, read and written in place.

    For graphs whose attention is told how much of the buffer counts. Buffers double up to
    ``most`` tokens as the conversation grows, so a short one never pays for a long context.
    """

    def __init__(self, slots: Sequence[Slot], most: int) -> None:
        self._slots = slots
        self._most = most
        self._capacity = 0
        self._arrays: list[Array] = []
        self._values: list[OrtValue] = []
        self._bound: IOBinding | None = None
        self.length = 0

    def bind(self, binding: IOBinding, new: int) -> None:
        """Buffers stay bound; they are bound anew only where they grew."""
        if self.length + new > self._capacity:
            self._grow(self.length + new)
        elif binding is self._bound:
            return
        for slot, value in zip(self._slots, self._values, strict=True):
            binding.bind_ortvalue_input(slot.past, value)
            binding.bind_ortvalue_output(slot.present, value)
        self._bound = binding

    def commit(self, binding: IOBinding, new: int) -> None:  # noqa: ARG002
        """The step wrote in place."""
        self.length += new

    def trim(self, length: int) -> None:
        """What lies behind ``length`` does not count and is written over."""
        self.length = length

    def unbound(self) -> None:
        """Bind the buffers again before the next step."""
        self._bound = None

    def _grow(self, needed: int) -> None:
        capacity = max(self._capacity, _FIRST_CAPACITY)
        while capacity < needed:
            capacity *= 2
        capacity = max(min(capacity, self._most), needed)
        arrays: list[Array] = []
        for index, slot in enumerate(self._slots):
            # Zeros, for a page that is never touched then takes no memory.
            array = np.zeros(_at_length(slot, capacity), slot.dtype)
            if self.length:
                array[:, :, : self.length] = self._arrays[index][:, :, : self.length]
            arrays.append(array)
        self._arrays = arrays
        self._values = [OrtValue.ortvalue_from_numpy(array) for array in arrays]
        self._capacity = capacity


class GrowingCache:
    """What a step gave back is what the next one is given.

    For graphs that append to their past and return the longer one as new tensors: they stay the
    runtime's own and are handed on as they are.
    """

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._slots = slots
        self._values = self._empty()
        self.length = 0

    def bind(self, binding: IOBinding, new: int) -> None:  # noqa: ARG002
        """The runtime makes the places for what the step gives."""
        for slot, value in zip(self._slots, self._values, strict=True):
            binding.bind_ortvalue_input(slot.past, value)
            binding.bind_output(slot.present, "cpu")

    def commit(self, binding: IOBinding, new: int) -> None:
        """Keep the new tensors in place of the old ones."""
        outputs = binding.get_outputs()
        # The logits are bound first, then the slots in order.
        self._values = outputs[len(outputs) - len(self._slots) :]
        self.length += new

    def trim(self, length: int) -> None:
        """Cut each tensor: the one copy, and only where another conversation begins."""
        if length == self.length:
            return
        if length:
            self._values = [
                OrtValue.ortvalue_from_numpy(_cut(value, slot, length))
                for slot, value in zip(self._slots, self._values, strict=True)
            ]
        else:
            self._values = self._empty()
        self.length = length

    def unbound(self) -> None:
        """Every step binds anew."""

    def _empty(self) -> list[OrtValue]:
        return [
            OrtValue.ortvalue_from_numpy(np.zeros(slot.shape, slot.dtype)) for slot in self._slots
        ]


def _at_length(slot: Slot, length: int) -> tuple[int, ...]:
    return (*slot.shape[: slot.axis], length, *slot.shape[slot.axis + 1 :])


def _cut(value: OrtValue, slot: Slot, length: int) -> Array:
    """The first ``length`` tokens of the tensor, copied once.

    ``OrtValue.numpy`` would copy all of it first, so its memory is read where it lies.
    """
    shape = value.shape()
    size = int(np.prod(shape)) * np.dtype(slot.dtype).itemsize
    raw = memoryview((ctypes.c_char * size).from_address(value.data_ptr()))
    whole = np.frombuffer(raw, slot.dtype).reshape(shape)
    return np.ascontiguousarray(whole[(slice(None),) * slot.axis + (slice(length),)]).copy()


__all__ = ["Cache", "GrowingCache", "SharedCache"]
