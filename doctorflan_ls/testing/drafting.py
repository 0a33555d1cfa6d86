"""A draft with the plugins' context, amendments and checks; where a model fails, no other does."""

from __future__ import annotations

from contextlib import closing

from doctorflan_ls.audit import draft_event
from doctorflan_ls.drafts import Draft
from doctorflan_ls.engine import Engine, Job
from doctorflan_ls.grounding import grounded
from doctorflan_ls.i18n import Locale
from doctorflan_ls.models.base import Model, ModelOptions
from doctorflan_ls.models.catalogue import DEFAULT_MODEL, load_model
from doctorflan_ls.models.language import LanguageModel
from doctorflan_ls.notes.note import Note
from doctorflan_ls.plugins import Plugins
from doctorflan_ls.plugins.hooks import examined, prepared, record
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.testing.models import QueueModel
from doctorflan_ls.text import Span

_SECONDS = 60.0


def draft(  # noqa: PLR0913  (what a test may choose)
    plugins: Plugins,
    task: str,
    note: Note,
    *,
    span: Span | None = None,
    language: Locale | None = None,
    model: str | QueueModel = DEFAULT_MODEL,
) -> Draft:
    """The draft of ``task`` for ``span`` of ``note`` by ``model``, a model's id or a queue.

    Raises the DoctorFlanError that it failed with.
    """
    registry = plugins.load()
    whole = span or Span(0, len(note.text))
    asked = Prompt(get_task(task, registry.tasks), note, whole, language or note.language)
    prompt = prepared(plugins, asked)
    queued = model if isinstance(model, QueueModel) else None
    name = queued.spec.id if queued is not None else str(model)

    def load(wanted: str, options: ModelOptions) -> Model:
        if queued is not None:
            return LanguageModel(queued)
        return load_model(wanted, options, plugins.load)

    with closing(Engine(load)) as engine:
        made = engine.run_sync(Job("test", prompt, name, deadline=_SECONDS))
    if made.state == "ready":
        made = grounded(examined(plugins, prompt, made), note)
    record(plugins, draft_event(made))
    if made.failure is not None:
        raise made.failure
    return made
