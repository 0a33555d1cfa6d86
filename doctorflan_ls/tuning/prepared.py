"""What a run needs before its model is loaded: the rows as tokens, the base, how many steps."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.models.local.tokenizer import Tokenizer
from doctorflan_ls.tuning.base import (
    BaseModel,
    Precision,
    chosen_precision,
    prepare_base,
    quiet_libraries,
)
from doctorflan_ls.tuning.config import TuneConfig
from doctorflan_ls.tuning.encoding import EncodedRows, Packs, encode, pack
from doctorflan_ls.tuning.record import Sides
from doctorflan_ls.tuning.rows import Rows, read_rows, split


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that a run needs before its model is loaded. ``steps`` is how many it will take."""

    config: TuneConfig
    base: BaseModel
    rows: Rows
    sides: Sides
    learn: Packs
    measure: Packs
    steps: int
    precision: Precision
    processes: int

    @property
    def tokens_per_step(self) -> float:
        """The tokens that one step reads, on average, fillings left out."""
        training = self.config.training
        per_step = training.batch * training.accumulate * self.processes
        return self.sides.encoded_learn.tokens / len(self.learn) * min(per_step, len(self.learn))


def is_first_process() -> bool:
    """True for the process that speaks and writes, of those that accelerate started."""
    return int(os.environ.get("RANK", "0")) == 0


def prepare(config: TuneConfig, names: Mapping[str, str], *, ready: Rows | None = None) -> Prepared:
    """Read the rows and the base's tokenizer. ``names`` are as `read_rows` has them.

    Raises BadRequest or ModelUnavailable for what cannot be tuned.
    """
    rows = ready or read_rows([config.path(each) for each in config.data.files], config.data, names)
    if rows.problems and config.data.bad_rows == "refuse":
        raise BadRequest("tune.bad-rows", count=len(rows.problems))
    with quiet_libraries():
        import accelerate  # noqa: PLC0415

        state = accelerate.PartialState(cpu=config.training.device == "cpu")
        with state.main_process_first():
            base = prepare_base(config)
    length = min(config.training.length, base.context)
    tokenizer = Tokenizer.load(base.folder)
    learn, measure = split(rows.rows, config.data.validation)
    sides = Sides(
        learn,
        measure,
        encode(learn, tokenizer, length),
        encode(measure, tokenizer, length),
    )
    if not sides.encoded_learn.rows:
        raise BadRequest("tune.no-rows", longest=sides.encoded_learn.longest, length=length)
    packs = _packs(sides.encoded_learn, config, length)
    return Prepared(
        config,
        base,
        rows,
        sides,
        packs,
        _packs(sides.encoded_measure, config, length),
        _steps(config, len(packs), state.num_processes),
        chosen_precision(config),
        state.num_processes,
    )


def _packs(encoded: EncodedRows, config: TuneConfig, length: int) -> Packs:
    rows = encoded.rows
    alone = [[index] for index in range(len(rows))]
    return Packs(rows, pack(rows, length) if config.training.packing else alone)


def _steps(config: TuneConfig, packs: int, processes: int) -> int:
    training = config.training
    batches = math.ceil(packs / (training.batch * processes))
    each_epoch = max(math.ceil(batches / training.accumulate), 1)
    return training.steps or max(math.ceil(training.epochs * each_epoch), 1)
