"""A department classifier as a model of the DoctorFLAN language server; its card is README.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from doctorflan_ls.hookspecs import hookimpl

if TYPE_CHECKING:
    from doctorflan_ls.models.base import Listed

DOCTORFLAN_API = 1

# Made by training/train.py: the manifest with the file's hash, and the file.
FOLDER = Path(__file__).parent / "trained"


@hookimpl
def register_models(register: Callable[[Listed], None]) -> None:
    """Offer the model; it answers nothing unless a setting or a command names it."""
    from doctorflan_triage_onnx.model import listed  # noqa: PLC0415

    register(listed(FOLDER))
