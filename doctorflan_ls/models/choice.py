"""Which model answers a task in a language, and with what: from the settings ``models.*``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from doctorflan_ls.errors import BadSetting
from doctorflan_ls.i18n import Locale
from doctorflan_ls.models.base import ModelOptions, Sampling
from doctorflan_ls.models.catalogue import DEFAULT_MODEL, survey
from doctorflan_ls.plugins.registry import Registry
from doctorflan_ls.settings import Resolved, Settings
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import short_id

ANY = "*"
_LANGUAGES = ("zh", "en")
_USE = "models.use"


def choose(task: Task, language: Locale, settings: Settings) -> str:
    """The id of the model that the settings name for ``task`` in ``language``.

    The first of ``TASK.LANG``, ``TASK``, ``LANG`` and ``*`` in ``models.use``; `DEFAULT_MODEL`
    where none is set. A plugin's task may be written without its package. The id may be one that no
    catalogue lists.
    """
    use = settings.models.use
    short = short_id(task)
    whole = (f"{task.id}.{language}", task.id, f"{short}.{language}", short)
    for key in (*whole, language, ANY):
        if key in use:
            return use[key]
    return DEFAULT_MODEL


def options(settings: Settings) -> ModelOptions:
    """What the settings let models have."""
    models, network = settings.models, settings.network
    return ModelOptions(
        folder=models.folder,
        threads=models.threads,
        memory_mib=models.memory_mib,
        idle_minutes=models.idle_minutes,
        hosts=network.hosts,
        timeout=network.timeout,
    )


def sampling(settings: Settings) -> Sampling:
    """How the settings let a language model choose its words."""
    models = settings.models
    return Sampling(max_tokens=models.max_tokens, temperature=models.temperature, seed=models.seed)


def checked(resolved: Resolved, registry: Registry) -> Resolved:
    """``resolved`` with a problem for each key and each model of ``models.use`` that is unknown.

    Lists the models only where ``models.use`` names one besides the default.
    """
    found = tuple(_problems(resolved, registry))
    return replace(resolved, problems=(*resolved.problems, *found)) if found else resolved


def _problems(resolved: Resolved, registry: Registry) -> Iterator[BadSetting]:
    use = resolved.settings.models.use
    if not use:
        return
    value = resolved.values[_USE]
    origin = value.origin or value.layer
    tasks = {name for task in registry.tasks for name in (task.id, short_id(task))}
    for key in use:
        if not _known(key, tasks):
            yield BadSetting("choice.unknown-use", setting=f"{_USE}.{key}", origin=origin)
    wanted = set(use.values()) - {DEFAULT_MODEL}
    if not wanted:
        return
    found = survey(options(resolved.settings), registry)
    listed = {model for model in wanted if found.entry(model) is not None}
    known = ", ".join(sorted(entry.listed.spec.id for entry in found.entries))
    # What is wrong with a broken one is said where it is asked.
    for model in sorted(wanted - listed - {problem.name for problem in found.problems}):
        yield BadSetting("choice.unlisted", setting=_USE, origin=origin, model=model, known=known)


def _known(key: str, tasks: set[str]) -> bool:
    if key in (ANY, *_LANGUAGES):
        return True
    task, _, language = key.partition(".")
    return task in tasks and language in ("", *_LANGUAGES)
