"""The checks' options as the settings have them, a hospital's rule files read from disk."""

from __future__ import annotations

import stat
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.overlay import Overlaid, overlaid
from doctorflan_ls.errors import BadSetting
from doctorflan_ls.notes.context import NOTHING, Context

if TYPE_CHECKING:
    from doctorflan_ls.settings import Settings

_MOST_BYTES = 1024 * 1024


def check_options(settings: Settings, context: Context = NOTHING) -> CheckOptions:
    """What the checks are told; ``context`` is what the client told of the note."""
    chosen = settings.checks
    return CheckOptions(
        chief_complaint_max=chosen.chief_complaint_max,
        disabled=frozenset(chosen.disabled),
        consult_hours=chosen.consult_hours,
        table=rules(chosen.rules).table if chosen.rules else None,
        context=context,
    )


def rules(paths: tuple[str, ...]) -> Overlaid:
    """The rules with the files at ``paths`` over them; read again where a file was changed."""
    return _read(tuple((path, _stamp(path)) for path in paths))


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).expanduser().stat()
    except OSError:
        return None
    # Somebody else's folder may hold a pipe, which would never end.
    if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
        return None
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=8)
def _read(stamped: tuple[tuple[str, tuple[int, int] | None], ...]) -> Overlaid:
    texts, problems = {}, []
    for path, stamp in stamped:
        text = None if stamp is None else _text(path)
        if text is None:
            problems.append(BadSetting("rules.unreadable", path=path))
        else:
            texts[path] = text
    made = overlaid(texts)
    return made._replace(problems=(*problems, *made.problems))


def _text(path: str) -> str | None:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
