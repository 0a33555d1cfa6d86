"""The functions that export; what they need is imported when they run."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.tasks.model import Bilingual

Progress = Callable[[str, float], None]
Quantisation = Literal["int8", "int4", "fp32"]

PACKAGES = ("onnx", "gguf")


def quiet(_step: str, _part: float) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True, slots=True)
class About:
    """What only the person who exports knows of a model; see `Manifest`."""

    id: str
    version: str
    licence: str
    source_url: str
    languages: tuple[str, ...]
    description: Bilingual
    limits: Bilingual


@dataclass(frozen=True, slots=True)
class How:
    """How a model is exported. ``progress`` is told the step and the part of it done, 0 to 1."""

    quantisation: Quantisation = "int8"
    verify: bool = False
    replace: bool = False
    progress: Progress = quiet


def export_gguf(  # noqa: PLR0913  (all of a manifest that no file tells)
    source: Path,
    out: Path,
    *,
    id: str,  # noqa: A002  (as the manifest calls it)
    version: str,
    licence: str,
    source_url: str,
    languages: tuple[str, ...],
    description: Bilingual,
    limits: Bilingual,
    quantisation: Quantisation = "int8",
    verify: bool = False,
    replace: bool = False,
    progress: Progress = quiet,
) -> Manifest:
    """Write the model folder ``out`` from the GGUF file ``source``, without torch.

    Blocks of Q8_0 and Q4_0 are kept as they are; every other type is rounded to ``quantisation``.
    An interruption leaves nothing behind. Raises ModelUnavailable for bad input, and with
    ``verify`` for a model that departs too far from its source.
    """
    check_packages()
    from doctorflan_ls.export.build import from_gguf  # noqa: PLC0415

    about = About(id, version, licence, source_url, languages, description, limits)
    return from_gguf(source, out, about, How(quantisation, verify, replace, progress))


def export_hf(  # noqa: PLR0913  (all of a manifest that no file tells)
    source: Path,
    out: Path,
    *,
    id: str,  # noqa: A002  (as the manifest calls it)
    version: str,
    licence: str,
    source_url: str,
    languages: tuple[str, ...],
    description: Bilingual,
    limits: Bilingual,
    quantisation: Quantisation = "int8",
    verify: bool = False,
    replace: bool = False,
    progress: Progress = quiet,
) -> Manifest:
    """Write the model folder ``out`` from a Hugging Face folder of safetensors, without torch.

    Otherwise as `export_gguf`.
    """
    check_packages()
    from doctorflan_ls.export.build import from_hf  # noqa: PLC0415

    about = About(id, version, licence, source_url, languages, description, limits)
    return from_hf(source, out, about, How(quantisation, verify, replace, progress))


def repair_dynamic(  # noqa: PLR0913  (all of a manifest that no file tells)
    source: Path,
    out: Path,
    *,
    id: str,  # noqa: A002  (as the manifest calls it)
    version: str,
    licence: str,
    source_url: str,
    languages: tuple[str, ...],
    description: Bilingual,
    limits: Bilingual,
    verify: bool = False,
    replace: bool = False,
    progress: Progress = quiet,
) -> Manifest:
    """Write the model folder ``out`` from a folder with a dynamically quantised graph.

    The weights stay as they are, in 8-bit blocks. Where ``config.json`` names an architecture that
    can be written anew, and the new graph says the same as the old one without the quantised
    activations, the new one is taken: its operators are fused, which doubles its speed. Otherwise
    the old graph is kept and its products are replaced. Raises ModelUnavailable as the exports do,
    and where there is nothing to repair.
    """
    check_packages()
    from doctorflan_ls.export.repair import repaired  # noqa: PLC0415

    about = About(id, version, licence, source_url, languages, description, limits)
    return repaired(source, out, about, How("int8", verify, replace, progress))


def check_packages() -> None:
    """Raise ModelUnavailable where the extra that exports is not installed."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelUnavailable("export.no-extra", packages=", ".join(missing))
