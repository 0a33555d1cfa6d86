"""The record of a run, ``run.json``: what it began with, how it went, what it may be held to."""

from __future__ import annotations

import json
import platform
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from doctorflan_ls import __version__
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.tuning.base import BaseModel, licence_of
from doctorflan_ls.tuning.config import TuneConfig
from doctorflan_ls.tuning.curve import curve_svg
from doctorflan_ls.tuning.encoding import EncodedRows
from doctorflan_ls.tuning.rows import Row, Rows

RECORD_FILE = "run.json"
CURVE_FILE = "loss.svg"
# Where the base lies on this machine: no part of the record, which goes with the model.
PLACE_FILE = "base.path"
RESULT = "result"
CHECKPOINTS = "checkpoints"
_PACKAGES = ("torch", "transformers", "peft", "accelerate", "tokenizers", "numpy")
# What may differ between a run and its going on: none of it changes a step.
_FREE = {"checkpoint_every", "keep", "log_every", "threads", "device", "precision"}


@dataclass
class Record:
    """``table`` is what the file holds; ``folder`` is the run's."""

    folder: Path
    table: dict[str, Any] = field(default_factory=dict)

    def begin(self, base: BaseModel) -> None:
        """Write it for the first time."""
        _replace(self.folder / PLACE_FILE, str(base.folder))
        self.write()

    def write(self) -> None:
        """Put the file and the curve into the folder, each whole or not at all."""
        _replace(self.folder / RECORD_FILE, json.dumps(self.table, ensure_ascii=False, indent=2))
        curve = curve_svg(
            [(each["step"], each["loss"]) for each in self.table["curve"]],
            [(each["step"], each["loss"]) for each in self.table["validation"]],
            f"{self.table['base']['name']}, {self.table['config']['method']['kind']}, "
            f"{self.table['data']['learn']['rows']:,} rows",
        )
        _replace(self.folder / CURVE_FILE, curve)

    def take_history(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Renew the curves from the trainer's own log, which a checkpoint keeps."""
        names = ("step", "epoch", "loss", "learning_rate", "grad_norm")
        self.table["curve"] = [
            {name: each[name] for name in names if name in each}
            for each in history
            if "loss" in each
        ]
        self.table["validation"] = [
            {"step": each["step"], "epoch": each["epoch"], "loss": each["eval_loss"]}
            for each in history
            if "eval_loss" in each
        ]

    def check_same(self, other: Record) -> None:
        """Raise BadRequest where ``other`` would not go on with the same steps."""
        for name in ("base", "data", "config", "steps", "processes"):
            ours, theirs = (_bound(name, each.table.get(name)) for each in (self, other))
            if ours != theirs:
                raise BadRequest("tune.resume-differs", folder=self.folder, what=name)


def read_record(folder: Path) -> Record:
    """The record of a run's folder. Raises BadRequest."""
    path = folder / RECORD_FILE
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadRequest("tune.no-run", folder=folder) from None
    except (OSError, ValueError):
        raise BadRequest("tune.unreadable", name=path, reason="JSON") from None
    if not isinstance(table, dict) or not {"state", "base", "data", "config"} <= table.keys():
        raise BadRequest("tune.unreadable", name=path, reason="JSON")
    return Record(folder, table)


def place_of_base(folder: Path) -> Path:
    """Where the base of a run lay when it began. Raises BadRequest where nothing says so."""
    try:
        return Path((folder / PLACE_FILE).read_text(encoding="utf-8").strip())
    except OSError:
        raise BadRequest("tune.no-base", folder=folder) from None


@dataclass(frozen=True, slots=True)
class Sides:
    """The rows of both sides of the split, as they were read and as tokens."""

    learn: Sequence[Row]
    measure: Sequence[Row]
    encoded_learn: EncodedRows
    encoded_measure: EncodedRows


def new_record(config: TuneConfig, base: BaseModel, rows: Rows, sides: Sides) -> Record:
    """The record of a run that begins."""
    described = {
        name: asdict(getattr(config, name)) for name in ("base", "data", "method", "training")
    }
    described["base"]["model"] = base.name
    described["data"]["files"] = list(rows.files)
    table = {
        "state": "running",
        "doctorflan_ls": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {name: _version(name) for name in _PACKAGES},
        "seed": config.training.seed,
        "config": described,
        "base": {
            "name": base.name,
            "sha256": base.digest,
            "weights_sha256": base.weights,
            "family": base.family,
            "licence": licence_of(config, base),
        },
        "data": {
            "files": dict(rows.files),
            "sha256": rows.digest,
            "left_out": {"faulty": len(rows.problems), "leaked": rows.leaked},
            "learn": _side(sides.learn, sides.encoded_learn),
            "validation": _side(sides.measure, sides.encoded_measure),
            "categories": dict(Counter(row.category for row in sides.learn).most_common()),
        },
        "sessions": [],
        "curve": [],
        "validation": [],
    }
    # As it will be read back.
    return Record(config.folder, json.loads(json.dumps(table)))


def _side(rows: Sequence[Row], encoded: EncodedRows) -> dict[str, int]:
    return {
        "rows": len(rows) - encoded.too_long,
        "too_long": encoded.too_long,
        "tokens": encoded.tokens,
        "answer_tokens": encoded.learnt,
    }


def _bound(name: str, value: Any) -> Any:
    if name == "config" and isinstance(value, dict):
        training = {key: each for key, each in value["training"].items() if key not in _FREE}
        return {**value, "training": training, "data": None, "base": None}
    if name == "data" and isinstance(value, dict):
        return {key: value[key] for key in ("sha256", "learn", "validation")}
    return value.get("sha256") if name == "base" and isinstance(value, dict) else value


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
