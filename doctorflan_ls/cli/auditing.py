"""What a command records: written at once, and said at the end where that failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from doctorflan_ls.cli.exits import say
from doctorflan_ls.i18n import Locale, message

if TYPE_CHECKING:
    from doctorflan_ls.audit import Event
    from doctorflan_ls.audit.trail import Trail
    from doctorflan_ls.errors import DoctorFlanError
    from doctorflan_ls.settings import Settings


@dataclass
class Audit:
    """The trail of one command; ``trail`` is None where nothing is recorded.

    ``failure`` is why there is none although there should be one.
    """

    trail: Trail | None = None
    user: str = ""
    locale: Locale = "en"
    failure: DoctorFlanError | None = None
    _without: int = 0

    def record(self, event: Event) -> None:
        """Write ``event``; what cannot be written is tried again with the next. Raises nothing."""
        if self.trail is None:
            self._without += 1
            return
        self.trail.add(event, self.user)
        self.failure = self.trail.write()

    def close(self) -> None:
        """Try once more, and say how many events are not in the trail."""
        unwritten = self._without
        if self.trail is not None:
            self.failure = self.trail.write()
            unwritten = self.trail.unwritten
            self.trail.close()
        if self.failure is not None and unwritten:
            reason = self.failure.user_message(self.locale)
            say(message("audit.lost", self.locale, count=unwritten, reason=reason))


def no_audit() -> Audit:
    """Records nothing."""
    return Audit()


def of_settings(settings: Settings, locale: Locale) -> Audit:
    """The trail that the settings choose."""
    from doctorflan_ls.audit.places import AuditFailed, trail_path  # noqa: PLC0415
    from doctorflan_ls.audit.trail import Trail  # noqa: PLC0415

    chosen = settings.audit
    if not chosen.enabled:
        return no_audit()
    try:
        path = trail_path(chosen.path)
    except AuditFailed as failure:
        return Audit(None, chosen.user, locale, failure)
    return Audit(Trail(path), chosen.user, locale)
