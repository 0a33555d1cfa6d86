"""The plugins of one process: loaded once, when they are first needed, and called by hook."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from doctorflan_ls.errors import DoctorFlanError, PluginFailed
from doctorflan_ls.hookspecs import BUDGETS
from doctorflan_ls.notes.brought import Reading, built
from doctorflan_ls.plugins.loading import (
    Plugin,
    Point,
    canonical,
    installed_points,
    load_one,
    unloaded,
)
from doctorflan_ls.plugins.registry import Registry, builtin_registry
from doctorflan_ls.plugins.scratch import Contribution
from doctorflan_ls.plugins.task_folder import PACKAGE, TaskFolder, read_folder

ALL = "*"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which plugins to load: packages by name, `ALL` for every installed one; and task files."""

    allow: tuple[str, ...] = (ALL,)
    folder: str = ""

    def allows(self, package: str) -> bool:
        """True where the package may be loaded."""
        return ALL in self.allow or package in {canonical(name) for name in self.allow}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the plugin or the task file ``name``."""

    name: str
    error: DoctorFlanError


class Plugins:
    """Loads what ``selection`` allows of the packages that ``points`` finds. Safe for threads.

    ``reading`` is what notes are to be read with once they are loaded; None before.
    """

    def __init__(
        self,
        selection: Selection | None = None,
        points: Callable[[], Iterable[Point]] = installed_points,
        budgets: Mapping[str, float] = BUDGETS,
    ) -> None:
        self.selection = selection or Selection()
        self.budgets = budgets
        self._points = points
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._registry = builtin_registry()
        self._plugins: tuple[Plugin, ...] = ()
        self._problems: tuple[Problem, ...] = ()
        self.reading: Reading | None = None

    @property
    def is_loaded(self) -> bool:
        """True once it is settled which plugins there are."""
        return self._ready.is_set()

    @property
    def registry(self) -> Registry:
        """What is there now: without plugins until they are loaded."""
        return self._registry

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """Every installed plugin, once they are loaded."""
        return self._plugins

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be loaded, once they are loaded."""
        return self._problems

    def load(self) -> Registry:
        """Load them, once; the first caller does it and the others wait."""
        with self._lock:
            if not self._ready.is_set():
                self._load()
                self._ready.set()
        return self._registry

    def wait(self, seconds: float) -> bool:
        """Wait for somebody else's ``load``; False where it takes longer."""
        return self._ready.wait(seconds)

    def implementing(self, hook: str) -> Iterator[Plugin]:
        """The loaded plugins that implement ``hook``, in their order."""
        return (plugin for plugin in self._plugins if hook in plugin.hooks)

    def _load(self) -> None:
        plugins: list[Plugin] = []
        taken: set[str] = set()
        for plugin, point in unloaded(self._points(), self.budgets):
            if point.package == PACKAGE:
                # What stands before the ids of the folder's tasks.
                plugin.state = "refused"
                plugin.error = PluginFailed("plugins.reserved", plugin=plugin.name)
            elif self.selection.allows(point.package):
                load_one(plugin, point)
                _refuse_clash(plugin, taken)
            plugins.append(plugin)
        folder = self._folder()
        problems = [Problem(each.name, each.error) for each in plugins if each.error is not None]
        problems += self._not_installed(
            {canonical(each.name.partition(":")[0]) for each in plugins}
        )
        problems += [Problem(name, error) for name, error in folder.problems]
        brought = [each.contribution for each in plugins if each.state == "loaded"]
        self._plugins = tuple(plugins)
        self._problems = tuple(problems)
        self._registry = Registry((*brought, folder.contribution))
        self.reading = built(self._registry.sections, self._registry.terms)

    def _folder(self) -> TaskFolder:
        if not self.selection.folder:
            return TaskFolder(Contribution(), ())
        return read_folder(Path(self.selection.folder).expanduser())

    def _not_installed(self, installed: set[str]) -> Iterator[Problem]:
        for name in self.selection.allow:
            if name != ALL and canonical(name) not in installed:
                known = ", ".join(sorted(installed)) or "-"
                yield Problem(name, PluginFailed("plugins.not-installed", name=name, known=known))


def no_plugins() -> Plugins:
    """What is built in, and nothing else."""
    plugins = Plugins(Selection(()), lambda: ())
    plugins.load()
    return plugins


def _refuse_clash(plugin: Plugin, taken: set[str]) -> None:
    """Two entry points of one package share its prefix: the first of an id stands."""
    brought = plugin.contribution
    ids = [
        *(f"task {each.id}" for each in brought.tasks),
        *(f"model {each.spec.id}" for each in brought.models),
        *(f"check {each.id}" for each in brought.checks),
        *(f"section {each.id}" for each in brought.sections if "/" in each.id),
    ]
    twice = next((each for each in ids if each in taken), None)
    if twice is None:
        taken.update(ids)
        return
    plugin.state = "refused"
    plugin.error = PluginFailed("plugins.twice", plugin=plugin.name, name=twice)
    plugin.hooks = {}
    plugin.contribution = Contribution(brought.package)
