"""The marker lines around a draft that stands in a note: how they are written and read.

A marker is one whole line. Its opening names task and model, so that every reader of the note,
with this server or without, sees that what follows is no record yet.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from doctorflan_ls.i18n import Locale

_OPENING = {"zh": "DoctorFLAN 草稿 待审核", "en": "DoctorFLAN draft, to be reviewed"}
_CLOSING = {"zh": "DoctorFLAN 草稿结束", "en": "DoctorFLAN end of draft"}
_UNSAFE = re.compile(r"[\r\n〔〕｜]+")
_LONGEST_FIELD = 80

LONGEST = 5 * _LONGEST_FIELD
"""No marker line is longer, in code points."""

# Some editors indent what they insert, and Kate leaves the "/" of the request before it: a draft
# that were no draft for that would be read as the record.
_BEFORE = r"(?<![^\r\n])[ \t\u3000]{0,40}[/、／]?"

PATTERN = re.compile(
    rf"{_BEFORE}〔DoctorFLAN (?:"
    rf"(?:草稿 待审核|draft, to be reviewed)｜[^\r\n〔〕｜]{{1,{_LONGEST_FIELD}}}"
    rf"｜(?P<task>[^\r\n〔〕｜]{{1,{_LONGEST_FIELD}}})｜(?P<model>[^\r\n〔〕｜]{{1,{_LONGEST_FIELD}}})"
    r"｜#(?P<opens>[0-9A-Za-z]{1,32})"
    r"|(?:草稿结束|end of draft)｜#(?P<closes>[0-9A-Za-z]{1,32})"
    r")〕[ \t]{0,8}(?:\r\n|\n|\r|\Z)"
)
"""A marker with its line end and with what may stand before it."""


class Marker(NamedTuple):
    """A marker line of a note; ``task`` and ``model`` are empty in a closing one."""

    id: str
    opens: bool
    task: str
    model: str


def opening(language: Locale, title: str, task_id: str, model: str, draft_id: str) -> str:
    """The line before a draft, without its line end. ``model`` is name and version."""
    fields = (title, task_id, model)
    return "〔" + "｜".join((_OPENING[language], *map(_safe, fields), f"#{draft_id}")) + "〕"


def closing(language: Locale, draft_id: str) -> str:
    """The line after a draft, without its line end."""
    return f"〔{_CLOSING[language]}｜#{draft_id}〕"


def marker_of(found: re.Match[str]) -> Marker:
    """What a match of ``PATTERN`` says."""
    if found["opens"] is None:
        return Marker(found["closes"], opens=False, task="", model="")
    return Marker(found["opens"], opens=True, task=found["task"], model=found["model"])


def _safe(field: str) -> str:
    return _UNSAFE.sub(" ", field).strip()[:_LONGEST_FIELD] or "-"
