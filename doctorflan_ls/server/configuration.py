"""The settings of one connection: what the client sent, what is in force, what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

        problems = self.resolved.problems
        if not self._sent:
            return problems
        # Some editors send one table both ways and can mend only one of them while they run.
        return tuple(each for each in problems if each.fields.get("origin") != OPTIONS)

    def reload(self) -> Resolved:
        """Read all layers afresh and tell the user what is newly wrong."""
        from doctorflan_ls.settings import load  # noqa: PLC0415  # starts faster

        host = self._connection.host
        resolved = load(
            self._root(),
            self._sent,
            host.options.overrides,
            options=self.options,
            shared=host.shared,
        )
        if resolved.settings.models.use:
            from doctorflan_ls.models.choice import checked  # noqa: PLC0415  # starts faster

            resolved = checked(resolved)
        self._resolved = resolved
        chosen = resolved.settings.language
        self._connection.locale = self.editor_locale if chosen == "auto" else chosen
        for text in self._news():
            self._connection.show("warning", text)
        return resolved

    @property
    def _sent(self) -> object:
        # Asked for our section, some editors answer nothing where the user left its name out.
        return self.pulled or self.pushed

    def _news(self) -> Iterator[str]:
        """A message for each problem that was not there before."""
        problems = {_cause(each): each for each in self.problems}
        fresh = [problem for cause, problem in problems.items() if cause not in self._told]
        self._told = set(problems)
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
        return Path(path) if path else None


def _cause(problem: BadSetting) -> tuple[object, ...]:
    """The same mistake, whichever way the client sent it."""
    fields = problem.fields
    return problem.key, fields.get("setting") or fields.get("path")
