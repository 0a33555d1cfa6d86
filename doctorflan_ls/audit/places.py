"""Where the trail lies."""

from __future__ import annotations

from pathlib import Path

from doctorflan_ls.errors import DoctorFlanError

NAME = "audit.sqlite3"


class AuditFailed(DoctorFlanError):
    """The audit trail cannot be written or read."""


def trail_path(chosen: str = "") -> Path:
    """The file that the setting ``audit.path`` names, else the one in the user's state folder.

    Raises AuditFailed where that is no absolute path: an editor starts servers anywhere.
    """
    if chosen:
        path = Path(chosen)
        try:
            path = path.expanduser()
        except RuntimeError:
            raise AuditFailed("audit.no-place", path=chosen) from None
    else:
        from platformdirs import user_state_path  # noqa: PLC0415  (where no path is set)

        path = user_state_path("doctorflan-ls", appauthor=False) / NAME
    if not path.is_absolute():
        # A user without a home has a state folder "~/...", which is none.
        raise AuditFailed("audit.no-place", path=path)
    return path


def heads_path(path: Path) -> Path:
    """The file of heads beside the trail ``path``."""
    return path.with_name(f"{path.name}.heads")
