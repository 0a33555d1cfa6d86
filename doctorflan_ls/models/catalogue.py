"""Which models there are, and how one is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from doctorflan_ls.errors import BadRequest, DoctorFlanError, ModelUnavailable
from doctorflan_ls.models.base import Listed, Model, ModelOptions, ModelSpec

if TYPE_CHECKING:
    from doctorflan_ls.plugins import Registry

DEFAULT_MODEL = "skeleton"


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that can be asked for. Added ones have a ``folder``, those of a plugin its name."""

    listed: Listed
    folder: Path | None = None
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A model that cannot be listed: its name, why, and its folder."""

    name: str
    error: DoctorFlanError
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """All there is."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]

    def entry(self, model: str) -> Entry | None:
        """The entry that ``model`` means, which may leave out a plugin's package; None without."""
        ids = {entry.listed.spec.id: entry for entry in self.entries}
        if model in ids:
            return ids[model]
        short = [entry for id_, entry in ids.items() if id_.rpartition("/")[2] == model]
        return short[0] if len(short) == 1 else None


def survey(options: ModelOptions, registry: Registry | None = None) -> Survey:
    """Every model of every source, the first of an id, and what is wrong with the rest.

    ``registry`` has what plugins bring; without one there is none. Reads manifests; loads no model.
    Raises nothing.
    """
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for found in _all(options, registry):
        if isinstance(found, Problem):
            problems.append(found)
            continue
        model = found.listed.spec.id
        if model in entries:
            where = found.plugin or (found.folder.name if found.folder else "")
            clash = ModelUnavailable("models.taken", model=model, where=where)
            problems.append(Problem(model, clash, found.folder))
        else:
            entries[model] = found
    return Survey(tuple(entries.values()), tuple(problems))


def specs(options: ModelOptions, registry: Registry | None = None) -> tuple[ModelSpec, ...]:
    """What they are."""
    return tuple(entry.listed.spec for entry in survey(options, registry).entries)


def load_model(
    model: str, options: ModelOptions, registry: Callable[[], Registry] | None = None
) -> Model:
    """The model with the id ``model``, loaded; ``registry`` is asked where it is not the default.

    Raises BadRequest for an id that is not listed, and ModelUnavailable for one that is broken.
    """
    if model == DEFAULT_MODEL:
        from doctorflan_ls.plugins.registry import builtin_registry  # noqa: PLC0415

        return builtin_registry().models[0].listed.load(options)
    return find(model, options, registry and registry()).listed.load(options)


def find(model: str, options: ModelOptions, registry: Registry | None = None) -> Entry:
    """The entry of ``model``; raises as ``load_model`` does.

    A plugin's model may be called without its package where only one is called so.
    """
    found = survey(options, registry)
    entry = found.entry(model)
    if entry is not None:
        return entry
    for problem in found.problems:
        if problem.name == model:
            raise problem.error
    known = ", ".join(entry.listed.spec.id for entry in found.entries)
    raise BadRequest("engine.unknown-model", model=model, known=known)


def mark(model: str, options: ModelOptions) -> object:
    """Another value once something was added to the models or changed in them; reads no file."""
    if model == DEFAULT_MODEL:
        return None
    from doctorflan_ls.models.folders import store  # noqa: PLC0415

    return store.mark(options)


def _all(options: ModelOptions, registry: Registry | None) -> Iterator[Entry | Problem]:
    if registry is None:
        from doctorflan_ls.plugins.registry import builtin_registry  # noqa: PLC0415

        registry = builtin_registry()
    yield from (Entry(each.listed) for each in registry.models if not each.package)
    yield from _added(options)
    yield from (Entry(each.listed, plugin=each.package) for each in registry.models if each.package)


def _added(options: ModelOptions) -> Iterator[Entry | Problem]:
    from doctorflan_ls.models.folders import store  # noqa: PLC0415

    try:
        for folder in store.model_folders(options):
            try:
                yield Entry(store.folder_model(folder), folder)
            except DoctorFlanError as error:
                yield Problem(folder.name, error, folder)
    except DoctorFlanError as error:
        yield Problem(options.folder, error)
