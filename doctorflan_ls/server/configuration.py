"""The settings of one connection: what the client sent, what is in force, what is wrong with it."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Iterator
    from pathlib import Path

    from doctorflan_ls.errors import BadSetting
    from doctorflan_ls.i18n import Locale
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.settings import Resolved, Settings

# More pop-ups than this at once help nobody; ``doctorflan/status`` lists them all.
_MOST_SHOWN = 5


class Configuration:
    """Reads no file and imports no setting before somebody needs one.

    ``options`` is the client's ``initializationOptions``, ``pushed`` what it sent in
    ``workspace/didChangeConfiguration``, ``pulled`` its answer to ``workspace/configuration``.
    ``question`` is the latest such request: an answer to an earlier one is out of date.
    ``editor_locale`` is the language to speak where the settings choose none.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._resolved: Resolved | None = None
        self._told: set[tuple[object, ...]] = set()
        self._listing: Task[None] | None = None
        self.root_uri: str | None = None
        self.editor_locale: Locale = "en"
        self.options: object = None
        self.pushed: object = None
        self.pulled: object = None
        self.question: object = None

    @property
    def resolved(self) -> Resolved:
        """What is in force, with the origin of each value."""
        return self._resolved if self._resolved is not None else self.reload()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.resolved.settings

    @property
    def problems(self) -> tuple[BadSetting, ...]:
        """What is wrong now."""
        from doctorflan_ls.settings import OPTIONS  # noqa: PLC0415  # starts faster

        problems = (*self.resolved.problems, *self._of_rules())
        if not self._sent:
            return problems
        # Some editors send one table both ways and can mend only one of them while they run.
        return tuple(each for each in problems if each.fields.get("origin") != OPTIONS)

    def _of_rules(self) -> tuple[BadSetting, ...]:
        paths = self.resolved.settings.checks.rules
        if not paths:
            return ()
        from doctorflan_ls.rulebook import rules  # noqa: PLC0415  # starts faster

        return rules(paths).problems

    def reload(self) -> Resolved:
        """Read all layers afresh and tell the user what is newly wrong.

        Whether the models that they name exist is looked up beside, see ``settled``.
        """
        from doctorflan_ls.settings import load  # noqa: PLC0415  # starts faster

        host = self._connection.host
        resolved = load(
            self._root(),
            self._sent,
            host.options.overrides,
            options=self.options,
            shared=host.shared,
        )
        before, self._resolved = self._resolved, resolved
        chosen = resolved.settings.language
        self._connection.locale = self.editor_locale if chosen == "auto" else chosen
        if before is not None and before.settings != resolved.settings:
            self._connection.publisher.refresh()
        self._tell_of_plugins(resolved)
        names_models = bool(resolved.settings.models.use)
        self._tell(all_known=not names_models)
        self._listing = None
        if names_models:
            import asyncio  # noqa: PLC0415  # starts faster

            self._listing = asyncio.get_running_loop().create_task(self._look_up(resolved))
        return resolved

    def _tell_of_plugins(self, resolved: Resolved) -> None:
        """Plugins are chosen once for the process: a later choice needs a new one."""
        connection = self._connection
        chosen = connection.host.chosen_plugins
        if chosen is not None:
            from doctorflan_ls.server.plugged import selection  # noqa: PLC0415  # starts faster

            if selection(resolved.settings) != chosen.selection:
                connection.tell_once("info", "plugins.restart", connection.say("plugins.restart"))

    async def answered(self, seconds: float) -> None:
        """Wait until the editor has answered what it was asked, ``seconds`` at the most."""
        question = self.question
        if isinstance(question, Future) and not question.done():
            import asyncio  # noqa: PLC0415  # starts faster

            await asyncio.wait((asyncio.wrap_future(question),), timeout=seconds)

    async def settled(self) -> Resolved:
        """What is in force, once all that is wrong with it is known."""
        resolved = self.resolved
        while (listing := self._listing) is not None and not listing.done():
            await listing
            resolved = self.resolved
        return resolved

    async def _look_up(self, resolved: Resolved) -> None:
        from doctorflan_ls.models.choice import checked  # noqa: PLC0415  # starts faster
        from doctorflan_ls.server.background import in_thread  # noqa: PLC0415  # starts faster
        from doctorflan_ls.server.plugged import loaded  # noqa: PLC0415  # starts faster

        registry = await loaded(self._connection)
        found = await in_thread(lambda: checked(resolved, registry))
        if self._resolved is resolved:
            self._resolved = found
            self._tell()

    def _tell(self, *, all_known: bool = True) -> None:
        for text in self._news(all_known=all_known):
            self._connection.show("warning", text)

    @property
    def _sent(self) -> object:
        # Asked for our section, some editors answer nothing where the user left its name out.
        return self.pulled or self.pushed

    def _news(self, *, all_known: bool) -> Iterator[str]:
        """A message for each problem that was not there before.

        Where not ``all_known`` yet, what was told before may still be so.
        """
        problems = {_cause(each): each for each in self.problems}
        fresh = [problem for cause, problem in problems.items() if cause not in self._told]
        self._told = set(problems) if all_known else self._told | set(problems)
        for problem in fresh[:_MOST_SHOWN]:
            yield problem.user_message(self._connection.locale)
        if len(fresh) > _MOST_SHOWN:
            yield self._connection.say("settings.more", count=len(fresh) - _MOST_SHOWN)

    def _root(self) -> Path | None:
        from pathlib import Path  # noqa: PLC0415  # starts faster

        from pygls.uris import to_fs_path  # noqa: PLC0415  # starts faster

        try:
            path = to_fs_path(self.root_uri or "")
        except ValueError:
            return None
        if self._connection.host.shared and path and path.startswith(("//", "\\\\")):
            # To look there Windows would log in at that machine with this user's name.
            return None
        return Path(path) if path else None


def _cause(problem: BadSetting) -> tuple[object, ...]:
    """The same mistake, whichever way the client sent it."""
    fields = problem.fields
    return problem.key, fields.get("setting") or fields.get("path")
