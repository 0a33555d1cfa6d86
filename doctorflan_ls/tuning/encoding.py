"""Rows as tokens: the conversation as the server will ask it, and which tokens are learnt.

The server's own tokenizer makes the tokens, with the model's chat template: a model learns exactly
the form in which it is asked later, and no text of a row becomes a control token.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from doctorflan_ls.models.base import Message
from doctorflan_ls.tuning.rows import Row

if TYPE_CHECKING:
    from doctorflan_ls.models.local.tokenizer import Tokenizer

IGNORED = -100
"""The label of a token whose loss does not count, as torch's cross entropy has it."""

_MULTIPLE = 8

Tokens = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A row's tokens; the first ``asked`` of them are the question and are not learnt."""

    tokens: Tokens
    asked: int


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """Rows that fit, and how many were too long, the longest of all in tokens."""

    rows: tuple[Encoded, ...]
    too_long: int
    longest: int

    @property
    def tokens(self) -> int:
        """All tokens."""
        return sum(len(each.tokens) for each in self.rows)

    @property
    def learnt(self) -> int:
        """The tokens of answers."""
        return sum(len(each.tokens) - each.asked for each in self.rows)


def encode(rows: Iterable[Row], tokenizer: Tokenizer, length: int) -> EncodedRows:
    """The tokens of ``rows``, without those longer than ``length``.

    None is cut: a cut answer teaches to stop in the middle.
    """
    end = end_of_answer(tokenizer)
    found: list[Encoded] = []
    too_long = longest = 0
    for row in rows:
        asked = (Message("user", row.input),)
        prompt = tokenizer.prompt_ids(asked)
        whole = tokenizer.prompt_ids(asked, row.output)
        longest = max(longest, len(whole) + 1)
        if len(whole) + 1 > length:
            too_long += 1
            continue
        # The last token of the question may have merged with the answer's first.
        pairs = enumerate(zip(prompt, whole, strict=False))
        same = next((at for at, (ours, its) in pairs if ours != its), len(prompt))
        found.append(Encoded(np.array([*whole, end], np.int32), same))
    return EncodedRows(tuple(found), too_long, longest)


def end_of_answer(tokenizer: Tokenizer) -> int:
    """The token that ends an answer in the model's template."""
    turns = (Message("user", "a"), Message("assistant", "b"))
    ids = tokenizer.prompt_ids(turns)
    ends = tokenizer.end_ids
    return next((token for token in reversed(ids) if token in ends), min(ends))


def pack(rows: Sequence[Encoded], length: int) -> list[list[int]]:
    """Indices of rows that share a sequence of at most ``length`` tokens: best fit, longest first.

    The same rows give the same packs.
    """
    order = sorted(range(len(rows)), key=lambda index: (-len(rows[index].tokens), index))
    packs: list[list[int]] = []
    room: list[tuple[int, int]] = []
    for index in order:
        size = len(rows[index].tokens)
        at = bisect_left(room, (size, -1))
        if at == len(room):
            packs.append([index])
            left, number = length - size, len(packs) - 1
        else:
            left, number = room.pop(at)
            packs[number].append(index)
            left -= size
        insort(room, (left, number))
    return packs


class Packs:
    """What the trainer reads: one entry is the rows of one sequence."""

    def __init__(self, rows: Sequence[Encoded], packs: Sequence[Sequence[int]]) -> None:
        self._rows = rows
        self._packs = packs

    def __len__(self) -> int:
        return len(self._packs)

    def __getitem__(self, index: int) -> list[Encoded]:
        return [self._rows[each] for each in self._packs[index]]


def collate(batch: Sequence[Sequence[Encoded]]) -> dict[str, Any]:
    """A batch of sequences as tensors.

    Positions begin anew with each row, and with what fills a sequence up: that is how the model
    tells them apart, and none sees another's tokens.
    """
    import torch  # noqa: PLC0415

    longest = max(sum(len(row.tokens) for row in rows) for rows in batch)
    width = -(-longest // _MULTIPLE) * _MULTIPLE
    ids = np.zeros((len(batch), width), np.int64)
    labels = np.full((len(batch), width), IGNORED, np.int64)
    positions = np.zeros((len(batch), width), np.int64)
    for line, rows in enumerate(batch):
        at = 0
        for row in rows:
            end = at + len(row.tokens)
            ids[line, at:end] = row.tokens
            labels[line, at + row.asked : end] = row.tokens[row.asked :]
            positions[line, at:end] = np.arange(end - at)
            at = end
        positions[line, at:] = np.arange(width - at)
    return {
        "input_ids": torch.from_numpy(ids),
        "labels": torch.from_numpy(labels),
        "position_ids": torch.from_numpy(positions),
    }
