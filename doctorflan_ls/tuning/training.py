"""A run: transformers' own trainer, told what to do and watched."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.tuning.base import load_model, quiet_libraries
from doctorflan_ls.tuning.encoding import collate
from doctorflan_ls.tuning.prepared import Prepared, is_first_process
from doctorflan_ls.tuning.record import (
    CHECKPOINTS,
    RECORD_FILE,
    RESULT,
    Record,
    new_record,
    read_record,
)
from doctorflan_ls.tuning.watching import memory_mib, watcher

Progress = Callable[[float, float], None]


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
