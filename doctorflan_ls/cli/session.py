"""What all commands of one call share: the options of the group, the language, the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from doctorflan_ls.cli.exits import say
from doctorflan_ls.i18n import Locale, terminal_locale

if TYPE_CHECKING:
    from doctorflan_ls.checks.options import CheckOptions
    from doctorflan_ls.plugins import Plugins, Registry
    from doctorflan_ls.score.model import ScoreTable
    from doctorflan_ls.settings import Resolved, Settings

_MOST_NAMED = 5


@dataclass
class Session:
    """The group's options. Settings are read when first asked for; what is wrong is said once."""

    language: Locale | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    debug: bool = False
    _found: Plugins | None = None

    @classmethod
    def of(cls, ctx: click.Context) -> Session:
        """The session of a context; an empty one before the group's options were read."""
        found = ctx.find_object(cls)
        return found if found is not None else cls(language=terminal_locale())

    def speak(self, language: Locale) -> None:
        """Speak ``language`` from here on: ``--lang`` stood behind the command's name."""
        self.language = language
        self.__dict__.pop("locale", None)

    @cached_property
    def resolved(self) -> Resolved:
        """The settings for the working directory."""
        from doctorflan_ls.settings import load  # noqa: PLC0415  (``--version`` needs none)

        resolved = load(Path.cwd(), overrides=self.overrides)
        if not resolved.settings.models.use:
            return resolved
        from doctorflan_ls.models.choice import checked  # noqa: PLC0415  (reads the models)

        return checked(resolved, self._loaded(resolved.settings).registry)

    @cached_property
    def settings(self) -> Settings:
        """Their values, after what is wrong with them was said on standard error."""
        for problem in self.resolved.problems:
            say(problem.user_message(self.locale))
        return self.resolved.settings

    @cached_property
    def check_options(self) -> CheckOptions:
        """What the checks are told, after what is wrong with the rule files was said."""
        from doctorflan_ls.rulebook import check_options, rules  # noqa: PLC0415

        for problem in rules(self.settings.checks.rules).problems:
            say(problem.user_message(self.locale))
        return check_options(self.settings)

    @cached_property
    def score_tables(self) -> tuple[ScoreTable, ...]:
        """The tables of points, after what is wrong with the chosen one was said."""
        from doctorflan_ls.score.book import score_tables  # noqa: PLC0415

        chosen = score_tables(self.settings.checks.score_table)
        for problem in chosen.problems:
            say(problem.user_message(self.locale))
        return chosen.tables

    @cached_property
    def plugins(self) -> Plugins:
        """The plugins, loaded, after what is wrong with them was said on standard error."""
        from doctorflan_ls.i18n import message  # noqa: PLC0415

        plugins = self.quiet_plugins
        names = [each.name for each in plugins.problems]
        if names:
            shown = ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")
            say(message("plugins.trouble", self.locale, count=len(names), names=shown))
        return plugins

    @property
    def quiet_plugins(self) -> Plugins:
        """The plugins, loaded; nothing is said of what is wrong with them."""
        return self._loaded(self.settings)

    @property
    def registry(self) -> Registry:
        """Everything there is, plugins' too."""
        return self.plugins.registry

    def _loaded(self, settings: Settings) -> Plugins:
        if self._found is None:
            from doctorflan_ls.notes.brought import read_with  # noqa: PLC0415
            from doctorflan_ls.plugins import Plugins, Selection  # noqa: PLC0415
            from doctorflan_ls.plugins.quiet import keep_stdout  # noqa: PLC0415

            keep_stdout()
            chosen = settings.plugins
            self._found = Plugins(Selection(chosen.allow, chosen.folder))
            registry = self._found.load()
            read_with(registry.sections, registry.terms)
        return self._found

    @cached_property
    def locale(self) -> Locale:
        """The language to speak: ``--lang``, the setting, or the terminal's."""
        if self.language is not None:
            return self.language
        chosen = self.resolved.settings.language
        return terminal_locale() if chosen == "auto" else chosen
