"""Loading one plugin, whatever it does: it counts whole, or it is left out and says why."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import Distribution, distributions
from importlib.resources import files
from inspect import ismodule
from types import MappingProxyType
from typing import Any, Literal, NoReturn

import pluggy

from doctorflan_ls import hookspecs
from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.plugins.calls import Caller, Refused
from doctorflan_ls.plugins.scratch import Contribution, Scratch
from doctorflan_ls.plugins.task_folder import read_source

State = Literal["loaded", "off", "refused"]
Implementation = Callable[..., Any]

REGISTERING = (
    # Sections first: tasks name them.
    "register_sections",
    "register_tasks",
    "register_models",
    "register_checks",
    "register_terms",
)
HOOKS = tuple(
    name for name in vars(hookspecs) if hasattr(getattr(hookspecs, name), "doctorflan_spec")
)
"""The names of all hooks, in the order of the contract."""

_SEPARATORS = re.compile(r"[-_.]+")


@dataclass(frozen=True, slots=True)
class Point:
    """Where a plugin is: an entry point ``name`` of ``package``, and how its module is imported."""

    package: str
    version: str
    name: str
    load: Callable[[], object]


@dataclass(slots=True)
class Plugin:
    """An installed plugin. ``error`` says why one is ``refused``.

    ``name`` is the package's, with the entry point's behind it where the package has several.
    ``hooks`` are what it implements, ``strange`` what looks like a hook of another version.
    """

    name: str
    version: str
    entry: str
    caller: Caller
    state: State = "off"
    error: DoctorFlanError | None = None
    hooks: Mapping[str, Implementation] = field(default_factory=dict)
    strange: tuple[str, ...] = ()
    contribution: Contribution = field(default_factory=Contribution)
    load_seconds: float = 0.0


def canonical(name: str) -> str:
    """A package's name as PyPI compares it: lower case, one hyphen for each separator."""
    return _SEPARATORS.sub("-", name).lower()


def installed_points() -> Iterator[Point]:
    """The entry points of the installed packages, in the order of the packages' names.

    A package that is installed twice over (once as its checkout) is one. One whose metadata is
    broken, as a removal that stopped half-way leaves it, hides no other.
    """
    once: dict[tuple[str, str], Point] = {}
    for distribution in distributions():
        for point in _points_of(distribution):
            once.setdefault((point.package, point.name), point)
    yield from (point for _, point in sorted(once.items()))


def _points_of(distribution: Distribution) -> Iterator[Point]:
    try:
        listed = distribution.read_text("entry_points.txt") or ""
    except (OSError, ValueError):
        return
    if hookspecs.GROUP not in listed:
        return
    try:
        points = [each for each in distribution.entry_points if each.group == hookspecs.GROUP]
        # The name comes from the package's metadata: nothing that its code says changes it.
        package, version = str(distribution.name), str(distribution.version or "")
    # Whatever the reader of broken files stumbles over.
    except Exception:  # noqa: BLE001
        name = _folder_name(distribution)
        yield Point(canonical(name), "", name, partial(_broken, name))
        return
    for point in points:
        yield Point(canonical(package), version, point.name, point.load)


def _folder_name(distribution: Distribution) -> str:
    """The package's name as its metadata folder has it (``name-1.0.dist-info``)."""
    files = distribution.locate_file("")
    folder = getattr(distribution, "_path", files)
    return str(getattr(folder, "name", "?")).partition("-")[0] or "?"


def _broken(name: str) -> NoReturn:
    raise Refused("plugins.half-removed", plugin=name)


def unloaded(
    points: Iterable[Point], budgets: Mapping[str, float]
) -> Iterator[tuple[Plugin, Point]]:
    """A plugin, not loaded, for each point."""
    all_points = tuple(points)
    packages = [point.package for point in all_points]
    for point in all_points:
        several = packages.count(point.package) > 1
        name = f"{point.package}:{point.name}" if several else point.package
        yield Plugin(name, point.version, point.name, Caller(name, budgets)), point


