"""Errors that a user may read.

Every error of this hierarchy carries a message written for the person at the editor or the
terminal, in both languages, and never any text of a note. Whatever else is raised is an internal
error: the edge (server or command line) reports it by a reference and its type alone.
"""

from __future__ import annotations

from pathlib import PurePath

from doctorflan_ls.i18n import Locale, message, one_line


class DoctorFlanError(Exception):
    """A failure with a message for the user.

    ``key`` names an entry of ``data/messages.toml``; ``fields`` fill its placeholders and must hold
    identifiers, numbers and paths only, never note text.
    """

    def __init__(self, key: str, **fields: object) -> None:
        super().__init__(key)
        self.key = key
        self.fields = fields

    def user_message(self, locale: Locale = "en") -> str:
        """One line: what is wrong, where, and how to mend it."""
        shown = {
            name: one_line(str(value)) if isinstance(value, str | PurePath) else value
            for name, value in self.fields.items()
        }
        return message(self.key, locale, **shown)

    def __str__(self) -> str:
        return self.user_message()


class BadRequest(DoctorFlanError):
    """The caller asked for something that does not exist or does not fit."""


class Stale(DoctorFlanError):
    """The note changed since the thing asked for was made."""


class Cancelled(DoctorFlanError):
    """The job was stopped before it ended."""


class ModelUnavailable(DoctorFlanError):
    """A model cannot be loaded or cannot answer."""


class PluginFailed(DoctorFlanError):
    """A plugin cannot be loaded, or did not do what a hook asks of it."""


class BadSetting(DoctorFlanError):
    """A setting has a wrong name or a wrong value; its default stands."""
