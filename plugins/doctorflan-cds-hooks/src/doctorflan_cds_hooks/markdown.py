"""Words of a note as Markdown that shows them as they stand.

A note or a model may have written a link, an image or HTML. What a client renders must hold none of
it, so whatever means something in GitHub Flavored Markdown is escaped; clients that show the source
see the same words with some backslashes.
"""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[\\`*_\[\]<>&~|#$]")
# What starts a list, a rule or a heading underlined.
_LEADING = re.compile(r"^([-+=])|^(\d{1,9})([.)])")
# What clients make a link of by themselves: https:, //, www., example.org, mail.
_LINKED = re.compile(r"(?<=[A-Za-z]):(?=[/A-Za-z0-9])|(?<=/)/|(?<=\S)\.(?=[^\W\d_])|@")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def escaped(text: str) -> str:
    """``text`` on one line."""
    line = _CONTROL.sub("\ufffd", " ".join(text.split()))
    line = _SPECIAL.sub(lambda found: "\\" + found[0], line)
    line = _LINKED.sub(lambda found: "\\" + found[0], line)
    return _LEADING.sub(_escaped_lead, line)


def escaped_lines(text: str) -> str:
    """``text`` with its lines kept: a line end is written as two blanks and a line end."""
    lines = [escaped(line) for line in text.splitlines()]
    return "  \n".join(line for line in lines if line)


def one_line(text: str, most: int) -> str:
    """``text`` on one line of plain text, of at most ``most`` characters."""
    line = _CONTROL.sub("\ufffd", " ".join(text.split()))
    return line if len(line) <= most else line[: most - 1] + "…"


def _escaped_lead(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}"
