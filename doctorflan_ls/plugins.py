"""Finding and asking the installed plugins, each alone: one that fails is reported, not spread.

Nothing is imported and no package is looked for until somebody asks for what plugins bring.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points

import pluggy

from doctorflan_ls import hookspecs
from doctorflan_ls.errors import DoctorFlanError, ModelUnavailable
from doctorflan_ls.incidents import report
from doctorflan_ls.models.base import Listed, ModelSpec

GROUP = "doctorflan_ls"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the plugin ``plugin``."""

    plugin: str
    error: DoctorFlanError


@dataclass(slots=True)
class Plugins:
    """The loaded plugins' models, each with its plugin's name, and what went wrong."""

    models: list[tuple[str, Listed]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@cache
def installed() -> Plugins:
    """What the installed plugins bring; they are loaded once for the process."""
    return load(entry_points(group=GROUP))


def load(points: Iterable[EntryPoint]) -> Plugins:
    """Load the plugins of ``points`` in the order of their names and ask each for its models."""
    found = Plugins()
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    # One installed twice over (a package and its checkout) is one plugin.
    once = {(point.name, point.value): point for point in points}
    for _, point in sorted(once.items()):
        name = _name(point, manager)
        with _contained(name, found.problems):
            # A hook that this version does not know is left alone: the plugin may be newer.
            manager.register(point.load(), name=name)
    # pluggy's own call ends at the first hook that raises, and loses the results of all others.
    for implementation in _in_order(manager):
        name = implementation.plugin_name
        with _contained(name, found.problems):
            _ask(implementation, _registrar(name, found))
    return found


def _name(point: EntryPoint, manager: pluggy.PluginManager) -> str:
    """The package's name, which the user knows; with the entry point's where it has several."""
    package = point.dist.name if point.dist is not None else point.name
    return f"{package}:{point.name}" if manager.has_plugin(package) else package


def _in_order(manager: pluggy.PluginManager) -> Iterator[pluggy.HookImpl]:
    implementations = manager.hook.register_models.get_hookimpls()
    for name, _ in manager.list_name_plugin():
        yield from (each for each in implementations if each.plugin_name == name)


def _ask(implementation: pluggy.HookImpl, register: Callable[[Listed], None]) -> None:
    if implementation.wrapper or implementation.hookwrapper:
        raise ModelUnavailable("plugins.wrapper", plugin=implementation.plugin_name)
    arguments = {"register": register}
    implementation.function(*(arguments[each] for each in implementation.argnames))


def _registrar(plugin: str, found: Plugins) -> Callable[[Listed], None]:
    def register(listed: Listed) -> None:
        fits = isinstance(listed, Listed) and isinstance(listed.spec, ModelSpec)
        if not fits or not callable(listed.load):
            raise ModelUnavailable("plugins.no-model", plugin=plugin)
        found.models.append((plugin, listed))

    return register


@contextmanager
def _contained(plugin: str, problems: list[Problem]) -> Iterator[None]:
    """Within the block, what the plugin raises becomes a problem, and what it prints is no output.

    The process's standard output may be an editor's connection or somebody's JSON.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except DoctorFlanError as error:
        problems.append(Problem(plugin, error))
    # A plugin is somebody else's code, and may even try to end the process.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        failure = ModelUnavailable(
            "plugins.failed", plugin=plugin, kind=type(error).__name__, reference=report(error)
        )
        problems.append(Problem(plugin, failure))