def load_one(plugin: Plugin, point: Point) -> None:
    """Import a plugin and let it register; what it brings is in its contribution."""
    package = point.package
    began = time.monotonic()
    try:
        _load(plugin, package, point.load)
        plugin.state = "loaded"
    except DoctorFlanError as error:
        plugin.state, plugin.error = "refused", error
        plugin.hooks = MappingProxyType({})
        plugin.contribution = Contribution(package)
    plugin.load_seconds = time.monotonic() - began


def _load(plugin: Plugin, package: str, load: Callable[[], object]) -> None:
    module, hooks, strange = plugin.caller.call("import", lambda: _imported(plugin.name, load))
    plugin.hooks, plugin.strange = hooks, strange
    scratch = Scratch(package)
    registrars: dict[str, Callable[..., None]] = {
        "register_sections": scratch.register_section,
        "register_tasks": scratch.register_task,
        "register_models": scratch.register_model,
        "register_checks": scratch.register_check,
        "register_terms": scratch.register_term,
    }
    has_files = False
    for name in REGISTERING:
        if name in hooks:
            registrar = registrars[name]
            plugin.caller.call(name, lambda name=name, call=registrar: hooks[name](register=call))  # type: ignore[misc]
        if name == "register_sections":
            has_files = plugin.caller.call(
                "register_tasks", lambda: _register_files(module, scratch)
            )
    if not hooks and not has_files:
        raise Refused("plugins.empty", plugin=plugin.name)
    plugin.contribution = plugin.caller.call("register_tasks", scratch.commit)


def _imported(
    name: str, load: Callable[[], object]
) -> tuple[object, Mapping[str, Implementation], tuple[str, ...]]:
    module = load()
    hooks, strange = _implementations(name, module)
    # Task files are data, whose schema is their contract.
    if hooks or strange:
        _check_api(name, module)
    return module, hooks, strange


def _check_api(name: str, module: object) -> None:
    wanted = getattr(module, "DOCTORFLAN_API", None)
    if wanted is None:
        raise Refused("plugins.no-api", plugin=name, api=hookspecs.API)
    if wanted != hookspecs.API or type(wanted) is not int:
        shown = wanted if type(wanted) is int else type(wanted).__name__
        raise Refused("plugins.wrong-api", plugin=name, wanted=shown, api=hookspecs.API)


def _implementations(
    name: str, module: object
) -> tuple[Mapping[str, Implementation], tuple[str, ...]]:
    """The functions by hook, which take any of the hook's arguments by name."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name=name)
    except pluggy.PluginValidationError as error:
        raise _misfit(name, str(error)) from None
    hooks: dict[str, Implementation] = {}
    for hook in HOOKS:
        for each in getattr(manager.hook, hook).get_hookimpls():
            if each.wrapper or each.hookwrapper:
                raise Refused("plugins.wrapper", plugin=name)
            hooks[hook] = _by_name(each)
    callers = manager.get_hookcallers(module) or ()
    return MappingProxyType(hooks), tuple(
        sorted(each.name for each in callers if each.name not in HOOKS)
    )


def _by_name(implementation: pluggy.HookImpl) -> Implementation:
    function, names = implementation.function, implementation.argnames

    def call(**arguments: object) -> object:
        return function(*(arguments[name] for name in names))

    return call


def _misfit(name: str, said: str) -> Refused:
    hook = next((each for each in HOOKS if f"{each!r}" in said or each in said), "?")
    code = getattr(hookspecs, hook).__code__ if hook in HOOKS else None
    arguments = ", ".join(code.co_varnames[: code.co_argcount]) if code is not None else "?"
    return Refused("plugins.bad-hook", plugin=name, hook=hook, arguments=arguments)


def _register_files(module: object, scratch: Scratch) -> bool:
    """The ``tasks/*.toml`` of a plugin that is a package; True where there are some."""
    if not ismodule(module) or not hasattr(module, "__path__"):
        return False
    folder = files(module) / "tasks"
    if not folder.is_dir():
        return False
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".toml"))
    for name in names:
        shown = f"{module.__name__}/tasks/{name}"
        scratch.register_task_file(read_source(folder / name, shown), shown)
    return bool(names)
