"""The hooks that a plugin may implement.

A plugin is an installed package with an entry point in the group ``doctorflan_ls`` that names a
module or an object. Its functions marked `hookimpl` are called, each alone: one that fails takes
nothing else with it.
"""

from __future__ import annotations

from collections.abc import Callable

import pluggy

from doctorflan_ls.models.base import Listed

PROJECT = "doctorflan"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_models(register: Callable[[Listed], None]) -> None:
    """Call ``register`` with each model that the plugin brings; nothing may be loaded yet.

    A model in a folder of the package is listed by ``register(folder_model(folder))`` of
    `doctorflan_ls.models.folders.store`. An id that is taken already is reported and left out.
    """
