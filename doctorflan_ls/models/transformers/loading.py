"""Loading a local model with torch: from the folder's files alone, or a clear refusal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import ModelOptions
from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.models.local.memory import available_mib, cores
from doctorflan_ls.models.local.tokenizer import Tokenizer
from doctorflan_ls.models.transformers.chat import TransformersChat
from doctorflan_ls.models.transformers.files import Weights, check_weights, read_config

if TYPE_CHECKING:
    import torch

    # What transformers' own classes are typed as differs from release to release.
    AnyConfig = Any
    AnyModel = Any

# Beside the weights: torch itself, the cache of a note and the values of one step.
_OVERHEAD_MIB = 400


def load_chat(folder: Path, manifest: Manifest, options: ModelOptions) -> TransformersChat:
    """Load the model of ``folder``. Raises ModelUnavailable."""
    read_config(folder)
    weights = check_weights(folder)
    tokenizer = Tokenizer.load(folder, manifest.template)
    torch = _import()
    device: Literal["cpu", "cuda"] = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(options.threads or max(cores() - 1, 1))
    config = _config(folder)
    dtype = _dtype(config, device)
    _refuse_large(folder, weights, dtype.itemsize, device, options)
    model = _model(folder, config, dtype, device)
    own = getattr(config.get_text_config(), "max_position_embeddings", 0) or 0
    limits = [limit for limit in (manifest.context_length, own) if limit]
    spec = manifest.spec(context_length=min(limits, default=0))
    return TransformersChat(spec, tokenizer, model)


def _import() -> Any:  # noqa: ANN401 - a module
    """Torch, with a `transformers` that stays off the network and prints nothing."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import torch  # noqa: PLC0415
        import transformers  # noqa: PLC0415
    except ImportError:
        raise ModelUnavailable("torch.not-installed") from None
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return torch


def _config(folder: Path) -> AnyConfig:
    import transformers  # noqa: PLC0415

    try:
        return transformers.AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # noqa: BLE001 - each architecture reads its own settings
        kind = read_config(folder).get("model_type")
        raise ModelUnavailable(
            "torch.architecture",
            folder=folder,
            kind=kind if isinstance(kind, str) and kind.isidentifier() else "-",
            reason=type(error).__name__,
        ) from None


def _dtype(config: AnyConfig, device: Literal["cpu", "cuda"]) -> torch.dtype:
    """As the weights were saved on a GPU; on a CPU half precision is slow, so single."""
    import torch  # noqa: PLC0415

    saved = getattr(config, "dtype", None) or getattr(config, "torch_dtype", None)
    return saved if device == "cuda" and isinstance(saved, torch.dtype) else torch.float32


def _refuse_large(
    folder: Path, weights: Weights, width: int, device: str, options: ModelOptions
) -> None:
    import torch  # noqa: PLC0415

    needed = max(weights.parameters * width, weights.size) // 2**20 + _OVERHEAD_MIB
    free = available_mib()
    if device == "cuda":
        free = torch.cuda.mem_get_info()[0] // 2**20
    if options.memory_mib:
        free = min(free, options.memory_mib) if free else options.memory_mib
    if free and needed > free:
        raise ModelUnavailable("torch.memory", folder=folder, needed=needed, free=free)


def _model(
    folder: Path, config: AnyConfig, dtype: torch.dtype, device: Literal["cpu", "cuda"]
) -> AnyModel:
    import torch  # noqa: PLC0415
    import transformers  # noqa: PLC0415

    try:
        model, found = transformers.AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
        model.eval()
        model.to(device)
    except (MemoryError, torch.OutOfMemoryError):
        raise ModelUnavailable("torch.memory-load", folder=folder) from None
    except Exception as error:  # noqa: BLE001 - each architecture has its own way to fail
        raise ModelUnavailable(
            "torch.architecture",
            folder=folder,
            kind=getattr(config, "model_type", "-"),
            reason=type(error).__name__,
        ) from None
    if absent := len(found["missing_keys"]) + len(found["mismatched_keys"]):
        raise ModelUnavailable("torch.incomplete", folder=folder, count=absent)
    return model
