"""Which models there are, and how one is loaded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from doctorflan_ls.errors import BadRequest, DoctorFlanError, ModelUnavailable
from doctorflan_ls.models.base import Listed, Model, ModelOptions, ModelSpec

DEFAULT_MODEL = "skeleton"

_plugins = threading.Lock()


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that can be asked for. Added ones have a ``folder``, those of a plugin its name."""

    listed: Listed
    folder: Path | None = None
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A model that cannot be listed, or a plugin that failed: its name, why, and its folder."""

    name: str
    error: DoctorFlanError
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """All there is."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]


def survey(options: ModelOptions) -> Survey:
    """Every model of every source, the first of an id, and what is wrong with the rest.

    Reads manifests; loads no model. Raises nothing.
    """
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for found in _all(options):
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


def listed(options: ModelOptions) -> tuple[Listed, ...]:
    """The models that can be asked for; nothing is loaded."""
    return tuple(entry.listed for entry in survey(options).entries)


def specs(options: ModelOptions) -> tuple[ModelSpec, ...]:
    """What they are."""
    return tuple(each.spec for each in listed(options))


def problems(options: ModelOptions) -> tuple[Problem, ...]:
    """The models and plugins that could not be listed, with the reason."""
    return survey(options).problems


def load_model(model: str, options: ModelOptions) -> Model:
    """The model with the id ``model``, loaded.

    Raises BadRequest for an id that is not listed, and ModelUnavailable for one that is broken.
    """
    if model == DEFAULT_MODEL:
        return _skeleton()
    return find(model, options).listed.load(options)


def find(model: str, options: ModelOptions) -> Entry:
    """The entry of ``model``; raises as ``load_model`` does."""
    found = survey(options)
    for entry in found.entries:
        if entry.listed.spec.id == model:
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


def _all(options: ModelOptions) -> Iterator[Entry | Problem]:
    yield Entry(Listed(_skeleton().spec, lambda _options: _skeleton()))
    yield from _added(options)
    # Neither is needed for the skeleton alone, with which the server starts.
    from doctorflan_ls import plugins  # noqa: PLC0415

    # Loaded once, by the first of several threads that list.
    with _plugins:
        brought = plugins.installed()
    for plugin, each in brought.models:
        yield Entry(each, plugin=plugin)
    for failed in brought.problems:
        yield Problem(failed.plugin, failed.error)


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


def _skeleton() -> Model:
    # Imported at the first job: the server's start does not pay for a model nobody asked yet.
    from doctorflan_ls.models.skeleton import SkeletonModel  # noqa: PLC0415

    return SkeletonModel()
