"""A run: transformers' own trainer, told what to do and watched."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.models.local.tokenizer import Tokenizer
from doctorflan_ls.tuning.base import (
    BaseModel,
    Precision,
    chosen_precision,
    load_model,
    prepare_base,
    quiet_libraries,
)
from doctorflan_ls.tuning.config import TuneConfig
from doctorflan_ls.tuning.encoding import EncodedRows, Packs, collate, encode, pack
from doctorflan_ls.tuning.record import (
    CHECKPOINTS,
    RECORD_FILE,
    RESULT,
    Record,
    Sides,
    new_record,
    read_record,
)
from doctorflan_ls.tuning.rows import Rows, read_rows, split
from doctorflan_ls.tuning.watching import memory_mib, watcher

Progress = Callable[[float, float], None]


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


def train(prepared: Prepared, progress: Progress, *, resume: bool = False) -> Record:
    """Run to the end and write the result; with ``resume`` from the last whole checkpoint.

    Raises BadRequest where the folder holds another run, or none to go on with.
    """
    record, checkpoint = _begun(prepared, resume=resume)
    if record.table["state"] == "finished":
        return record
    folder = prepared.config.folder
    with quiet_libraries():
        trainer = _trainer(prepared, folder / CHECKPOINTS, prepared.steps)
        # The loss before the first step is what the curve falls from.
        trainer.args.eval_on_start = checkpoint is None and len(prepared.measure) > 0
        trainer.add_callback(watcher(record, progress, speaks=is_first_process()))
        trainable = sum(each.numel() for each in trainer.model.parameters() if each.requires_grad)
        record.table["parameters"] = sum(each.numel() for each in trainer.model.parameters())
        record.table["trainable"] = trainable
        check_disk(prepared, trainable)
        _run(trainer, checkpoint)
        trainer.save_model(str(folder / RESULT))
    record.take_history(trainer.state.log_history)
    best = trainer.state.best_global_step if len(prepared.measure) else None
    record.table |= {"state": "finished", "kept_step": best or prepared.steps}
    if is_first_process():
        record.write()
    return record


def _begun(prepared: Prepared, *, resume: bool) -> tuple[Record, Path | None]:
    """The record that a run writes, and the checkpoint that it goes on from."""
    import accelerate  # noqa: PLC0415

    folder = prepared.config.folder
    fresh = new_record(prepared.config, prepared.base, prepared.rows, prepared.sides)
    fresh.table |= {
        "precision": prepared.precision,
        "processes": prepared.processes,
        "steps": prepared.steps,
    }
    is_there = (folder / RECORD_FILE).exists()
    # All look before the first writes.
    accelerate.PartialState().wait_for_everyone()
    if not is_there:
        if resume:
            raise BadRequest("tune.no-run", folder=folder)
        folder.mkdir(parents=True, exist_ok=True)
        if is_first_process():
            fresh.begin(prepared.base)
        return fresh, None
    if not resume:
        raise BadRequest("tune.run-exists", folder=folder)
    old = read_record(folder)
    old.check_same(fresh)
    if old.table["precision"] != prepared.precision:
        raise BadRequest("tune.resume-differs", folder=folder, what="precision")
    return old, last_checkpoint(folder / CHECKPOINTS)


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written whole; what a kill left half written is removed."""

    def number(path: Path) -> int:
        tail = path.name.rpartition("-")[2]
        return int(tail) if tail.isdecimal() else -1

    for path in sorted(folder.glob("checkpoint-*"), key=number, reverse=True):
        if _is_whole(path, number(path)):
            return path
        shutil.rmtree(path, ignore_errors=True)
    return None


def _is_whole(path: Path, step: int) -> bool:
    # The trainer writes its state last.
    try:
        state = json.loads((path / "trainer_state.json").read_text(encoding="utf-8"))
        return state["global_step"] == step and (path / "optimizer.pt").is_file()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _run(trainer: Any, checkpoint: Path | None) -> None:
    import torch  # noqa: PLC0415

    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except (MemoryError, torch.OutOfMemoryError):
        raise BadRequest("tune.memory") from None


