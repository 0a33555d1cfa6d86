"""Which model answers on the command line: the options of ``draft`` and ``demo``, the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from doctorflan_ls.audit import draft_event
from doctorflan_ls.cli.auditing import Audit, no_audit, of_settings
from doctorflan_ls.cli.exits import say
from doctorflan_ls.cli.opened import Opened
from doctorflan_ls.cli.session import Session
from doctorflan_ls.drafts import Draft
from doctorflan_ls.engine import Engine, Job
from doctorflan_ls.grounding import grounded
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.models import choice
from doctorflan_ls.models.catalogue import DEFAULT_MODEL, load_model, specs
from doctorflan_ls.plugins import Plugins, no_plugins
from doctorflan_ls.plugins.hooks import examined, prepared, record
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.settings import Settings
from doctorflan_ls.tasks.model import Task

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Answering:
    """How drafts are made: by ``model`` and no other, or by the settings' choice.

    ``sampling`` are the fields of `Sampling` that the command line sets.
    """

    settings: Settings = field(default_factory=Settings)
    model: str | None = None
    sampling: Mapping[str, float] = field(default_factory=dict)
    locale: Locale = "en"
    plugins: Plugins = field(default_factory=no_plugins)
    audit: Audit = field(default_factory=no_audit)

    def record(self, draft: Draft) -> None:
        """Tell the audit trail and the plugins that ``draft`` was made or failed."""
        event = draft_event(draft)
        self.audit.record(event)
        record(self.plugins, event)

    def job(self, prompt: Prompt) -> Job:
        """The job of a prompt."""
        settings = self.settings
        changes: dict[str, Any] = dict(self.sampling)
        return Job(
            prompt.task.id,
            prompt,
            self.model or choice.choose(prompt.task, prompt.language, settings),
            sampling=replace(choice.sampling(settings), **changes),
            options=choice.options(settings),
        )


def answering(
    session: Session,
    model: str | None,
    max_tokens: int | None,
    temperature: float | None,
    seed: int | None,
) -> Answering:
    """What the options of `model_options` and the settings say."""
    given = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
    sampling = {name: value for name, value in given.items() if value is not None}
    settings = session.settings
    audit = of_settings(settings, session.locale)
    return Answering(settings, model, sampling, session.locale, session.plugins, audit)


def model_options(command: _Command) -> _Command:
    """The options ``--model``, ``--max-tokens``, ``--temperature`` and ``--seed``."""
    for option in (
        click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Of its random choices."),
        click.option(
            "--temperature", type=click.FloatRange(0, 2), help="How freely it chooses its words."
        ),
        click.option("--max-tokens", type=click.IntRange(1), help="Most tokens of one draft."),
        click.option(
            "--model",
            metavar="ID",
            shell_complete=_model_ids,
            help="The model that answers (`models list`), by default the settings' choice.",
        ),
    ):
        command = option(command)
    return command


def make_drafts(
    opened: Opened,
    tasks: Sequence[Task],
    language: Locale,
    how: Answering | None = None,
    on_draft: Callable[[Draft], None] | None = None,
) -> Iterator[Draft]:
    """One draft for each task, from one engine: what a model read of the note serves all tasks.

    ``on_draft`` sees each draft grow. Where the settings' model fails the skeleton answers and the
    reason is said once. Raises the DoctorFlanError that stopped a draft.
    """
    how = how or Answering()
    told: set[str] = set()
    with closing(how.audit), _engine(how.plugins) as engine:
        for task in tasks:
            prompt = prepared(how.plugins, Prompt(task, opened.note, opened.whole, language))
            job = how.job(prompt)
            draft = engine.run_sync(job, on_draft)
            if draft.failure is not None and on_draft is not None:
                on_draft(draft)
            if draft.failure is not None and how.model is None and job.model != DEFAULT_MODEL:
                how.record(draft)
                if draft.failure.key not in told:
                    told.add(draft.failure.key)
                    reason = draft.failure.user_message(how.locale)
                    say(message("engine.fallback", how.locale, reason=reason))
                draft = engine.run_sync(replace(job, model=DEFAULT_MODEL), on_draft)
            if draft.state == "ready":
                draft = examined(how.plugins, prompt, draft)
                draft = grounded(draft, opened.note, how.settings.checks.disabled)
            how.record(draft)
            _say_failures(how, told)
            if draft.failure is not None:
                raise draft.failure
            yield draft


def _say_failures(how: Answering, told: set[str]) -> None:
    """Say once for each plugin why it has no part in the draft."""
    for plugin in how.plugins.plugins:
        failure = plugin.caller.failure
        if plugin.state == "loaded" and failure is not None and plugin.name not in told:
            told.add(plugin.name)
            say(failure.user_message(how.locale))


@contextmanager
def _engine(plugins: Plugins) -> Iterator[Engine]:
    engine = Engine(lambda model, options: load_model(model, options, plugins.load))
    try:
        yield engine
    finally:
        engine.close()


def _model_ids(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    session = Session.of(ctx)
    options = choice.options(session.resolved.settings)
    return [
        CompletionItem(spec.id, help=f"{spec.version} {' '.join(spec.languages)}")
        for spec in specs(options, session.registry)
        if spec.id.startswith(incomplete)
    ]
