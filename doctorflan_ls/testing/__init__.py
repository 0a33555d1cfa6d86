"""What a plugin tests itself with; docs/plugins/testing.md is the guide.

The pytest plugin (``pytest_plugin.py``) is there wherever this package is installed. Nothing is
imported before it is used: every pytest run of the environment passes here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doctorflan_ls.testing.assertions import assert_drafted, assert_grounded, assert_loaded
    from doctorflan_ls.testing.drafting import draft
    from doctorflan_ls.testing.model_contract import ChatModelContract, ModelContract
    from doctorflan_ls.testing.models import QueueModel
    from doctorflan_ls.testing.notes import note
    from doctorflan_ls.testing.project import load_project
    from doctorflan_ls.testing.server import RunningServer

_MODULES = {
    "ChatModelContract": "model_contract",
    "ModelContract": "model_contract",
    "QueueModel": "models",
    "RunningServer": "server",
    "assert_drafted": "assertions",
    "assert_grounded": "assertions",
    "assert_loaded": "assertions",
    "draft": "drafting",
    "load_project": "project",
    "note": "notes",
}

__all__ = [
    "ChatModelContract",
    "ModelContract",
    "QueueModel",
    "RunningServer",
    "assert_drafted",
    "assert_grounded",
    "assert_loaded",
    "draft",
    "load_project",
    "note",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