def _trainer(prepared: Prepared, folder: Path, steps: int) -> Any:
    import transformers  # noqa: PLC0415

    training = prepared.config.training
    if training.threads:
        import torch  # noqa: PLC0415

        torch.set_num_threads(training.threads)
    # New matrices are drawn from it.
    transformers.set_seed(training.seed)
    model = load_model(prepared.config, prepared.base, prepared.precision)
    trainer = transformers.Trainer(
        model=model,
        args=_arguments(prepared, folder, steps),
        data_collator=collate,
        train_dataset=prepared.learn,
        eval_dataset=prepared.measure if len(prepared.measure) else None,
    )
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer


def _arguments(prepared: Prepared, folder: Path, steps: int) -> Any:
    import accelerate  # noqa: PLC0415
    import transformers  # noqa: PLC0415

    training = prepared.config.training
    measured = len(prepared.measure) > 0
    more: dict[str, Any] = {}
    if training.gradient_checkpointing:
        more["gradient_checkpointing"] = True
        more["gradient_checkpointing_kwargs"] = {"use_reentrant": False}
    return transformers.TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        learning_rate=prepared.config.learning_rate,
        lr_scheduler_type=training.schedule,
        warmup_steps=round(training.warmup * prepared.steps),
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        per_device_train_batch_size=training.batch,
        per_device_eval_batch_size=training.batch,
        gradient_accumulation_steps=training.accumulate,
        bf16=prepared.precision == "bf16",
        use_cpu=accelerate.PartialState().device.type == "cpu",
        seed=training.seed,
        data_seed=training.seed,
        save_strategy="steps",
        save_steps=training.checkpoint_every,
        save_total_limit=training.keep,
        eval_strategy="steps" if measured else "no",
        eval_steps=training.checkpoint_every,
        load_best_model_at_end=measured,
        metric_for_best_model="eval_loss" if measured else None,
        prediction_loss_only=True,
        logging_steps=training.log_every,
        # A loss that is no number is to be seen, not smoothed away.
        logging_nan_inf_filter=False,
        label_names=["labels"],
        remove_unused_columns=False,
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
        ddp_find_unused_parameters=False,
        **more,
    )


def check_disk(prepared: Prepared, trainable: int) -> None:
    """Raise BadRequest where the disk has no room for the checkpoints and the result."""
    # The values, and two of the optimizer's for each; one checkpoint more while the oldest goes.
    needed = trainable * 4 * (3 * (prepared.config.training.keep + 2) + 1)
    free = shutil.disk_usage(prepared.config.folder).free
    if free < needed:
        out, mib = prepared.config.folder, 1 << 20
        raise BadRequest("export.disk-full", out=out, needed=needed // mib + 1, free=free // mib)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would take, by a few of its own steps.

    ``memory_mib`` is the most that was taken: of the GPU, else of the process.
    """

    parameters: int
    trainable: int
    seconds_per_step: float
    memory_mib: int
    device: str

    def hours(self, prepared: Prepared) -> float:
        """For all steps and validations."""
        checks = math.ceil(prepared.steps / prepared.config.training.checkpoint_every)
        measured = prepared.sides.encoded_measure.tokens / prepared.processes
        # Reading alone is a third of reading, going back and changing.
        reading = self.seconds_per_step * measured / prepared.tokens_per_step / 3
        return (self.seconds_per_step * prepared.steps + checks * reading) / 3600


def estimate(prepared: Prepared, progress: Progress, steps: int = 3) -> Estimate:
    """Run ``steps`` steps after one to warm up; nothing is kept."""
    with quiet_libraries(), tempfile.TemporaryDirectory() as spare:
        trainer = _trainer(prepared, Path(spare), steps + 1)
        trainer.args.save_strategy = trainer.args.eval_strategy = "no"
        trainer.args.load_best_model_at_end = False
        seen = watcher(None, progress, speaks=is_first_process())
        trainer.add_callback(seen)
        _run(trainer, None)
        parameters = list(trainer.model.parameters())
        return Estimate(
            sum(each.numel() for each in parameters),
            sum(each.numel() for each in parameters if each.requires_grad),
            (seen.times[-1] - seen.times[0]) / (len(seen.times) - 1),
            memory_mib(),
            str(trainer.args.device),
        )
