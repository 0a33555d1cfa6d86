"""Plugins: installed packages and task files that add to what is built in.

`Plugins` finds and loads them (``loading.py``), a `Registry` is what is there then, ``hooks.py``
asks them while a doctor works. ``calls.py`` is the fence around their code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doctorflan_ls.plugins.manager import Plugins, Problem, Selection, no_plugins
    from doctorflan_ls.plugins.registry import Owned, Registry, builtin_registry

__all__ = ["Owned", "Plugins", "Problem", "Registry", "Selection", "builtin_registry", "no_plugins"]
_OF_THE_REGISTRY = ("Owned", "Registry", "builtin_registry")


def __getattr__(name: str) -> object:
    # A note is shown before any plugin is looked for: what loads them is imported when it is named.
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module  # noqa: PLC0415

    module = "registry" if name in _OF_THE_REGISTRY else "manager"
    return getattr(import_module(f"{__name__}.{module}"), name)
