"""Plugins: installed packages and task files that add to what is built in.

`Plugins` finds and loads them (``loading.py``), a `Registry` is what is there then, ``hooks.py``
asks them while a doctor works. ``calls.py`` is the fence around their code.
"""

from __future__ import annotations

from doctorflan_ls.plugins.manager import Plugins, Problem, Selection, no_plugins
from doctorflan_ls.plugins.registry import Owned, Registry, builtin_registry

__all__ = ["Owned", "Plugins", "Problem", "Registry", "Selection", "builtin_registry", "no_plugins"]
