"""SmolLM2-135M-Instruct as a model of the DoctorFLAN language server; its card is README.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from doctorflan_ls.hookspecs import hookimpl

if TYPE_CHECKING:
    from doctorflan_ls.models.base import Listed

DOCTORFLAN_API = 1

# Filled when the package is built; see hatch_build.py.
FOLDER = Path(__file__).parent / "model"


@hookimpl
def register_models(register: Callable[[Listed], None]) -> None:
    """Offer the model; it answers nothing unless a setting or a command names it."""
    from doctorflan_ls.models.folders.store import folder_model  # noqa: PLC0415

    register(folder_model(FOLDER))
