"""doctorflan/status, doctorflan/tasks and doctorflan/analysis, for clients' own panels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from doctorflan_ls.features.status import Running
    from doctorflan_ls.i18n import Locale
    from doctorflan_ls.models.base import ModelOptions
    from doctorflan_ls.models.catalogue import Survey
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params
    from doctorflan_ls.tasks.model import Task


async def status(ls: Connection, params: Params) -> Json:  # noqa: ARG001
    """The server, its models and what is open (schemas/protocol/status.json)."""
    from doctorflan_ls.features import status as feature  # noqa: PLC0415
    from doctorflan_ls.models import choice  # noqa: PLC0415
    from doctorflan_ls.models.catalogue import survey  # noqa: PLC0415
    from doctorflan_ls.server import plugged  # noqa: PLC0415
    from doctorflan_ls.server.background import in_thread  # noqa: PLC0415

    await ls.configuration.settled()
    options = choice.options(ls.configuration.settings)
    registry = await plugged.loaded(ls)
    found = await in_thread(lambda: survey(options, registry))
    models = [entry.listed.spec for entry in found.entries]
    broken = {each.name: each.error.user_message(ls.locale) for each in found.problems}
    return {
        **feature.status(models, _running(ls, found, options), broken, options.hosts),
        "plugins": plugged.rows(ls),
        "settings": _settings(ls),
        "locale": ls.locale,
        "documents": len(ls.documents),
    }


def _running(ls: Connection, found: Survey, options: ModelOptions) -> dict[str, Running]:
    """The models of this connection's options, and the skeleton, which has none."""
    from doctorflan_ls.features.status import Running  # noqa: PLC0415
    from doctorflan_ls.models.catalogue import DEFAULT_MODEL  # noqa: PLC0415

    entries = {each.model: found.entry(each.model) for each in ls.host.model_status()}
    # A plugin's model may have been asked for without its package's name.
    names = {name: each.listed.spec.id for name, each in entries.items() if each is not None}
    return {
        names.get(each.model, each.model): Running(
            each.state,
            each.waiting,
            each.hung,
            each.load_seconds,
            "" if each.failure is None else each.failure.user_message(ls.locale),
        )
        for each in ls.host.model_status()
        if each.model == DEFAULT_MODEL or each.options == options
    }


def _settings(ls: Connection) -> Json:
    configuration = ls.configuration
    values = configuration.resolved.values
    return {
        "values": {
            key: {
                "value": dict(each.value) if isinstance(each.value, Mapping) else each.value,
                "source": each.layer,
                "origin": each.origin,
            }
            for key, each in values.items()
        },
        "problems": [each.user_message(ls.locale) for each in configuration.problems],
    }


async def analysis(ls: Connection, params: Params) -> Json:
    """What the note is read into, or a part of it (schemas/protocol/analysis.json)."""
    from doctorflan_ls.errors import Stale  # noqa: PLC0415
    from doctorflan_ls.features import analysis as feature  # noqa: PLC0415
    from doctorflan_ls.server import plugged  # noqa: PLC0415

    document = ls.document(params.uri())
    text = document.text
    brought = await plugged.findings(ls, document)
    if not ls.still(document, text):
        raise Stale("server.stale-draft")
    chosen = params.range("range") if params.has("range") else None
    span = None if chosen is None else ls.places(document).span(chosen)
    found = feature.analysis(ls.snapshot(document, brought=brought), span)
    return {"version": document.version, "analysis": found}


async def tasks(ls: Connection, params: Params) -> Json:
    """All tasks, or those that fit a range of a document (schemas/protocol/tasks.json)."""
    from doctorflan_ls.server import plugged  # noqa: PLC0415
    from doctorflan_ls.tasks.registry import fitting  # noqa: PLC0415

    chosen = (await plugged.loaded(ls)).tasks
    if params.has("textDocument"):
        document = ls.document(params.uri())
        note = document.note
        places = ls.places(document)
        span = (
            places.span(params.range("range")) if params.has("range") else Span(0, len(note.text))
        )
        chosen = fitting(note, span, chosen)
    names = ls.configuration.settings.tasks.categories
    return {"tasks": [_task(task, names, ls.locale) for task in chosen]}


def _task(task: Task, names: Mapping[str, str], locale: Locale) -> Json:
    confirmed = task.origin == "assumed" and task.id in names
    return {
        "id": task.id,
        "category": names.get(task.id, task.category),
        "origin": "confirmed" if confirmed else task.origin,
        "phase": task.phase,
        "title": task.title.in_(locale),
        "description": task.description.in_(locale),
    }
