"""Weight matrices as blocks of 32 quantised values, the form that MatMulNBits multiplies fastest.

A value is ``(q - zero) * scale`` with one scale for each 32 values of a row. Without zero points
the operator takes the middle of the range: 128 for 8 bits, 8 for 4 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

BLOCK = 32

Bits = Literal[4, 8]
Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Blocks:
    """A matrix of ``rows`` by ``columns``, quantised along its columns.

    ``values`` are unpacked, ``[rows, blocks, 32]``; ``scales`` and ``zeros`` ``[rows, blocks]``.
    ``zeros`` None is the middle of the range.
    """

    bits: Bits
    columns: int
    values: Bytes
    scales: Floats
    zeros: Bytes | None = None

    @property
    def rows(self) -> int:
        """How many values the product has."""
        return int(self.values.shape[0])

    def taken(self, rows: Indices) -> Blocks:
        """The same matrix with its rows in another order."""
        zeros = None if self.zeros is None else self.zeros[rows]
        return Blocks(self.bits, self.columns, self.values[rows], self.scales[rows], zeros)

    def packed_values(self) -> Bytes:
        """``[rows, blocks, bytes]``; of two 4-bit values the first is in the low half."""
        if self.bits == 8:
            return self.values
        return _pairs(self.values)

    def packed_zeros(self) -> Bytes | None:
        """``[rows, bytes]``, each row filled up to whole bytes."""
        if self.zeros is None or self.bits == 8:
            return self.zeros
        padded = np.pad(self.zeros, ((0, 0), (0, self.zeros.shape[1] % 2)))
        return _pairs(padded)

    def floats(self) -> Floats:
        """The matrix as it will be multiplied."""
        zeros = self.zeros if self.zeros is not None else np.uint8(1 << (self.bits - 1))
        zeros = np.asarray(zeros, np.float32)
        shifted = self.values - (zeros[..., None] if zeros.ndim else zeros)
        whole: Floats = (shifted * self.scales[..., None]).astype(np.float32)
        return whole.reshape(self.rows, -1)[:, : self.columns]


def _pairs(values: Bytes) -> Bytes:
    packed: Bytes = (values[..., 0::2] | (values[..., 1::2] << np.uint8(4))).astype(np.uint8)
    return packed


def joined(parts: list[Blocks]) -> Blocks:
    """Several matrices over the same columns as one, row after row.

    They must have the same bits; those without zero points get the middle where others have some.
    """
    first = parts[0]
    zeros = None
    if any(part.zeros is not None for part in parts):
        zeros = np.concatenate([_zeros_of(part) for part in parts])
    return Blocks(
        first.bits,
        first.columns,
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.scales for part in parts]),
        zeros,
    )


def _zeros_of(part: Blocks) -> Bytes:
    if part.zeros is not None:
        return part.zeros
    return np.full(part.scales.shape, 1 << (part.bits - 1), np.uint8)


def quantised(matrix: Floats, bits: Bits) -> Blocks:
    """Round a matrix ``[rows, columns]`` to blocks: 8 bits around 0, 4 bits between min and max."""
    rows, columns = matrix.shape
    padded = np.pad(matrix, ((0, 0), (0, -columns % BLOCK))).reshape(rows, -1, BLOCK)
    if bits == 8:
        return _symmetric(padded, columns)
    return _ranged(padded, columns)


def _symmetric(blocks: Floats, columns: int) -> Blocks:
    scales = (np.abs(blocks).max(axis=2) / 127).astype(np.float32)
    inverse = np.divide(1, scales, out=np.zeros_like(scales), where=scales > 0)
    values = np.rint(blocks * inverse[..., None]) + 128
    return Blocks(8, columns, values.astype(np.uint8), scales)


# How far the range of a 4-bit block is narrowed in search of the smallest squared error.
_SHRINKS = (1.0, 0.95, 0.9, 0.85, 0.8)


def _ranged(blocks: Floats, columns: int) -> Blocks:
    low = np.minimum(blocks.min(axis=2), 0)
    high = np.maximum(blocks.max(axis=2), 0)
    best: tuple[Bytes, Floats, Bytes] | None = None
    error = np.full(low.shape, np.inf, np.float32)
    for shrink in _SHRINKS:
        values, scales, zeros = _rounded(blocks, low * shrink, high * shrink)
        back = (values - zeros[..., None].astype(np.float32)) * scales[..., None]
        found = np.square(back - blocks).sum(axis=2)
        if best is None:
            best = (values, scales, zeros)
        else:
            better = found < error
            best[0][better], best[1][better], best[2][better] = (
                values[better],
                scales[better],
                zeros[better],
            )
        error = np.minimum(error, found)
    assert best is not None  # noqa: S101  (there is more than one width)
    return Blocks(4, columns, *best)


def _rounded(blocks: Floats, low: Floats, high: Floats) -> tuple[Bytes, Floats, Bytes]:
    scales = ((high - low) / 15).astype(np.float32)
    inverse = np.divide(1, scales, out=np.zeros_like(scales), where=scales > 0)
    zeros = np.clip(np.rint(-low * inverse), 0, 15)
    values = np.clip(np.rint(blocks * inverse[..., None]) + zeros[..., None], 0, 15)
    return values.astype(np.uint8), scales, zeros.astype(np.uint8)
