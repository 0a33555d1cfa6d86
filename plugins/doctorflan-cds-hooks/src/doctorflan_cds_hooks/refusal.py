"""What a caller is told where a request is refused; no word of the request stands in it."""

from __future__ import annotations

from collections.abc import Mapping

from doctorflan_cds_hooks.wording import say
from doctorflan_ls.i18n import Locale


class Refused(Exception):
    """The HTTP ``status`` and words of ``data/words.toml``.

    ``fields`` hold names of this package, numbers and places in the body, never a value of it.
    """

    def __init__(
        self, status: int, key: str, headers: Mapping[str, str] | None = None, **fields: object
    ) -> None:
        super().__init__(key)
        self.status = status
        self.key = key
        self.headers = dict(headers or {})
        self.fields = fields

    def message(self, locale: Locale) -> str:
        """One line: what is wrong, and where."""
        return say(self.key, locale, **self.fields)
