"""The model a run begins with: looked at, unpacked where it cannot be trained as it is, loaded."""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from doctorflan_ls.errors import BadRequest, ModelUnavailable
from doctorflan_ls.export.architecture import from_config
from doctorflan_ls.export.build import read_config
from doctorflan_ls.export.floats import unpack
from doctorflan_ls.models.folders.manifest import sha256
from doctorflan_ls.models.folders.paths import is_pickle
from doctorflan_ls.models.transformers.files import check_weights
from doctorflan_ls.tuning.config import TuneConfig

UNPACKED = "base"
_LICENCE_FILES = ("LICENSE", "LICENSE.txt", "LICENCE", "LICENSE.md")

Precision = Literal["bf16", "fp32"]


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A folder that transformers reads.

    ``name`` and ``digest`` are the source's, as given; ``weights`` is the digest of what is in
    ``folder``, another where the source had to be unpacked. ``family`` is the architecture;
    ``context`` is in tokens.
    """

    folder: Path
    name: str
    digest: str
    weights: str
    family: str
    context: int


def prepare_base(config: TuneConfig) -> BaseModel:
    """The base of a run, unpacked into the run's folder where it is no safetensors.

    Raises ModelUnavailable, also for a family that could be trained but not exported afterwards.
    """
    source = config.path(config.base.model)
    if not source.exists():
        raise BadRequest("export.no-source", source=source)
    folder = source
    if not source.is_dir() or not any(source.glob("*.safetensors")):
        _refuse_weightless(source)
        folder = config.folder / UNPACKED
        if not (folder / "config.json").is_file():
            _unpacked(source, folder)
    shape = from_config(read_config(folder), folder / "config.json")
    check_weights(folder)
    digest, weights = digest_of(source), digest_of(folder)
    return BaseModel(folder, source.name, digest, weights, shape.family, shape.context)


def _refuse_weightless(source: Path) -> None:
    if source.is_dir() and not any(source.rglob("*.onnx")):
        pickled = any(is_pickle(path.name) for path in source.iterdir())
        raise ModelUnavailable("export.pickle" if pickled else "export.no-weights", folder=source)


def _unpacked(source: Path, folder: Path) -> None:
    """Write the folder whole or not at all."""
    stage = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        unpack(source, stage)
        shutil.rmtree(folder, ignore_errors=True)
        stage.rename(folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def digest_of(source: Path) -> str:
    """SHA-256 of the weights' files, by name."""
    if source.is_file():
        return sha256(source)
    whole = hashlib.sha256()
    for path in sorted([*source.glob("*.safetensors"), *source.rglob("*.onnx")]):
        whole.update(f"{path.relative_to(source).as_posix()} {sha256(path)}\n".encode())
    return whole.hexdigest()


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Within the block transformers stays off the network, prints nothing and warns of nothing.

    Its warnings are for whoever writes a program with it.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import transformers  # noqa: PLC0415

        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        yield


def chosen_precision(config: TuneConfig) -> Precision:
    """What is computed in: bf16 by itself only on a GPU that has it."""
    import torch  # noqa: PLC0415

    wanted = config.training.precision
    if wanted != "auto":
        return wanted
    gpu = config.training.device == "auto" and torch.cuda.is_available()
    return "bf16" if gpu and torch.cuda.is_bf16_supported() else "fp32"


def load_model(config: TuneConfig, base: BaseModel, precision: Precision) -> Any:
    """The model as it is trained: with new matrices beside its weights, or whole in float32."""
    import torch  # noqa: PLC0415

    lora = config.method.kind == "lora"
    # Weights that change in small steps need the precision; those that stay need not.
    model = load_weights(base.folder, torch.bfloat16 if lora and precision == "bf16" else None)
    # Without a cache the attention is cut where positions begin anew (`encoding.collate`).
    model.config.use_cache = False
    return _with_matrices(model, config) if lora else model


def load_weights(folder: Path, dtype: Any = None) -> Any:
    """A folder's model through transformers, in float32 by default; none of its code is run."""
    import torch  # noqa: PLC0415
    import transformers  # noqa: PLC0415

    try:
        return transformers.AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype or torch.float32,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
        )
    except (MemoryError, torch.OutOfMemoryError):
        raise ModelUnavailable("torch.memory-load", folder=folder) from None
    except Exception as error:  # noqa: BLE001 - each architecture has its own way to fail
        raise ModelUnavailable(
            "torch.architecture", folder=folder, kind="-", reason=type(error).__name__
        ) from None


def _with_matrices(model: Any, config: TuneConfig) -> Any:
    import peft  # noqa: PLC0415

    method = config.method
    wanted = peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=method.rank,
        lora_alpha=method.alpha,
        lora_dropout=method.dropout,
        target_modules=list(method.targets) or "all-linear",
    )
    try:
        return peft.get_peft_model(model, wanted)
    except ValueError:
        # peft's only complaint about a configuration like this one: no module of these names.
        linear = sorted(
            {name.rpartition(".")[2] for name, each in model.named_modules() if _is_linear(each)}
        )
        given = ", ".join(method.targets)
        raise BadRequest("tune.no-target", given=given, known=", ".join(linear)) from None


def _is_linear(module: Any) -> bool:
    return type(module).__name__ == "Linear"


def licence_of(config: TuneConfig, base: BaseModel) -> str:
    """The licence that the run states; where it states none, that a file of the base is one."""
    if config.base.licence:
        return config.base.licence
    found = next((name for name in _LICENCE_FILES if (base.folder / name).is_file()), "")
    return f"see {found} of {base.name}" if found else "unknown"
